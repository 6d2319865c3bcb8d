"""A summary by quoting: central sentences of one document or a thousand, in order.

Many documents are read one after the other: of each the few sentences that stand for it are kept,
by their words and then by their vectors, and what is chosen is chosen among those. So time grows
with the text, and memory hardly. `rag.central` names the methods.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corpus.errors import NotFound
from corpus.ingest import Embed
from corpus.types import DocumentVersion, UnitKind
from rag.central import Placed, Vectors, central, most_central, up_to_length
from rag.citations import Pointer, Statement, write
from rag.claims import Claim, contested
from rag.conflicts import conflicts_in
from rag.coverage import marked
from rag.material import Aside, Source, plain
from rag.plan import Read
from rag.standalone import is_statement, leans
from rag.telemetry import step
from rag.types import EXTRACTIVE, SLACK, Coverage, Style, Summary, SummaryTask, Usage
from rag.words import stems

# Bonus of a document's first sentence, and the sentences in which it halves: of one document, whose
# beginning often tells it all, and of several. ROUGE-1 of 100 news articles (CNN/DailyMail with the
# references of SummEval, 43 words) is .332, and .328 to .332 with a bonus of 0.5 to 3 that halves
# in 1 to 4; the first whole sentences that keep the length have .334.
_LEAD_ALONE, _LEAD_AMONG = (0.7, 2), (0.3, 5)
_HEADED = 0.2  # bonus of a sentence that has all the words of its title or heading (Edmundson 1969)
# Malus of a sentence that leans on the one before it, where that is not said. It is for readers: on
# 300 clusters of Multi-News ROUGE-1 is .442 with it, and the same without.
_LEANS = 0.2
_TOGETHER = 400  # sentences that are compared with each other all at once
_LEAST_KEPT, _MOST_KEPT = 3, 12  # sentences of a document that go on, where there are many
_MANY, _FOREMOST = 50, 12  # of more documents, so many sentences each are compared by meaning
_POOL = 1024  # sentences that go on in all; of more, the better half


@dataclass(frozen=True, slots=True)
class _Item:
    """A sentence that may be quoted; `place` is its document's place in the task.

    `bonus` is for where it stands and what it names, and `leans` what it loses without the sentence
    before it.
    """

    place: int
    order: int
    pointer: Pointer
    text: str
    bonus: float
    leans: float


@dataclass(slots=True)
class _Pool:
    """What goes on of the documents, with vectors and how central each is in its own document."""

    items: list[_Item]
    vectors: Vectors
    weights: list[float]


def summary_by_quoting(
    task: SummaryTask, read: Read, embed: Embed, on_read: Callable[[int], None] | None = None
) -> Summary:
    """Quote the sentences that stand for versions of documents, one at least.

    With a focus, sentences near to it are preferred. Table rows are read but not quoted. A document
    that changed meanwhile is set aside. `on_read` is told how many documents were read, and may
    raise to stop.
    """
    timings: dict[str, float] = {}
    wanted = None if task.focus is None else embed([task.focus])[0]
    with step("read", timings):
        pool, coverage, tokens = _read_all(task, read, embed, wanted, on_read)
    with step("choose", timings):
        chosen = _choose(task, pool, wanted)
    lead = "- " if task.style is Style.BULLETS else ""
    cited = write([Statement(one.text, (one.pointer,), 1.0) for one in chosen], lead=lead)
    quoted = Counter(one.place for one in chosen)
    summary = Summary(
        id=task.id or f"sum_{uuid.uuid4().hex}",
        document_ids=tuple(name for name, _ in task.versions),
        focus=task.focus,
        text=cited.text,
        sentences=cited.sentences,
        citations=cited.citations,
        coverage=tuple(replace(one, cited=quoted[place]) for place, one in enumerate(coverage)),
        usage=Usage(tokens),
        timings=timings,
        model=EXTRACTIVE,
        prompt_hash=None,
        style=task.style,
        conflicts=conflicts_in(cited.sentences, cited.citations, embed),
    )
    return marked(summary, task.words, None if cited.sentences else "no_evidence")


def _read_all(
    task: SummaryTask,
    read: Read,
    embed: Embed,
    wanted: Vectors | None,
    on_read: Callable[[int], None] | None,
) -> tuple[_Pool, list[Coverage], int]:
    pool = _Pool([], np.zeros((0, 0), np.float32), [])
    coverage: list[Coverage] = []
    seen: set[int] = set()  # hashes of sentences
    tokens = 0
    waiting: list[_Item] = []
    lead = _LEAD_ALONE if len(task.versions) == 1 else _LEAD_AMONG
    # Of one stretch may come all that is quoted, and more to choose from; of many documents, less.
    is_many = len(task.versions) > _MANY
    most = min(_MOST_KEPT, task.words // 20) if is_many else task.words // 10
    most = max(_LEAST_KEPT, most)
    for place, version in enumerate(task.versions):
        try:
            source = read(version)
        except NotFound:
            aside = {Aside.CHANGED.value: 1}
            coverage.append(Coverage(version[0], "", 0, 0, aside, version[1], 0))
            continue
        items, one = _items(place, version, source, seen, lead)
        coverage.append(one)
        tokens += source.tokens
        if is_many:
            items = _foremost(items, task.focus)
        # Documents that are compared all at once are a few short ones, or a stretch of a long one.
        if len(waiting) + len(items) > _TOGETHER:
            _take(pool, waiting, embed, wanted, most)
            waiting = []
        waiting += items
        while len(waiting) > _TOGETHER:
            _take(pool, waiting[:_TOGETHER], embed, wanted, most)
            waiting = waiting[_TOGETHER:]
        if on_read is not None:
            on_read(place + 1)
    if pool.items:
        _take(pool, waiting, embed, wanted, most)
    elif waiting:  # little enough to be chosen from at once
        vectors = embed([one.text for one in waiting])
        pool = _Pool(waiting, vectors, [one.bonus for one in waiting])
    return pool, coverage, tokens


def _foremost(items: Sequence[_Item], focus: str | None) -> list[_Item]:
    """The sentences of a document with the words that it repeats, or those of a focus.

    As SumBasic weighs them (Nenkova and Vanderwende 2005), by the mean frequency of their words.
    """
    if len(items) <= _FOREMOST:
        return list(items)
    words = [stems(one.text) for one in items]
    often = Counter(stem for one in words for stem in one)
    if focus is not None:
        often = Counter({stem: often[stem] for stem in stems(focus)})
    most = max(often.values(), default=1) or 1
    scores = [
        one.bonus - one.leans + sum(often[stem] for stem in mine) / (most * max(1, len(mine)))
        for one, mine in zip(items, words, strict=True)
    ]
    best = sorted(range(len(items)), key=lambda at: (-scores[at], at))[:_FOREMOST]
    return [items[at] for at in sorted(best)]


def _items(
    place: int,
    version: DocumentVersion,
    source: Source,
    seen: set[int],
    lead: tuple[float, int],
) -> tuple[list[_Item], Coverage]:
    """What may be quoted of a document, and what is set aside."""
    aside: Counter[str] = Counter(source.flawed)
    found: list[_Item] = []
    for at, one in enumerate(source.evidence):
        reason = source.aside.get(at)
        key = hash(plain(one.text))
        if reason is None and key in seen:
            reason = Aside.DUPLICATE
        if reason is not None:
            aside[reason.value] += 1
            continue
        seen.add(key)
        if source.kinds[at] is UnitKind.SENTENCE:
            bonus = lead[0] * 0.5 ** (len(found) / lead[1]) + _HEADED * _headed(source, at)
            pointer = Pointer(one.document, one.spans[0], one.heading_path)
            lacks = _LEANS if leans(one.text) else 0.0
            found.append(_Item(place, at, pointer, one.text, bonus, lacks))
    coverage = Coverage(
        document_id=version[0],
        title=source.document.title,
        read=source.sentences,
        cited=0,
        set_aside=dict(aside),
        version=version[1],
        sentences=source.sentences,
    )
    # A text of notes or very long sentences has nothing better.
    return [one for one in found if is_statement(one.text)] or found, coverage


def _headed(source: Source, at: int) -> float:
    """The greater share of the words of its document's title or its heading that a sentence has."""
    one = source.evidence[at]
    mine = set(stems(one.text))
    shares = [
        len(mine & words) / len(words)
        for heading in (source.document.title, *one.heading_path[-1:])
        if (words := set(stems(heading)))
    ]
    return max(shares, default=0.0)


def _take(
    pool: _Pool, items: Sequence[_Item], embed: Embed, wanted: Vectors | None, most: int
) -> None:
    """Let the sentences that stand for their documents go on, document by document."""
    if not items:
        return
    vectors = embed([one.text for one in items])
    for start, stop in _stretches(items):
        near = vectors[start:stop]
        relevance = central(near, [one.bonus for one in items[start:stop]], wanted)
        lacking = np.array([one.leans for one in items[start:stop]])
        kept = most_central(near, relevance - lacking, most)
        pool.items += [items[start + at] for at in kept]
        pool.weights += [float(relevance[at]) for at in kept]
        rows = near[kept]
        pool.vectors = np.concatenate([pool.vectors, rows]) if len(pool.vectors) else rows
    if len(pool.items) > _POOL:
        _halve(pool, wanted)


def _stretches(items: Sequence[_Item]) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(1, len(items) + 1):
        if at == len(items) or items[at].place != items[start].place:
            yield start, at
            start = at


def _halve(pool: _Pool, wanted: Vectors | None) -> None:
    """Keep the better half of a pool: the more central, in its document and in the pool."""
    scores = central(pool.vectors, pool.weights, wanted)
    scores -= np.array([one.leans for one in pool.items])
    kept = sorted(np.argsort(-scores, kind="stable")[: _POOL // 2].tolist())
    pool.items = [pool.items[at] for at in kept]
    pool.weights = [pool.weights[at] for at in kept]
    pool.vectors = pool.vectors[kept]


def _choose(task: SummaryTask, pool: _Pool, wanted: Vectors | None) -> list[_Item]:
    if not pool.items:
        return []
    items = pool.items
    relevance = central(pool.vectors, pool.weights, wanted)
    placed = [Placed(len(one.text.split()), one.place, one.order) for one in items]
    lacking = [one.leans for one in items]
    chosen = up_to_length(pool.vectors, relevance, lacking, placed, task.words)
    room = (1 + SLACK) * task.words - sum(placed[at].words for at in chosen)
    for at in _against(chosen, pool):
        if placed[at].words <= room:
            chosen.append(at)
            room -= placed[at].words
    return [items[at] for at in sorted(chosen, key=lambda at: (items[at].place, items[at].order))]


def _against(chosen: Sequence[int], pool: _Pool) -> list[int]:
    """Sentences of other documents that give other figures than a chosen one."""
    claims = [Claim(one.text, ((one.place, one.order),)) for one in pool.items]
    pairs = contested(claims, _known(pool))
    return list(
        dict.fromkeys(
            contrary
            for pair in pairs
            for mine, contrary in (pair, pair[::-1])
            if mine in chosen and contrary not in chosen
        )
    )


def _known(pool: _Pool) -> Callable[[Sequence[str]], Vectors]:
    return lambda _: pool.vectors
