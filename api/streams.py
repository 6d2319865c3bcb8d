"""Answers as they are made, and for a while afterwards, as events that can be followed.

An answer is made in a task of its own and not in the request that asked for it, so that a client
that lost its connection finds the rest, and that one request which was sent twice is answered once.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from api.background import beside
from api.errors import KeyReused
from api.problems import UNEXPECTED, kind_of
from api.stream import Stream
from corpus.answers import Claim
from rag import Pipeline, Question
from rag.answer import new_answer_id
from rag.events import Event

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5.0  # that an answer goes on which nobody follows; EventSource is back after 3 s
ENDED_STREAMS, ENDED_BYTES = 200, 32 * 1024 * 1024  # most that can be resumed after their end
STOP_SECONDS = 5.0  # that answers under way have when the server is told to stop

_PAUSE = 0.5  # seconds between two looks whether it is


class Streams:
    """The streams of the answers that one pipeline makes."""

    def __init__(self, pipeline: Pipeline) -> None:
        """No answers yet."""
        self._pipeline = pipeline
        self._under_way: dict[str, Stream] = {}  # by the answer's id
        self._ended: dict[str, Stream] = {}  # the same, the one that ended first first
        self._of_keys: dict[str, Stream] = {}  # those under way, by their idempotency keys
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # to look whether a key is free, and take it

    async def ask(
        self, question: Question, request_sha256: str, key: str | None, *, resumable: bool
    ) -> Stream:
        """The stream of a new answer, or the one that a request with the same key has.

        An answer that can not be resumed is given up as soon as nobody follows it. Raises KeyReused
        when the key came with another request.
        """
        if key is None:
            return self._start(question, request_sha256, None, GRACE_SECONDS if resumable else 0)
        async with self._turn:
            found = self._of_keys.get(key) or await self._kept_for(key)
            if found is None:
                return self._start(question, request_sha256, key, GRACE_SECONDS)
        if found.request_sha256 != request_sha256:
            raise KeyReused(
                f"The Idempotency-Key {key!r} came with another request, whose answer is "
                f"{found.id}. Take a new key for each request."
            )
        return found

    async def find(self, answer_id: str) -> Stream:
        """The stream of an answer under way or given; raises NotFound."""
        known = self._under_way.get(answer_id) or self._ended.get(answer_id)
        return known or Stream.of(await self._pipeline.kept_answer(answer_id))

    async def stop(self) -> None:
        """Break off the answers under way, and let their followers know."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _kept_for(self, key: str) -> Stream | None:
        kept = await self._pipeline.kept_answer_for(key)
        if kept is None:
            return None
        return self._ended.get(kept.id) or Stream.of(kept)

    def _start(
        self, question: Question, request_sha256: str, key: str | None, grace: float
    ) -> Stream:
        stream = Stream(new_answer_id(), request_sha256, grace)
        claim = None if key is None else Claim(key, request_sha256)
        asked = replace(question, id=stream.id)
        events = self._pipeline.answer_and_keep(asked, claim)
        self._under_way[stream.id] = stream
        if key is not None:
            self._of_keys[key] = stream
        task = asyncio.create_task(self._run(stream, events, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def give_up() -> None:
            self._forget(stream, key)  # at once, so that nobody comes to follow it now
            task.cancel()

        stream.give_up = give_up
        return stream

    async def _run(self, stream: Stream, events: AsyncGenerator[Event], key: str | None) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    stream.add(event)
        except Exception as error:
            if kind_of(error) is UNEXPECTED:
                logger.exception("Answer %s failed", stream.id)
            stream.fail(error)
        finally:
            stream.end()
            if self._forget(stream, key) and stream.events:
                self._ended[stream.id] = stream
                self._make_room()

    def _forget(self, stream: Stream, key: str | None) -> bool:
        """Whether it was under way until now."""
        if key is not None and self._of_keys.get(key) is stream:
            del self._of_keys[key]
        return self._under_way.pop(stream.id, None) is not None

    def _make_room(self) -> None:
        ended = self._ended
        while len(ended) > ENDED_STREAMS or sum(one.size for one in ended.values()) > ENDED_BYTES:
            del ended[next(iter(ended))]


@asynccontextmanager
async def run_streams(pipeline: Pipeline, stopping: Callable[[], bool]) -> AsyncIterator[Streams]:
    """The streams over `pipeline`; those under way are broken off soon after the server stops."""
    streams = Streams(pipeline)

    async def stop_in_time() -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            if stopping():
                await asyncio.sleep(STOP_SECONDS)
                await streams.stop()

    try:
        async with beside(stop_in_time()):
            yield streams
    finally:
        await streams.stop()
