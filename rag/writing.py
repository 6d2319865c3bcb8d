"""A text that a model writes: pinned to what it was offered, and checked as it comes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag.asking import Asking, declines, repaired
from rag.calls import Calls
from rag.citations import Pointer
from rag.composition import Composition
from rag.errors import BudgetSpent, OverlongCompletion, ProviderError
from rag.events import Began, Checked, Delta, Event, Replaced, Stage
from rag.llm import Finish
from rag.marked import Id, MarkedText, Shown, Written
from rag.offer import MARK, Offer
from rag.second import second_opinion
from rag.telemetry import step
from rag.types import Policy, Reason, Verdict
from rag.verify import Judgement, is_claim
from rag.watch import LeakedPrompt, Watch
from rag.words import stems

_WITHOUT_SUPPORT = (Verdict.UNSUPPORTED, Verdict.CONTRADICTED)
_ABOUT = 3  # a quote says one in three of the words of the claim that it replaces
_ENDS = (".", "!", "?", "…", "。", '"', "”", ")", ":")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence as it is to be said, behind its `lead`."""

    lead: str
    text: str
    pointers: tuple[Pointer, ...]
    verdict: Verdict
    score: float


class Writing:
    """An answer or summary as it is written; `reason` says why it is none, or not whole."""

    def __init__(
        self,
        asking: Asking,
        policy: Policy,
        offer: Offer,
        calls: Calls,
        contrary: Callable[[Collection[int]], list[int]],
    ) -> None:
        """Write what is asked for from what is offered.

        `contrary` gives what contradicts evidence that is said: both are indexes of the offer's.
        """
        self.composition = Composition()
        self.reason: Reason | None = None
        self.timings: dict[str, float] = {}
        self.wrote_claims = False
        self.claims = 0  # that were said
        self._asking = asking
        self._policy = policy
        self._offer = offer
        self._calls = calls
        self._writer = calls.writer
        self._contrary = contrary
        self._used: dict[int, None] = {}  # evidence that was pointed at
        self._streams = policy is Policy.ANNOTATE
        self._kept: list[_Said] = []  # not said before it is known whether anything is
        self._index = -1
        self._first = ""

    async def events(self) -> AsyncGenerator[Event]:
        """What is said, as it is decided. Raises ProviderError when nothing came."""
        yield Began(Stage.GENERATING)
        watch = Watch(self._writer.guard.canary)
        try:
            async with aclosing(self._items()) as items:
                async for item in items:
                    if isinstance(item, Shown):
                        for delta in self._show(watch.let_through(item.text)):
                            yield delta
                        continue
                    for delta in self._show(watch.release(), whole=item):
                        yield delta
                    async with aclosing(self._sentence(item)) as events:
                        async for event in events:
                            yield event
                    if self.reason is Reason.WEAK_EVIDENCE:
                        return
        except LeakedPrompt:
            self.reason = Reason.CONTENT_FILTER
        against = await asyncio.to_thread(self._contrary, list(self._used))
        if against and self._policy is Policy.ABSTAIN:
            self.reason = Reason.CONFLICTING_EVIDENCE
            return
        for event in self._end(against):
            yield event

    async def _items(self) -> AsyncGenerator[Shown | Written]:
        """What the model writes; how it ended is noted."""
        marked = MarkedText(f"{self._offer.text} {self._asking.said}")
        start = time.perf_counter()
        try:
            async with aclosing(self._calls.stream(self._asking.messages)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Finish):
                        if piece.reason != "stop":
                            self.reason = Reason(piece.reason)
                        continue
                    for item in marked.feed(piece.replace(MARK, "")):
                        yield item
        except ProviderError as error:
            if not error.partial:
                raise
            long = isinstance(error, OverlongCompletion)
            self.reason = Reason.LENGTH if long else Reason.INTERRUPTED
        finally:
            self.timings["generate"] = round(time.perf_counter() - start, 6)
        for item in marked.end():
            if self.reason is None or not isinstance(item, Written) or _is_whole(item.text):
                yield item

    def _show(self, text: str, whole: Written | None = None) -> Iterator[Delta]:
        """Say more of the sentence at hand, unless it may be taken back or mean no answer.

        `whole` is the sentence when it has ended.
        """
        if not self._streams:
            return
        if not self.composition.text:
            self._first += text
            if declines(self._first if whole is None else whole.text, so_far=whole is None):
                return
            text, self._first = self._first, ""
        yield from self.composition.say(text)

    async def _sentence(self, written: Written) -> AsyncGenerator[Event]:
        self._index += 1
        if self._index == 0 and declines(written.text):
            self.reason = Reason.WEAK_EVIDENCE
        elif is_claim(written.text):
            if not self.wrote_claims:
                self.wrote_claims = True
                yield Began(Stage.VERIFYING)
            for event in await self._claim(written):
                yield event
        else:
            self._kept.append(_Said(written.lead, written.text, (), Verdict.NOT_A_CLAIM, 0.0))
            if self._streams:
                for event in self._say_kept():
                    yield event

    async def _claim(self, written: Written) -> list[Event]:
        said, why = await self._decided(written)
        events: list[Event] = []
        text = "" if said is None else said.text
        if text != written.text:
            events.append(Replaced(self._index, text, why))
        if said is not None:
            self.claims += 1
            self._kept.append(said)
            if self._policy is not Policy.ABSTAIN:
                events += self._say_kept()
        return events

    async def _decided(self, written: Written) -> tuple[_Said | None, str]:
        """What is said in a claim's place, None for nothing, and why."""
        judged, pointed = await self._judged(written.text, written.ids)
        said = self._said(written, judged, pointed)
        policy = self._policy
        why = "; ".join(judged.reasons) or "The sources do not say so."
        if policy is Policy.ANNOTATE or judged.verdict is Verdict.SUPPORTED:
            return said, why
        if policy is Policy.REPAIR:
            return await self._repaired(written, judged, pointed), why
        if policy is Policy.ABSTAIN:
            self.reason = Reason.WEAK_EVIDENCE
        return None, why

    async def _judged(self, claim: str, ids: Sequence[Id]) -> tuple[Judgement, tuple[int, ...]]:
        """A judgement of a claim, and the evidence that it is to point at.

        That is what it was marked with; where it was marked with whole passages or nothing, or
        something else supports it, then what does.
        """
        cited = self._offer.cited(ids)
        with step("verify", self.timings):
            judged = await self._writer.judge(claim, self._offer.evidence, cited)
            if judged.doubtful and self._writer.judges:
                judged = await second_opinion(self._calls, claim, self._offer, cited, judged)
        marked = self._offer.cited([one for one in ids if one[1] is not None])
        if judged.verdict in _WITHOUT_SUPPORT or set(judged.support) & set(marked):
            return judged, marked
        return judged, (*marked, *judged.support)

    def _said(self, written: Written, judged: Judgement, pointed: Sequence[int]) -> _Said:
        return _Said(
            written.lead, written.text, self._pointers(pointed), judged.verdict, judged.score
        )

    def _pointers(self, evidence: Sequence[int]) -> tuple[Pointer, ...]:
        self._used.update(dict.fromkeys(evidence))
        found = (self._offer.evidence[at] for at in dict.fromkeys(evidence))
        return tuple(
            Pointer(one.document, span, one.heading_path) for one in found for span in one.spans
        )

    async def _repaired(
        self, written: Written, judged: Judgement, pointed: Sequence[int]
    ) -> _Said | None:
        """A claim written anew from the evidence; or else a quote of what it points at; or None."""
        sources = tuple(dict.fromkeys((*pointed, *judged.support)))
        messages = self._asking.repair(written.text, sources or range(len(self._offer.evidence)))
        try:
            text = await self._calls.complete(messages)
        except BudgetSpent:
            text = ""  # then it is quoted, or left out
        Watch(self._writer.guard.canary).let_through(text)
        if (anew := repaired(text)) is not None and is_claim(anew.text):
            again, where = await self._judged(anew.text, anew.ids)
            if again.verdict is Verdict.SUPPORTED:
                return self._said(Written(written.lead, anew.text, anew.ids), again, where)
        if not sources or not _is_about(self._offer.evidence[sources[0]].text, written.text):
            return None
        quoted = self._offer.evidence[sources[0]]
        return _Said(written.lead, quoted.text, self._pointers(sources[:1]), Verdict.SUPPORTED, 1.0)

    def _say_kept(self) -> Iterator[Delta | Checked]:
        for said in self._kept:
            if not self._streams:
                lead = said.lead if said.lead or not self.composition.text else " "
                yield from self.composition.say(lead + said.text)
            yield from self.composition.end_sentence(
                said.text, said.pointers, said.verdict, said.score
            )
        self._kept.clear()

    def _end(self, against: Sequence[int]) -> Iterator[Delta | Checked]:
        """Say what is kept if any claim is said, and quote what contradicts it."""
        if self.claims:
            yield from self._say_kept()
        yield from self.composition.break_off()
        for at in against:
            text = " ".join(self._offer.evidence[at].text.split())
            yield from self.composition.say(f"\n{text}")
            yield from self.composition.end_sentence(
                text, self._pointers([at]), Verdict.SUPPORTED, 1.0
            )


def _is_whole(text: str) -> bool:
    return text.endswith(_ENDS)


def _is_about(quote: str, claim: str) -> bool:
    """Whether a quote has enough of a claim's words to be said in its place."""
    wanted = set(stems(claim))
    return len(wanted & set(stems(quote))) * _ABOUT >= len(wanted)
