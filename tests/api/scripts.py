"""Answers that come as a test says, in the place of those of a pipeline, and streams read back."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from corpus.types import Chunk, Passage, Span
from rag import Answer, Citation, Question, Sentence, Status, Usage, Verdict
from rag.events import Answered, Began, Checked, Delta, Event, Found, Replaced, Stage

TEXT = "Herring is cheap [1]. Nobody knows why."
PASSAGE = Passage(
    chunk=Chunk(7, "doc_a", 1, 0, Span(0, 17), 4, ("Fish",), ()),
    title="Fish",
    uri=None,
    text="Herring is cheap.",
    score=0.5,
    rank=1,
    ranks_by={"dense": 1},
)
CITATION = Citation(
    "cit_a", 1, "doc_a", 1, Span(0, 17), "Herring is cheap.", None, "Fish", None, ("Fish",)
)
SENTENCES = (
    Sentence(TEXT[:21], Span(0, 21), Verdict.SUPPORTED, 0.9, (1,)),
    Sentence(TEXT[22:], Span(22, 39), Verdict.UNSUPPORTED, 0.1, ()),
)


class Gate(threading.Event):
    """Where an answer waits until a test opens it."""


@dataclass
class Script:
    """What is answered to a question: events, gates to wait at, and errors.

    The answer is the last event, unless an error was before it.
    """

    steps: Sequence[Event | Gate | Exception]
    asked: list[Question] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    async def play(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        try:
            for step in self.steps:
                if isinstance(step, Gate):
                    while not await asyncio.to_thread(step.wait, 0.02):
                        pass
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
            yield Answered(answer_to(question))
        finally:
            self.closed.set()


class Scripts(dict[str, Script]):
    """Scripts by the question's text, to be a pipeline's `answering`."""

    def __call__(self, question: Question) -> AsyncGenerator[Event]:
        return self[question.text].play(question)


def answer_to(question: Question) -> Answer:
    """An answer in TEXT."""
    assert question.id is not None
    return Answer(
        id=question.id,
        question=question.text,
        standalone_question=question.text,
        status=Status.ANSWERED,
        reason=None,
        text=TEXT,
        sentences=SENTENCES,
        citations=(CITATION,),
        passages=(PASSAGE,),
        conflicts=(),
        usage=Usage(4, 10, 5),
        timings={"retrieve": 0.25},
        model="scripted",
        prompt_hash="0" * 8,
    )


def events_of_text(*, gate: Gate | None = None, mended: bool = False) -> list[Event | Gate]:
    """The events in which TEXT comes, with a gate in its middle."""
    return [
        Began(Stage.RETRIEVING),
        Found((PASSAGE,)),
        Began(Stage.GENERATING),
        Delta(TEXT[:21]),
        Checked(0, SENTENCES[0], (CITATION,)),
        *([gate] if gate else []),
        *([Replaced(1, TEXT[22:], "unsupported")] if mended else []),
        Delta(TEXT[21:]),
        Checked(1, SENTENCES[1], ()),
    ]


@dataclass(frozen=True)
class Sent:
    """An event as it came; the name of a comment is ""."""

    id: str
    name: str
    data: Any


def read_events(lines: Iterable[str]) -> Iterator[Sent]:
    """The events of a stream, one by one as they come."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            assert name not in fields, line
            fields[name] = value
        elif set(fields) == {""}:
            yield Sent("", "", fields[""])
            fields = {}
        else:
            assert set(fields) == {"id", "event", "data"}, fields
            yield Sent(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
    assert not fields


def events_in(response: httpx.Response) -> list[Sent]:
    """All events of a stream that has ended."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return list(read_events(response.text.splitlines()))


def text_in(events: Iterable[Sent]) -> str:
    """What the deltas say together."""
    return "".join(one.data["text"] for one in events if one.name == "delta")
