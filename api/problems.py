"""Errors as problem details (RFC 9457), each kind with a `type` that stays the same.

On the routes that OpenAI's clients call they are in OpenAI's shape.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.errors import AnswerStopped, KeyReused, SummaryFailed
from api.job import NotNow
from api.models import UnknownModel
from api.schemas import Problem
from corpus.errors import (
    Damaged,
    EmptyDocument,
    Encrypted,
    ExpandsTooMuch,
    IncompatibleData,
    IndexIncomplete,
    IndexUnreachable,
    InvalidRequest,
    NameTaken,
    NoText,
    NotFound,
    NotUtf8,
    ParserCrashed,
    TooLarge,
    TooManyPages,
    TooMuchMemory,
    TooSlow,
    UnderWay,
    UnknownType,
    UnreadableDocument,
)
from rag.errors import (
    EmptyCompletion,
    MalformedCompletion,
    OverlongCompletion,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem; `slug` ends its type."""

    status: int
    slug: str
    title: str


INVALID = Kind(422, "invalid-request", "The request can not be met")
MALFORMED = Kind(400, "malformed-json", "The body is not JSON")
TOO_LARGE = Kind(413, "too-large", "Too large")
UNEXPECTED = Kind(500, "internal-error", "Something went wrong here")
NOT_READY = Kind(503, "not-ready", "Not ready")

KINDS: Mapping[type[Exception], Kind] = {
    EmptyDocument: Kind(422, "empty-document", "The document is empty"),
    UnknownType: Kind(415, "unknown-type", "The type of the document is not read"),
    NotUtf8: Kind(422, "not-utf8", "The document is not UTF-8 text"),
    NoText: Kind(422, "no-text", "The document has pictures and no text"),
    Encrypted: Kind(422, "encrypted", "The document is locked"),
    Damaged: Kind(422, "damaged", "The document is damaged"),
    TooLarge: TOO_LARGE,
    TooManyPages: Kind(413, "too-many-pages", "The document has too many pages"),
    ExpandsTooMuch: Kind(413, "expands-too-much", "Too much is packed in the document"),
    TooSlow: Kind(422, "too-slow", "Reading the document took too long"),
    TooMuchMemory: Kind(422, "too-much-memory", "Reading the document took too much memory"),
    ParserCrashed: Kind(422, "parser-crashed", "Reading the document failed"),
    UnreadableDocument: Kind(422, "unreadable-document", "The document can not be read"),
    InvalidRequest: INVALID,
    NotFound: Kind(404, "not-found", "Not found"),
    NameTaken: Kind(409, "name-taken", "The name is another one's"),
    UnderWay: Kind(409, "under-way", "It is being done already"),
    IndexUnreachable: Kind(503, "index-unreachable", "The vector index does not answer"),
    IndexIncomplete: Kind(503, "index-incomplete", "The vectors are being made"),
    IncompatibleData: Kind(500, "incompatible-data", "The vectors are of another model"),
    ProviderError: Kind(502, "model-failed", "The model could not be asked"),
    ProviderTimeout: Kind(504, "model-timeout", "The model did not answer in time"),
    RateLimited: Kind(429, "model-rate-limited", "The model takes no more requests for now"),
    ProviderRejected: Kind(502, "model-rejected", "The model refused the request"),
    ProviderUnavailable: Kind(503, "model-unavailable", "The model failed"),
    MalformedCompletion: Kind(502, "model-malformed", "The model's answer can not be read"),
    EmptyCompletion: Kind(502, "model-empty", "The model's answer is empty"),
    OverlongCompletion: Kind(502, "model-overlong", "The model's answer does not end"),
    NotNow: Kind(409, "not-now", "Not in this state"),
    KeyReused: Kind(422, "idempotency-key-reused", "The idempotency key is another request's"),
    AnswerStopped: Kind(503, "answer-stopped", "The answer was stopped"),
    SummaryFailed: Kind(502, "summary-failed", "The summary was not made"),
    UnknownModel: Kind(404, "model-not-found", "There is no such model"),
}

_OF_STATUS: Mapping[int, Kind] = {
    400: Kind(400, "bad-request", "The request can not be read"),
    404: Kind(404, "no-such-route", "No such route"),
    405: Kind(405, "method-not-allowed", "Method not allowed"),
    413: TOO_LARGE,
    415: Kind(415, "unsupported-body", "The body is of a type that this route does not read"),
}

# What OpenAI calls errors, by status; others of 400 and over are the request's.
_OPENAI_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}

_QUOTED = 80  # characters of a bad value that a detail repeats


def install(app: FastAPI) -> None:
    """Answer every error of `app` that a client can mend as a problem."""
    for error in KINDS:
        app.add_exception_handler(error, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _nobody)


def problem(kind: Kind, detail: str, request_id: str | None = None) -> Problem:
    """A problem of this kind."""
    return Problem(
        type=f"urn:pincite:problem:{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=detail.encode("utf-8", "backslashreplace").decode(),
        request_id=request_id,
    )


def problem_of(error: UnreadableDocument, request_id: str | None = None) -> Problem:
    """The problem that an unreadable document is."""
    return problem(kind_of(error), str(error), request_id)


def kind_of(error: Exception) -> Kind:
    """The kind of the nearest class of `error` that has one."""
    return next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), UNEXPECTED)


def problem_in_stream(request: Request, error: Exception) -> Problem:
    """The problem that ends a response which has begun; what nobody foresaw is logged."""
    request_id = request_id_of(request)
    kind = kind_of(error)
    if kind is UNEXPECTED:
        logger.error("%s failed (%s)", request.url.path, request_id, exc_info=error)
        return problem(kind, unexpected_detail(request_id), request_id)
    return problem(kind, str(error), request_id)


def unexpected_detail(request_id: str | None) -> str:
    """What is said of an error that nobody foresaw: where it can be looked up, and no more."""
    return f"The request failed through no fault of yours. The log has it as {request_id}."


def openai_error(found: Problem, param: str | None = None) -> dict[str, Any]:
    """A problem in OpenAI's shape; `param` is the field of the request that is wrong."""
    kind = "server_error" if found.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": found.detail,
            "type": _OPENAI_TYPES.get(found.status, kind),
            "param": param,
            "code": found.type.rpartition(":")[2].replace("-", "_"),
        }
    }


def respond(
    found: Problem,
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "",
    param: str | None = None,
) -> JSONResponse:
    """A response that carries a problem: in the shape of whose clients ask at `path`."""
    if _is_openais(path):
        status = 400 if found.status == INVALID.status else found.status  # it knows no 422
        return JSONResponse(openai_error(found, param), status, headers=dict(headers or {}))
    return JSONResponse(
        found.model_dump(),
        found.status,
        headers=dict(headers or {}),
        media_type="application/problem+json",
    )


def request_id_of(request: Request) -> str | None:
    """The id that this request was given."""
    given = request.scope.get("state", {}).get("request_id")
    return given if isinstance(given, str) else None


def invalid_detail(errors: Sequence[Mapping[str, Any]]) -> str:
    """One sentence for each error of pydantic, naming the field and its value."""
    return " ".join(_sentence(error) for error in errors)


def _is_openais(path: str) -> bool:
    return f"{path}/".startswith(("/v1/models/", "/v1/chat/")) and path != "/v1/chat/ui"


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    found = problem(kind_of(error), str(error), request_id_of(request))
    param = "model" if isinstance(error, UnknownModel) else None
    return respond(found, retry_headers(error), path=request.url.path, param=param)


def retry_headers(error: Exception) -> dict[str, str]:
    """When the request may be made again, in whole seconds: HTTP has no fractions."""
    wait = getattr(error, "retry_after", None)
    return {} if wait is None else {"retry-after": str(math.ceil(wait))}


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    kind = MALFORMED if any(one["type"] == "json_invalid" for one in errors) else INVALID
    found = problem(kind, invalid_detail(errors), request_id_of(request))
    fields = [_field(one) for one in errors if kind is INVALID]
    return respond(found, path=request.url.path, param=next(filter(None, fields), None))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):  # Starlette types its handlers for any exception
        raise error
    kind = _OF_STATUS.get(error.status_code, Kind(error.status_code, "http-error", "HTTP error"))
    where = f"{request.method} {request.url.path}"
    detail = str(error.detail)
    if kind.slug == "no-such-route":
        detail = f"There is nothing at {where}. The routes are listed at /docs."
    elif kind.slug == "method-not-allowed":
        allowed = (error.headers or {}).get("Allow", "another method")
        detail = f"{where} is not offered. Use {allowed}."
    found = problem(kind, detail, request_id_of(request))
    return respond(found, error.headers, path=request.url.path)


def _field(error: Mapping[str, Any]) -> str:
    where = [str(part) for part in error["loc"]]
    return ".".join(where[1:] if where[:1] in (["body"], ["query"], ["path"]) else where)


async def _nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # as nginx logs it; there is nobody to read it


def _sentence(error: Mapping[str, Any]) -> str:
    field = _field(error)
    if error["type"] == "json_invalid":
        reason = error.get("ctx", {}).get("error", "it can not be parsed")
        return f"The body is not valid JSON: {reason} (at character {field})."
    if error["type"] == "missing":
        return f"The field {field!r} is missing." if field else "The body is missing."
    if error["type"] == "extra_forbidden":
        return f"This version has no field {field!r}. Leave it out."
    named = f"{field!r} is {_shown(error['input'])}" if field else "The body can not be used"
    return f"{named}: {error['msg']}."


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}..."
