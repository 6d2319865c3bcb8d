"""What the SDKs of remote models raise -> our errors, in words that an operator can act on.

What a server writes in its errors may repeat a key, so it is looked through and cut short, and the
errors of the SDKs, which hold whole requests, are not kept as causes.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from pydantic import SecretStr

from rag.errors import (
    MalformedCompletion,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)

_QUOTED = 200  # characters of a server's own words that a message repeats
_PASSING = {408, 409, 425}  # refusals that the same request may not meet again
_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|key|xai|hf|AIza)[-_][\w*.-]{6,}|(?i:\bbearer\s+)[\w*.~+/=-]+")
_TRANSPORT = {"httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "anyio", "h11"}


def fault_of(
    error: Exception, place: str, secrets: Iterable[str] = (), *, of: str = "LLM"
) -> ProviderError:
    """Our error for what an SDK raised while it asked the model at `place`.

    It repeats none of the `secrets`, and names settings `PINCITE_<of>_...`.
    """
    if isinstance(error, ProviderError):
        return error
    kind = next((_KINDS[holds] for holds in _KINDS if holds(error)), ProviderError)
    status = status_of(error)
    said = _said(error, secrets)
    if kind is RateLimited:
        message = f"{place} takes no more requests for now: {said}"
        return RateLimited(message, retry_after=_retry_after(error))
    with_status = "" if status is None else f" with status {status}"
    messages = {
        ProviderTimeout: f"{place} did not answer in time. Raise PINCITE_LLM_SECONDS.",
        ProviderUnavailable: f"{place} failed{with_status}: {said}",
        ProviderRejected: f"{place} refused the request{with_status}: {said}{_advice(error, of)}",
        MalformedCompletion: f"{place} sent what can not be read ({type(error).__name__}): {said} "
        "Check that its URL is that of an OpenAI-compatible endpoint; mostly it ends in /v1.",
        ProviderError: f"{place} could not be asked ({type(error).__name__}): {said}",
    }
    return kind(messages[kind])


def status_of(error: Exception) -> int | None:
    """The HTTP status that an SDK's error carries."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def refusal(error: Exception) -> str:
    """What a server wrote when it refused a parameter; empty for any other error."""
    return str(error) if status_of(error) in (400, 422) else ""


def secrets_of(model: object) -> Iterator[str]:
    """The keys that a model of LangChain holds."""
    for value in vars(model).values():
        # A shorter one is the "none" or "x" that a server without keys is given.
        if isinstance(value, SecretStr) and len(value.get_secret_value()) >= 8:
            yield value.get_secret_value()


def _timed_out(error: Exception) -> bool:
    named = "Timeout" in type(error).__name__
    return named or isinstance(error, (TimeoutError, ModelTimeoutError))


def _has_no_credit(error: Exception) -> bool:
    return _code(error) == "insufficient_quota"


def _is_limited(error: Exception) -> bool:
    limited = status_of(error) == 429 or "rate_limit" in _code(error)
    return limited or isinstance(error, ModelRateLimitError)


def _is_too_long(error: Exception) -> bool:
    of_llama_cpp = _field(error, "type") == "exceed_context_size_error"
    return (
        of_llama_cpp or isinstance(error, ContextOverflowError) or "context_length" in _code(error)
    )


def _failed(error: Exception) -> bool:
    status = status_of(error)
    if status is not None:
        return status >= 500 or status in _PASSING
    # An event in mid-stream that is an error has OpenAI's fields and no status.
    told = _field(error, "message") is not None
    return told or _is_unconnected(error) or isinstance(error, ModelAPIError)


def _is_unconnected(error: Exception) -> bool:
    of_transport = type(error).__module__.partition(".")[0] in _TRANSPORT
    named = type(error).__name__ == "APIConnectionError"  # of the SDKs of OpenAI and Anthropic
    return of_transport or named or isinstance(error, (ModelConnectionError, OSError))


def _is_refused(error: Exception) -> bool:
    return status_of(error) is not None or isinstance(error, ModelError)


def _is_malformed(error: Exception) -> bool:
    return isinstance(error, (ValueError, TypeError, LookupError, AttributeError))


_KINDS: dict[Callable[[Exception], bool], type[ProviderError]] = {
    _timed_out: ProviderTimeout,
    _has_no_credit: ProviderRejected,
    _is_limited: RateLimited,
    _is_too_long: ProviderRejected,
    _failed: ProviderUnavailable,
    _is_refused: ProviderRejected,
    _is_malformed: MalformedCompletion,
}


def _advice(error: Exception, of: str) -> str:
    status = status_of(error)
    auth = (ModelAuthenticationError, ModelPermissionDeniedError)
    if status in (401, 403) or isinstance(error, auth):
        return f" Check PINCITE_{of}_API_KEY."
    if status == 404:
        return f" Check PINCITE_{of}_BASE_URL and PINCITE_{of}_MODEL."
    if _is_too_long(error):
        return " Lower PINCITE_PASSAGE_TOKENS, or choose a model that reads more."
    return ""


def _code(error: Exception) -> str:
    return _field(error, "code") or ""


def _field(error: Exception, name: str) -> str | None:
    """A field of the error object that is answered with, as OpenAI and Anthropic have it."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    value = inner.get(name) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else None


def _said(error: Exception, secrets: Iterable[str]) -> str:
    said = _field(error, "message") or str(error)
    if _is_unconnected(error):  # the SDKs' words are always the same
        said = _innermost(error)
    for secret in secrets:
        said = said.replace(secret, "***")
    said = " ".join(_KEY.sub("***", said).split())
    said = said if len(said) <= _QUOTED else f"{said[:_QUOTED]}..."
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _innermost(error: BaseException) -> str:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return f"{type(error).__name__}: {error}"


def retry_after_seconds(value: str | None) -> float | None:
    """What a header `Retry-After` says, in seconds or as a date (RFC 9110); None for neither."""
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date either, or one without a zone
        return None


def _retry_after(error: Exception) -> float | None:
    """Seconds, from `retry-after-ms` or from `Retry-After`."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return seconds / 1000
    return retry_after_seconds(headers.get("retry-after"))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "nan")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
