"""When a call of a remote model is made again: only while nothing has come, and within its time."""

import logging
from typing import Any

from tenacity import (
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from rag.errors import ProviderUnavailable, RateLimited

_BACKOFF = wait_random_exponential(multiplier=0.25, max=4)  # seconds, anything up to a doubling top

_log = logging.getLogger("pincite.llm")


def retry_policy(seconds: float, retries: int) -> dict[str, Any]:
    """Arguments of tenacity's `Retrying` and `AsyncRetrying`.

    A call is made again `retries` times at most, after a random wait that doubles or the one that
    the server asks for, unless `seconds` would be over by then. The last error is raised.
    """
    return {
        "retry": retry_if_exception_type((RateLimited, ProviderUnavailable)),
        "wait": _wait,
        "stop": stop_after_attempt(retries + 1) | stop_before_delay(seconds),
        "before_sleep": _log_retry,
        "reraise": True,
    }


def _wait(state: RetryCallState) -> float:
    error = _error(state)
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return max(asked or 0.0, _BACKOFF(state))


def _log_retry(state: RetryCallState) -> None:
    _log.warning("Asking again in %.1f s: %s", state.upcoming_sleep, _error(state))


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
