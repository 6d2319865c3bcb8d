"""Documents to claims: a model reads all of them, as many at a time as it may."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from corpus.errors import NotFound
from rag.claims import (
    Claim,
    Ref,
    claims_of,
    from_line,
    map_prompt,
    numbered,
)
from rag.errors import BudgetSpent
from rag.instructions import speaks_to_a_model
from rag.material import Aside
from rag.offer import Guard
from rag.plan import Part, Plan, Read
from rag.replies import Replies

_A_CLAIM = 45  # tokens that a claim takes, with its numbers

_Made = TypeVar("_Made")


class Notes:
    """What was noted in the documents: claims, and what was not read after all, by document."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.claims: list[Claim] = []
        self.aside: dict[int, Counter[str]] = {}
        self.map_tokens = 0  # that were sent

    def set_aside(self, batch: Iterable[Part], reason: Aside) -> None:
        """Note that a batch was not read."""
        for part in batch:
            self.aside.setdefault(part.document, Counter())[reason.value] += len(part.units)


async def read_all(
    plan: Plan,
    read: Read,
    replies: Replies,
    *,
    focus: str | None,
    answer_tokens: int,
    keep_back: int,
) -> Notes:
    """Have a model read every batch of a plan, as many at a time as the replies let.

    Batches for which the budget is spent are set aside; `keep_back` tokens of it are not touched.
    """
    notes = Notes()
    guard = replies.writer.guard

    async def read_batch(batch: tuple[Part, ...]) -> list[Claim]:
        shown = await asyncio.to_thread(_shown, plan, batch, read)
        if shown is None:
            notes.set_aside(batch, Aside.CHANGED)
            return []
        lines, known = shown
        size = sum(part.tokens for part in batch)
        most = max(3, min(size // 60, int(answer_tokens * 0.9) // _A_CLAIM))
        try:
            reply = await replies.ask(map_prompt(lines, most, focus, guard), keep_back=keep_back)
        except BudgetSpent:
            notes.set_aside(batch, Aside.BUDGET)
            return []
        notes.map_tokens += reply.prompt
        if reply.reason == "length" and len(known) > 1:  # the end of the batch may be unread
            halves = [await read_batch(half) for half in _halves(batch)]
            return [claim for half in halves for claim in half]
        if reply.reason == "content_filter":
            notes.set_aside(batch, Aside.WITHHELD)
            return []
        return claims_of(reply.text, known)

    found = await in_turn([_later(read_batch, batch) for batch in plan.batches], replies.width)
    notes.claims = [claim for claims in found for claim in claims]
    return notes


def _later(
    work: Callable[[tuple[Part, ...]], Awaitable[_Made]], batch: tuple[Part, ...]
) -> Callable[[], Awaitable[_Made]]:
    return lambda: work(batch)


def batch_messages(
    plan: Plan, batch: Sequence[Part], read: Read, focus: str | None, answer_tokens: int
) -> list[str]:
    """The texts of the prompt that would have a batch read, to count their tokens."""
    shown = _shown(plan, batch, read)
    most = max(3, answer_tokens // _A_CLAIM)
    lines = [] if shown is None else shown[0]
    return [str(message.content) for message in map_prompt(lines, most, focus, Guard())]


def _shown(
    plan: Plan, batch: Sequence[Part], read: Read
) -> tuple[list[str], dict[int, tuple[Ref, ...]]] | None:
    """A batch as it stands in the prompt, and what its numbers stand for; None if all is gone."""
    lines: list[str] = []
    known: dict[int, tuple[Ref, ...]] = {}
    for part in batch:
        reading = plan.readings[part.document]
        try:
            source = read((reading.document_id, reading.version))
        except NotFound:
            continue  # the document's coverage says so
        if not speaks_to_a_model(source.document.title):
            lines.append(from_line(source.document.title))
        for unit in part.units:
            number = len(known) + 1
            known[number] = ((part.document, unit),)
            lines.append(numbered(number, source.evidence[unit].text))
    return (lines, known) if known else None


def _halves(batch: Sequence[Part]) -> list[tuple[Part, ...]]:
    units = [(part.document, unit) for part in batch for unit in part.units]
    tokens = sum(part.tokens for part in batch) // 2
    middle = len(units) // 2
    return [tuple(_parts(units[:middle], tokens)), tuple(_parts(units[middle:], tokens))]


def _parts(units: Sequence[Ref], tokens: int) -> Iterator[Part]:
    for place in dict.fromkeys(place for place, _ in units):
        mine = tuple(unit for other, unit in units if other == place)
        yield Part(place, mine, tokens * len(mine) // len(units))


async def in_turn(work: Sequence[Callable[[], Awaitable[_Made]]], workers: int) -> list[_Made]:
    """What all of it gives, in order; begun in order, so many at a time.

    After an error nothing more is begun, what is under way is awaited, since it is paid for, and
    the error raised.
    """
    made: dict[int, _Made] = {}
    left = iter(enumerate(work))
    failed: list[Exception] = []

    async def worker() -> None:
        for at, one in left:
            if failed:
                return
            try:
                made[at] = await one()
            except Exception as error:
                failed.append(error)

    await asyncio.gather(*(worker() for _ in range(min(workers, len(work)))))
    if failed:
        raise failed[0]
    return [made[at] for at in range(len(work))]
