"""The events of one answer, as it is made and for a while afterwards."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel

from api.errors import AnswerStopped
from api.events import ErrorEvent, named
from api.problems import UNEXPECTED, kind_of, problem
from corpus.answers import KeptAnswer
from corpus.errors import InvalidRequest
from rag import Answer
from rag.events import Answered, Event, Found, events_of
from rag.keeping import answer_of_json

HEARTBEAT_SECONDS = 15.0  # without news; proxies cut what is silent for longer, often 60 s

_LONGEST_NUMBER = 9  # digits of an event's
# Some clients end lines at these, which JSON has within its strings only.
_LINE_ENDS = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"}


class Stream:
    """The events of one answer, as a client gets them, for any number of followers."""

    def __init__(self, answer_id: str, request_sha256: str | None = None, grace: float = 0) -> None:
        """No events yet; `request_sha256` tells what was asked from other requests.

        `give_up` is called when nobody has followed it for `grace` seconds.
        """
        self.id = answer_id
        self.request_sha256 = request_sha256
        self.answer: Answer | None = None  # once it has ended well
        self.error: Exception | None = None  # once it has not
        self.ended = False
        self.events: list[bytes] = []
        self.size = 0  # of the events, in bytes
        self.give_up: Callable[[], object] = lambda: None
        self._grace = grace
        self._followers = 0
        self._giving_up: asyncio.TimerHandle | None = None
        self._is_replay = False
        self._news = asyncio.Event()

    @classmethod
    def of(cls, kept: KeptAnswer) -> "Stream":
        """The stream of an answer that is kept, made anew."""
        stream = cls(kept.id, kept.claim.request_sha256 if kept.claim else None)
        stream._is_replay = True
        answer = answer_of_json(kept.content)
        for event in (Found(answer.passages), *events_of(answer)):
            stream.add(event)
        stream.end()
        return stream

    def add(self, event: Event) -> None:
        """The next event; the whole answer is the last."""
        self._append(*named(event))
        if isinstance(event, Answered):
            self.answer = event.answer

    def fail(self, error: Exception) -> None:
        """End with an error, which is an event if others were before it."""
        self.error = error
        if not self.events:
            return
        kind, detail = kind_of(error), str(error)
        if kind is UNEXPECTED:
            detail = f"It failed through no fault of yours. The log has it as {self.id}."
        found = problem(kind, detail)
        self._append("error", ErrorEvent.model_validate(found))

    def end(self) -> None:
        """Nothing comes any more."""
        if self.answer is None and self.error is None:
            self.fail(AnswerStopped("The server was stopped while it answered. Ask again."))
        self.ended = True
        self._tell()

    def after(self, last_event_id: str | None) -> int:
        """How many events come before what a client has not seen, by the last that it has.

        Raises InvalidRequest for what is not the id of one of these events. Of an answer that is
        kept without its events only the last is left, which has all of it.
        """
        if not last_event_id:
            return 0
        answer_id, _, number = last_event_id.rpartition(":")
        if (
            answer_id == self.id
            and number.isascii()
            and number.isdigit()
            and len(number) <= _LONGEST_NUMBER
        ):
            if self._is_replay:
                return len(self.events) - 1
            if int(number) <= len(self.events):
                return int(number)
        raise InvalidRequest(
            f"Last-Event-ID is {last_event_id!r}, which is no event of answer {self.id}. "
            "Send the id of the last event that came, or none for all of them."
        )

    async def begun(self) -> None:
        """Return once there is an event; raises the error when there is none."""
        with self._followed():
            while not self.events and not self.ended:
                await self._news.wait()
        if not self.events and self.error is not None:
            raise self.error

    async def answered(self) -> Answer:
        """The answer, once it is there; raises the error when there is none."""
        with self._followed():
            while not self.ended:
                await self._news.wait()
        if self.answer is None:
            raise self.error or AssertionError("a stream ends with an answer or an error")
        return self.answer

    async def follow(self, start: int = 0) -> AsyncGenerator[bytes]:
        """The events from `start`, from 0, to the end, and a comment when there is no news."""
        with self._followed():
            while True:
                news, ended = self._news, self.ended
                while start < len(self.events):
                    yield self.events[start]
                    start += 1
                if ended:
                    return
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await news.wait()
                except TimeoutError:
                    yield KEEPALIVE_COMMENT

    @contextmanager
    def _followed(self) -> Iterator[None]:
        self._followers += 1
        if self._giving_up is not None:
            self._giving_up.cancel()
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers and not self.ended:
                loop = asyncio.get_running_loop()
                self._giving_up = loop.call_later(self._grace, self.give_up)

    def _append(self, name: str, data: BaseModel) -> None:
        event_id = f"{self.id}:{len(self.events) + 1}"
        text = data.model_dump_json().translate(_LINE_ENDS)
        sent = format_sse_event(id=event_id, event=name, data_str=text)
        self.events.append(sent)
        self.size += len(sent)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
