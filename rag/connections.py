"""The HTTP connections to remote models: a pool for each event loop, closed with it.

A connection is of the event loop that opened it. A server has one loop; the command line and
programs that call `asyncio.run` more than once have several, one after the other.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import httpx2

from rag.errors import OverlongCompletion

# No stream waits for another to end. Few connections are kept after that, since every request looks
# at each of them: with 100 that takes 5 ms, and with 10 half a millisecond.
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=10, keepalive_expiry=60)

# Of one answer, with all that is around its text. A piece of text is a tenth of what it comes in.
MAX_BYTES = 32 * 1024 * 1024

_Held = AsyncGenerator[httpx2.AsyncClient]


class Connections(httpx2.AsyncBaseTransport):
    """Connections that are kept open between calls, of whatever event loop asks.

    They are closed by `close`, or when their loop ends. Proxies are those of the environment.
    """

    def __init__(self) -> None:
        """Open nothing yet."""
        #: What servers are trusted, for other clients as well; it takes long to make.
        self.certificates = httpx2.create_ssl_context()
        self._pools: dict[asyncio.AbstractEventLoop, tuple[httpx2.AsyncClient, _Held]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request over a connection of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            for ended in [known for known in self._pools if known.is_closed()]:
                del self._pools[ended]
            held = _held(httpx2.AsyncClient(verify=self.certificates, limits=_LIMITS))
            self._pools[loop] = (await anext(held), held)
        pool, _ = self._pools[loop]
        response = await pool.send(request, stream=True)
        response.stream = _Limited(cast("httpx2.AsyncByteStream", response.stream), request.url)
        return response

    async def leave(self) -> None:
        """Close the connections of the running loop, which may end before `close` has done so."""
        if (known := self._pools.pop(asyncio.get_running_loop(), None)) is not None:
            await known[1].aclose()

    def close(self) -> None:
        """Close all connections; those of a loop that is not running were closed when it ended."""
        for loop, (_, held) in list(self._pools.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(held.aclose(), loop)
        self._pools.clear()


class _Limited(httpx2.AsyncByteStream):
    """A body that ends with OverlongCompletion after as much as any answer may have."""

    def __init__(self, body: httpx2.AsyncByteStream, url: httpx2.URL) -> None:
        self._body = body
        self._url = url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        room = MAX_BYTES
        async for data in self._body:
            room -= len(data)
            if room < 0:
                raise OverlongCompletion(
                    f"{self._url.host} sent more than {MAX_BYTES >> 20} MiB in one answer, and the "
                    "rest was not read. See why its model does not stop."
                )
            yield data

    async def aclose(self) -> None:
        await self._body.aclose()


async def _held(pool: httpx2.AsyncClient) -> _Held:
    """Give the pool, and close it when its loop ends, as loops close asynchronous generators."""
    try:
        yield pool
    finally:
        await pool.aclose()
