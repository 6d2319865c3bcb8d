"""Claims made fewer, level by level, until they fit; they carry the sentences they rest on."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from corpus.ingest import Embed
from rag.claims import Claim, claims_of, contested, reduce_prompt, without_repeats
from rag.errors import BudgetSpent
from rag.reading import in_turn
from rag.replies import Replies

_MOST_KEPT, _LEAST_KEPT = 0.5, 0.1  # share of the claims that a level leaves
_FEWER = 0.9  # share of the size above which a level was of no use
_LINE = 3  # tokens of a number before a claim
_MOST_LINES = 900  # of a call, whose numbers have three digits


@dataclass(frozen=True, slots=True)
class Merged:
    """Claims that fit. `pairs` are the places of those that contradict each other.

    `cut_short` says whether claims were left out that were not merged, for want of tokens.
    """

    claims: list[Claim]
    pairs: list[tuple[int, int]]
    cut_short: bool


@dataclass(frozen=True, slots=True)
class Merging:
    """How claims are merged: `size` is the tokens that one takes where they have to fit.

    A call reads at most `call_tokens` of claims, and leaves `keep_back` tokens of the budget.
    """

    replies: Replies
    embed: Embed
    focus: str | None
    size: Callable[[Claim], int]
    call_tokens: int
    keep_back: int

    async def merge(self, claims: Sequence[Claim], room: int) -> Merged:
        """Make claims fit in `room`. Those that contradict each other are kept as they are.

        Raises ProviderError.
        """
        kept = await asyncio.to_thread(without_repeats, claims, self.embed)
        pairs = await asyncio.to_thread(contested, kept, self.embed)
        apart = list(dict.fromkeys(at for pair in pairs for at in pair))
        others = [claim for at, claim in enumerate(kept) if at not in apart]
        room -= sum(self.size(kept[at]) for at in apart)
        cut_short = False
        while others and (total := await self._total(others)) > room:
            try:
                fewer = await self._level(others, kept_share(room, total))
            except BudgetSpent:
                fewer, cut_short = [], True
            if not fewer or await self._total(fewer) > _FEWER * total:
                others = await asyncio.to_thread(best_supported, others, self.size, room)
                break
            others = await asyncio.to_thread(without_repeats, fewer, self.embed)
        places = {at: len(others) + number for number, at in enumerate(apart)}
        return Merged(
            [*others, *(kept[at] for at in apart)],
            [(places[one], places[other]) for one, other in pairs],
            cut_short,
        )

    async def _total(self, claims: Sequence[Claim]) -> int:
        return await asyncio.to_thread(lambda: sum(map(self.size, claims)))

    async def _level(self, claims: Sequence[Claim], share: float) -> list[Claim]:
        """Claims merged group by group, to about this share of them."""

        def later(group: Sequence[Claim]) -> Callable[[], Awaitable[list[Claim]]]:
            return lambda: self._group(group, max(2, math.ceil(len(group) * share)))

        found = await in_turn([later(one) for one in self._groups(claims)], self.replies.width)
        return [claim for group in found for claim in group]

    async def _group(self, group: Sequence[Claim], most: int) -> list[Claim]:
        guard = self.replies.writer.guard
        messages = reduce_prompt(group, most, self.focus, guard)
        reply = await self.replies.ask(messages, keep_back=self.keep_back)
        known = {at: claim.refs for at, claim in enumerate(group, start=1)}
        return claims_of(reply.text, known)[:most]

    def _groups(self, claims: Sequence[Claim]) -> Iterator[list[Claim]]:
        count = self.replies.writer.count_tokens
        group: list[Claim] = []
        total = 0
        for claim in claims:
            size = count(claim.text) + _LINE
            if group and (total + size > self.call_tokens or len(group) == _MOST_LINES):
                yield group
                group, total = [], 0
            group.append(claim)
            total += size
        if group:
            yield group


def kept_share(room: int, total: float) -> float:
    """The share of claims of `total` tokens that a level leaves so that they fit in `room`."""
    return max(_LEAST_KEPT, min(_MOST_KEPT, 0.8 * room / total))


def best_supported(claims: Sequence[Claim], size: Callable[[Claim], int], room: int) -> list[Claim]:
    """Those that most documents make, as many as fit, in their order; at least one."""
    support = [len({place for place, _ in claim.refs}) for claim in claims]
    kept: set[int] = set()
    for at in sorted(range(len(claims)), key=lambda at: (-support[at], at)):
        if not kept or size(claims[at]) <= room:
            kept.add(at)
            room -= size(claims[at])
    return [claim for at, claim in enumerate(claims) if at in kept]
