"""What happens while an answer is made, in order: every shape of an answer is made from these.

An answer's text is what its `Delta` events say, one after the other. So nothing that was said is
taken back: a policy that may take a sentence away keeps it back until it is decided.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

from corpus.types import Passage
from rag.types import Answer, Citation, Sentence


class Stage(StrEnum):
    """What is being done."""

    RETRIEVING = "retrieving"
    GENERATING = "generating"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class Began:
    """A stage begins."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Found:
    """The passages that the answer is made from, nearest first."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the text so far, and those of its citations that no sentence before it had."""

    index: int
    sentence: Sentence
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a model wrote as its sentence number `index`, from 0, is not said.

    `text` is what is said in its place, "" for nothing, and `reason` why.
    """

    index: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole answer, which is the last event."""

    answer: Answer


Event = Began | Found | Delta | Checked | Replaced | Answered


async def last_answer(events: AsyncGenerator[Event]) -> Answer:
    """The answer that they end with; raises what they do."""
    async with aclosing(events):
        seen = [event async for event in events]
    return next(event.answer for event in seen if isinstance(event, Answered))


def events_of(answer: Answer) -> Iterator[Event]:
    """The events of an answer that is there already, from its first text on."""
    known: set[int] = set()
    said = 0
    for index, sentence in enumerate(answer.sentences):
        later = answer.sentences[index + 1 :]
        end = later[0].span.start if later else len(answer.text)
        end = said + len(answer.text[said:end].rstrip()) if later else end
        yield Delta(answer.text[said:end])
        new = [one for one in answer.citations if one.marker in set(sentence.citations) - known]
        known.update(sentence.citations)
        said = end
        yield Checked(index, sentence, tuple(new))
    if said < len(answer.text):
        yield Delta(answer.text[said:])
    yield Answered(answer)
