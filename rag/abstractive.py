"""A summary that a model writes: documents to claims, claims to a text, each sentence checked."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from corpus.errors import NotFound
from corpus.ingest import Embed
from rag.briefing import Briefing, brief
from rag.claims import Claim, Ref, contested
from rag.composition import Composition
from rag.conflicts import conflicts_in
from rag.coverage import covered, marked
from rag.errors import BudgetSpent
from rag.material import Aside
from rag.merging import Merging
from rag.plan import Plan, Read, writing_tokens
from rag.prompts import prompt
from rag.reading import Notes, read_all
from rag.replies import Replies
from rag.telemetry import step
from rag.types import SLACK, Conflict, Policy, Reason, Summary, SummaryTask, Usage, Verdict
from rag.writing import Writing

_TRIES = 2
_LINE = 8  # tokens of an id and a mark before a line
_MOST_AGAINST = 2  # sentences that are added for what they contradict


@dataclass(frozen=True, slots=True)
class Desk:
    """What a summary is made with: a reader of versions, vectors of sentences, and sizes of calls.

    `price` gives what tokens sent and written cost, or None.
    """

    read: Read
    embed: Embed
    call_tokens: int
    answer_tokens: int
    price: Callable[[int, int], float | None]


@dataclass(slots=True)
class _Work:
    """A summary on its way. `pairs` are the places of claims that contradict each other."""

    task: SummaryTask
    plan: Plan
    desk: Desk
    replies: Replies
    notes: Notes = field(default_factory=Notes)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    unmerged: bool = False
    said: Composition = field(default_factory=Composition)
    reason: str | None = None
    timings: dict[str, float] = field(default_factory=dict)


async def abstract(task: SummaryTask, plan: Plan, desk: Desk, replies: Replies) -> Summary:
    """Summarize what a plan has read.

    The same replies make the same summary, but for its timings. Raises ProviderError.
    """
    work = _Work(task, plan, desk, replies)
    if plan.direct:
        await asyncio.to_thread(_take_as_they_stand, work)
    else:
        await _note(work)
    briefing = await asyncio.to_thread(brief, plan, work.notes.claims, desk.read)
    if briefing.offer.ids:
        with step("write", work.timings):
            await _write(work, briefing)
    else:
        work.reason = Reason.NO_EVIDENCE.value
    return await asyncio.to_thread(_summary, work, briefing)


def _take_as_they_stand(work: _Work) -> None:
    """Take the sentences themselves for claims."""
    for part in (part for batch in work.plan.batches for part in batch):
        reading = work.plan.readings[part.document]
        try:
            source = work.desk.read((reading.document_id, reading.version))
        except NotFound:
            work.notes.set_aside([part], Aside.CHANGED)
            continue
        work.notes.claims += [
            Claim(source.evidence[unit].text, ((part.document, unit),)) for unit in part.units
        ]
    work.pairs = contested(work.notes.claims, work.desk.embed)


async def _note(work: _Work) -> None:
    """Have the model read everything and merge what it notes."""
    desk, focus = work.desk, work.task.focus
    keep_back = writing_tokens(desk.call_tokens, desk.answer_tokens)
    with step("read", work.timings):
        work.notes = await read_all(
            work.plan,
            desk.read,
            work.replies,
            focus=focus,
            answer_tokens=desk.answer_tokens,
            keep_back=keep_back,
        )
    with step("merge", work.timings):
        merging = Merging(
            work.replies,
            desk.embed,
            focus=focus,
            size=_size(work),
            call_tokens=desk.call_tokens,
            keep_back=keep_back,
        )
        merged = await merging.merge(work.notes.claims, 2 * desk.call_tokens)
    work.notes.claims, work.pairs = merged.claims, merged.pairs
    work.unmerged = merged.cut_short


def _size(work: _Work) -> Callable[[Claim], int]:
    """How many tokens a claim takes in the writing call, with its sentences."""
    count = work.replies.writer.count_tokens
    sizes: dict[Ref, int] = {}

    def of(ref: Ref) -> int:
        if ref not in sizes:
            reading = work.plan.readings[ref[0]]
            try:
                source = work.desk.read((reading.document_id, reading.version))
            except NotFound:
                return 0
            sizes[ref] = count(source.evidence[ref[1]].text) + _LINE
        return sizes[ref]

    return lambda claim: count(claim.text) + _LINE + sum(map(of, claim.refs))


async def _write(work: _Work, briefing: Briefing) -> None:
    """Have the text written, twice if it misses its length, and keep the one that is nearer."""
    words = work.task.words
    nearest = float("inf")
    before = 0
    for _ in range(_TRIES):
        asking = briefing.asking(work.task, before, work.replies.writer.guard)
        writing = Writing(asking, work.task.policy, briefing.offer, work.replies, lambda _: [])
        try:
            async with aclosing(writing.events()) as events:
                async for _event in events:
                    pass
        except BudgetSpent:
            if not before:
                raise
            break
        for name, seconds in writing.timings.items():
            work.timings[name] = round(work.timings.get(name, 0.0) + seconds, 6)
        before = writing.composition.words
        off = abs(before - words) / words
        if off < nearest:
            nearest, work.said = off, writing.composition
            work.reason = None if writing.reason is None else writing.reason.value
        if off <= SLACK or writing.reason is not None or not before:
            break
    _finish(work, briefing)


def _finish(work: _Work, briefing: Briefing) -> None:
    """Cut the text to its length, and quote what contradicts it."""
    said, evidence = work.said, briefing.offer.evidence
    against = _against(work, briefing)
    if against and work.task.policy is Policy.ABSTAIN:
        work.said, work.reason = Composition(), Reason.CONFLICTING_EVIDENCE.value
        return
    room = sum(len(evidence[at].text.split()) for at in against)
    said.cut(round(work.task.words * (1 + SLACK)) - room)
    for at in _against(work, briefing):
        text = " ".join(evidence[at].text.split())
        list(said.say(f"\n{text}"))
        list(said.end_sentence(text, briefing.pointers(at), Verdict.SUPPORTED, 1.0))


def _against(work: _Work, briefing: Briefing) -> list[int]:
    """Evidence that is not cited and contradicts what is."""
    cited = briefing.cited(one.id for one in work.said.citations)
    found: dict[int, None] = {}
    for pair in work.pairs:
        for mine, contrary in (pair, pair[::-1]):
            rivals = briefing.claims[contrary]
            if cited & set(briefing.claims[mine]) and rivals and not cited & set(rivals):
                found[rivals[0]] = None
    return list(found)[:_MOST_AGAINST]


def _conflicts(work: _Work, briefing: Briefing) -> tuple[Conflict, ...]:
    said = work.said
    found = {
        one.citations: one for one in conflicts_in(said.sentences, said.citations, work.desk.embed)
    }
    markers = {at: one.marker for one in said.citations for at in briefing.cited([one.id])}
    titles = {one.marker: one.title for one in said.citations}
    for pair in work.pairs:
        sides = [[markers[at] for at in briefing.claims[one] if at in markers] for one in pair]
        if all(sides):
            first, second = sorted((sides[0][0], sides[1][0]))
            detail = f"{titles[first]!r} and {titles[second]!r} give different figures."
            found.setdefault((first, second), Conflict((first, second), detail))
    return tuple(found.values())


def _summary(work: _Work, briefing: Briefing) -> Summary:
    task, plan, said, replies = work.task, work.plan, work.said, work.replies
    cited = Counter(briefing.refs[at][0] for at in briefing.cited(one.id for one in said.citations))
    prompts = ("summary", "quoted") if plan.direct else ("map", "reduce", "summary", "quoted")
    summary = Summary(
        id=task.id or new_summary_id(),
        document_ids=tuple(one.document_id for one in plan.readings),
        focus=task.focus,
        text=said.text,
        sentences=tuple(said.sentences),
        citations=said.citations,
        coverage=covered(plan, work.notes.aside, briefing.gone, cited),
        usage=Usage(plan.tokens, replies.prompt_tokens, replies.completion_tokens),
        timings=work.timings,
        model=replies.writer.name,
        prompt_hash="-".join(prompt(name).hash for name in prompts),
        style=task.style,
        conflicts=_conflicts(work, briefing),
        calls=replies.made,
        map_tokens=work.notes.map_tokens,
        cost=work.desk.price(replies.prompt_tokens, replies.completion_tokens),
    )
    return marked(summary, task.words, work.reason, unmerged=work.unmerged)


def new_summary_id() -> str:
    """An id that no summary has."""
    return f"sum_{uuid.uuid4().hex}"
