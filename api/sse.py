"""Server-sent events of something that is being made: they end with it, or with the client."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.types import Receive, Scope, Send

from api.connections import left

HEARTBEAT = 15.0  # seconds without a frame until a comment is sent; proxies cut streams at 30 to 60

DONE = format_sse_event(data_str="[DONE]")


def data(value: object) -> bytes:
    """A frame with a value as JSON, in ASCII: some clients split lines at U+2028 and its like."""
    return format_sse_event(data_str=json.dumps(value))


class ChatStream(StreamingResponse):
    """A response of frames.

    It begins with the first frame, so that an error before that is raised and has a status of its
    own; `failed` makes the last frame of a later one. A comment goes out whenever there was nothing
    for HEARTBEAT seconds. `frames` runs in one task from its start to its end, and is cancelled as
    soon as the client leaves.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes],
        failed: Callable[[Exception], bytes],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is made of `frames` before the response is called."""
        told = {
            "cache-control": "no-cache",
            "content-type": "text/event-stream",
            "x-accel-buffering": "no",
            **(headers or {}),
        }
        super().__init__(frames, headers=told)
        self._frames = frames
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send all frames."""
        out = _Output(send, self.status_code, self.raw_headers)
        await _first(self._send_all(out), out.keep_alive(), left(receive))

    async def _send_all(self, out: "_Output") -> None:
        async with aclosing(self._frames) as frames:
            try:
                async for frame in frames:
                    await out.write(frame)
            except Exception as error:
                if not out.begun:
                    raise
                await out.write(self._failed(error))
        await out.end()


class _Output:
    """What was sent of a response, and when."""

    def __init__(self, send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.begun = False
        self._send = send
        self._start = {"type": "http.response.start", "status": status, "headers": headers}
        self._last = asyncio.get_running_loop().time()
        self._one_at_a_time = asyncio.Lock()

    async def write(self, frame: bytes) -> None:
        async with self._one_at_a_time:
            if not self.begun:
                self.begun = True
                await self._send(self._start)
            await self._send({"type": "http.response.body", "body": frame, "more_body": True})
            self._last = asyncio.get_running_loop().time()

    async def end(self) -> None:
        async with self._one_at_a_time:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def keep_alive(self) -> None:
        while True:
            quiet = asyncio.get_running_loop().time() - self._last
            if quiet >= HEARTBEAT:
                await self.write(KEEPALIVE_COMMENT)
            else:
                await asyncio.sleep(HEARTBEAT - quiet)


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends; the others are cancelled, and have ended when this returns.

    Raises what that one raised.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
