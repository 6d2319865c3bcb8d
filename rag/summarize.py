"""A summary by quoting: central sentences without repetition, in document order.

Centrality is continuous LexRank (Erkan and Radev, JAIR 2004) over MiniLM vectors; repetition is
kept out by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.ingest import Embed
from corpus.library import Library
from corpus.types import Chunk, Document, DocumentVersion, Unit, UnitKind
from rag.citations import CitedText, Pointer, Statement, write
from rag.evidence import unit_text
from rag.telemetry import step
from rag.types import EXTRACTIVE, Coverage, Summary, SummaryTask, Usage

_DAMPING = 0.85  # as in LexRank
_STEPS = 50
_BALANCE = 0.7  # weight of relevance against novelty in MMR
_LEAD = 0.3  # bonus of a document's first sentence, halved every five sentences
_REST = 0.4  # share of the words that may stay unused rather than be filled up
_REPEATED = 0.7  # cosine from which a sentence is left out whatever its relevance
_WORDS = (6, 60)  # fewer make no sentence, more are not central but long


@dataclass(frozen=True, slots=True)
class _Item:
    document: Document
    chunk: Chunk
    pointer: Pointer
    text: str
    lead: float


def summarize(
    documents: Sequence[tuple[Document, Sequence[Chunk]]],
    embed: Embed,
    *,
    max_words: int,
    focus: str | None = None,
) -> tuple[CitedText, tuple[Coverage, ...]]:
    """Quote the sentences that stand for the documents, at most `max_words` words, at least one.

    With a `focus`, sentences near to it are preferred. Table rows are read but not quoted.
    """
    every = [item for document, chunks in documents for item in _items(document, chunks)]
    # A text of notes or very long sentences has nothing better.
    items = [item for item in every if _is_plain_sentence(item.text)] or every
    chosen = _choose(items, embed, max_words, focus)
    cited = write([Statement(item.text, (item.pointer,), 1.0) for item in chosen])
    quoted = Counter(item.document.id for item in chosen)
    coverage = tuple(
        Coverage(
            document_id=document.id,
            title=document.title,
            read=sum(unit.kind in (UnitKind.SENTENCE, UnitKind.ROW) for unit in _units(chunks)),
            cited=quoted[document.id],
            set_aside=_set_aside(chunks),
        )
        for document, chunks in documents
    )
    return cited, coverage


def summary_by_quoting(
    library: Library, tenant: str, task: SummaryTask, *, embed: Embed
) -> Summary:
    """Summarize versions of documents; raises NotFound."""
    timings: dict[str, float] = {}
    with step("load", timings):
        sources = [_source(library, tenant, version) for version in task.versions]
    with step("summarize", timings):
        cited, coverage = summarize(sources, embed, max_words=task.words, focus=task.focus)
    return Summary(
        id=task.id or f"sum_{uuid.uuid4().hex}",
        document_ids=tuple(name for name, _ in task.versions),
        focus=task.focus,
        text=cited.text,
        sentences=cited.sentences,
        citations=cited.citations,
        coverage=coverage,
        usage=Usage(sum(one.token_count for _, chunks in sources for one in chunks)),
        timings=timings,
        model=EXTRACTIVE,
        prompt_hash=None,
    )


def _source(
    library: Library, tenant: str, version: DocumentVersion
) -> tuple[Document, Sequence[Chunk]]:
    return library.document(tenant, *version), library.chunks(tenant, version[0])


def _units(chunks: Sequence[Chunk]) -> list[Unit]:
    return [unit for chunk in chunks for unit in chunk.units]


def _set_aside(chunks: Sequence[Chunk]) -> Mapping[str, int]:
    return dict(Counter(unit.flaw.value for unit in _units(chunks) if unit.flaw is not None))


def _items(document: Document, chunks: Sequence[Chunk]) -> list[_Item]:
    items: list[_Item] = []
    for chunk in chunks:
        for unit in chunk.units:
            text = unit_text(document, unit)
            if unit.quotable and unit.kind is UnitKind.SENTENCE:
                lead = _LEAD * 0.5 ** (len(items) / 5)
                pointer = Pointer(document, unit.span, chunk.heading_path)
                items.append(_Item(document, chunk, pointer, text, lead))
    return items


def _is_plain_sentence(text: str) -> bool:
    return _WORDS[0] <= len(text.split()) <= _WORDS[1] and text[-1] in '.!?”"’)…'


def _choose(items: Sequence[_Item], embed: Embed, max_words: int, focus: str | None) -> list[_Item]:
    if not items:
        return []
    vectors = embed([item.text for item in items])
    likeness = np.clip(vectors @ vectors.T, 0, None).astype(np.float64)
    relevance = _lexrank(likeness) + np.array([item.lead for item in items])
    if focus is not None:
        relevance = np.clip(vectors @ embed([focus])[0], 1e-6, None).astype(np.float64)
    relevance = relevance / relevance.max()
    chosen: list[int] = []
    left = max_words
    open_items = set(range(len(items)))
    while open_items:
        repeats = likeness[:, chosen].max(axis=1) if chosen else np.zeros(len(items))
        scores = _BALANCE * relevance - (1 - _BALANCE) * repeats
        best = max(open_items, key=lambda at: (scores[at], -at))
        open_items.remove(best)
        words = len(items[best].text.split())
        if chosen and words > left and left < _REST * max_words:
            break  # what would still fit is short, not central
        if chosen and (words > left or repeats[best] >= _REPEATED):
            continue
        chosen.append(best)
        left -= words
    return [items[at] for at in sorted(chosen)]


def _lexrank(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stationary probabilities of a walk between similar sentences, scaled to a maximum of 1."""
    size = len(likeness)
    walk = likeness / likeness.sum(axis=1, keepdims=True)
    rank = np.full(size, 1 / size)
    for _ in range(_STEPS):
        rank = (1 - _DAMPING) / size + _DAMPING * (rank @ walk)
    return np.asarray(rank / rank.max())
