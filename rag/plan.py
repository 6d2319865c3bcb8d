"""What a model is to read for a summary, and in how many calls, before any is made."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from corpus.errors import NotFound
from corpus.types import DocumentVersion
from rag.material import Aside, Source, plain
from rag.types import SummaryTask

# Documents that have a sentence word for word from which it is the site's and not theirs: this many
# and this share of them.
_REPEATED, _REPEATED_SHARE = 5, 0.2
_LEAST_EACH = 60  # tokens of a document, for which it is begun
_MOST_LINES = 900  # of a call, whose numbers have three digits
# Tokens that a call sends beside what it reads, and that it brings, as a share of those.
OVERHEAD, ANSWERED = 350, 0.3
LEAST_READ = 100  # tokens of the sources, of which a summary can be made


@dataclass(frozen=True, slots=True)
class Reading:
    """One document in a plan: how much there is of it, and what is set aside, by reason."""

    document_id: str
    version: int
    title: str
    sentences: int
    tokens: int
    aside: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Sentences and rows of one document, by their indexes; `document` is its place in the plan."""

    document: int
    units: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read in which call. A plan that is `direct` has the writing call read the sources.

    It is JSON, and a job keeps it: what happens to the documents afterwards does not change it.
    """

    readings: tuple[Reading, ...]
    batches: tuple[tuple[Part, ...], ...]
    direct: bool

    @property
    def tokens(self) -> int:
        """Of the documents, whether or not they are read."""
        return sum(one.tokens for one in self.readings)

    @property
    def read(self) -> int:
        """Tokens of what is read."""
        return sum(part.tokens for batch in self.batches for part in batch)


Read = Callable[[DocumentVersion], Source]


def make_plan(
    task: SummaryTask,
    read: Read,
    count_tokens: Callable[[str], int],
    *,
    call_tokens: int,
    answer_tokens: int,
) -> Plan:
    """Plan a summary by a model, which reads at most `call_tokens` of the sources in one call.

    `answer_tokens` are the most that it may write in one.
    """
    repeated = _repeated(task, read)
    readings: list[Reading] = []
    parts: list[Part] = []
    seen: set[int] = set()  # hashes, since there may be a million
    for place, version in enumerate(task.versions):
        try:
            source = read(version)
        except NotFound:
            changed = {Aside.CHANGED.value: 1}
            readings.append(Reading(version[0], version[1], "", 0, 0, changed))
            continue
        aside: Counter[str] = Counter(source.flawed)
        for at, one in enumerate(source.evidence):
            reason = source.aside.get(at)
            key = hash(plain(one.text))
            if reason is None and key in repeated:
                reason = Aside.BOILERPLATE
            elif reason is None and key in seen:
                reason = Aside.DUPLICATE
            if reason is not None:
                aside[reason.value] += 1
                continue
            seen.add(key)
            parts.append(Part(place, (at,), count_tokens(one.text)))
        document = source.document
        readings.append(
            Reading(
                *version,
                title=document.title,
                sentences=source.sentences,
                tokens=source.tokens,
                aside=dict(aside),
            )
        )
    parts, left_out = _within(task, parts, call_tokens, answer_tokens)
    for place, number in left_out.items():
        aside = Counter(readings[place].aside) + Counter({Aside.BUDGET.value: number})
        readings[place] = replace(readings[place], aside=dict(aside))
    batches = tuple(_batches(parts, call_tokens))
    return Plan(tuple(readings), batches, direct=len(batches) <= 1)


def _repeated(task: SummaryTask, read: Read) -> set[int]:
    """Hashes of the sentences that so many of the documents have that they are the site's."""
    if len(task.versions) < _REPEATED:
        return set()
    had_by: Counter[int] = Counter()
    for version in task.versions:
        with suppress(NotFound):  # which the plan notes
            had_by.update({hash(plain(one.text)) for one in read(version).evidence})
    least = max(_REPEATED, _REPEATED_SHARE * len(task.versions))
    return {key for key, count in had_by.items() if count >= least}


def writing_tokens(call_tokens: int, answer_tokens: int) -> int:
    """Most tokens that one try to write a summary takes, sent and written."""
    return 2 * OVERHEAD + 2 * call_tokens + answer_tokens


def _within(
    task: SummaryTask, parts: list[Part], call_tokens: int, answer_tokens: int
) -> tuple[list[Part], Counter[int]]:
    """What the budget lets be read, and how much of each document it does not.

    Every document is read from its start, all of them equally far: the shortest ones whole. Where
    that would be less than a sentence or two, only some of the documents are.
    """
    total = sum(part.tokens for part in parts)
    if task.budget_tokens is None:
        return parts, Counter()
    if total <= call_tokens:
        allowed = (task.budget_tokens - 2 * OVERHEAD - answer_tokens) / 2
    else:
        left = task.budget_tokens - writing_tokens(call_tokens, answer_tokens)
        a_call = 2 * OVERHEAD + call_tokens * 1.2 + 2 * answer_tokens
        allowed = left // a_call * call_tokens
        if allowed <= 0:
            allowed = min(call_tokens, (task.budget_tokens - 2 * OVERHEAD - answer_tokens) / 2)
    sizes: Counter[int] = Counter()
    for part in parts:
        sizes[part.document] += part.tokens
    sizes = _some(sizes, int(allowed // _LEAST_EACH))
    each = _equal_share(sizes.values(), allowed)
    kept: list[Part] = []
    left_out: Counter[int] = Counter()
    so_far: Counter[int] = Counter()
    room = allowed
    for part in parts:
        mine = so_far[part.document] + part.tokens
        if part.document in sizes and mine <= each and part.tokens <= room:
            so_far[part.document] += part.tokens
            room -= part.tokens
            kept.append(part)
        else:
            so_far[part.document] = int(each) + 1  # nothing after a gap
            left_out[part.document] += 1
    return kept, left_out


def _some(sizes: Counter[int], most: int) -> Counter[int]:
    """At most so many of the documents, at equal distances; one at least."""
    if len(sizes) <= max(1, most):
        return sizes
    places = list(sizes)
    step = len(places) / max(1, most)
    return Counter({place: sizes[place] for place in places[:: math.ceil(step)]})


def _equal_share(sizes: Iterable[int], allowed: float) -> float:
    """The size to which all are cut so that together they have what is allowed."""
    open_sizes = sorted(sizes)
    left = allowed
    for at, size in enumerate(open_sizes):
        share = left / (len(open_sizes) - at)
        if size > share:
            return share
        left -= size
    return float("inf")


def _batches(parts: Iterable[Part], call_tokens: int) -> Iterator[tuple[Part, ...]]:
    """Sentences together, in their order, up to the size of a call."""
    batch: list[Part] = []
    size = lines = 0
    for part in parts:
        if batch and (size + part.tokens > call_tokens or lines == _MOST_LINES):
            yield tuple(batch)
            batch, size, lines = [], 0, 0
        if batch and batch[-1].document == part.document:
            before = batch[-1]
            batch[-1] = Part(part.document, before.units + part.units, before.tokens + part.tokens)
        else:
            batch.append(part)
        size += part.tokens
        lines += 1
    if batch:
        yield tuple(batch)
