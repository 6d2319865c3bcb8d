"""What wraps every request: its id, the last resort for errors, and the limit on its body."""

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TOO_LARGE, UNEXPECTED, problem, respond, unexpected_detail

logger = logging.getLogger(__name__)

_MIB = 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """Gives every request an id: the client's own `x-request-id` if it is a plain one.

    An error that nothing else handled is logged, and answered with a problem that has only the id.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else f"req_{uuid.uuid4().hex[:20]}"
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            logger.exception("%s %s failed (%s)", scope["method"], scope["path"], request_id)
            if started:
                raise
            found = problem(UNEXPECTED, unexpected_detail(request_id), request_id)
            await respond(found, path=scope["path"])(scope, receive, send_with_id)


class BodyLimit:
    """Refuses a body over `max_mb` MiB: at once by its declared length, else when it gets there."""

    def __init__(self, app: ASGIApp, max_mb: int) -> None:
        """Wrap `app`."""
        self.app = app
        self.max_bytes = max_mb * _MIB
        self.detail = f"The request is over {max_mb} MiB. Send less at a time."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self.max_bytes:
            found = problem(TOO_LARGE, self.detail, scope["state"]["request_id"])
            await respond(found, path=scope["path"])(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(413, self.detail)
            return message

        await self.app(scope, receive_counted, send)
