"""A question to passages: dense and lexical search, fused, and grown to what stands beside."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain

from corpus.chunk import joined
from corpus.embedders import is_complete
from corpus.errors import IndexIncomplete
from corpus.filters import Filter
from corpus.ingest import Embed
from corpus.library import Library
from corpus.search import Found, by_words, found_chunks, places_near
from corpus.selection import chunk_ids, selected_documents
from corpus.types import Passage
from corpus.vectors import VectorIndex
from rag.fusion import Fusion, fused, ranks_by_half
from rag.words import content_words

# Chosen, with the size of chunks, on one half of the questions of the set `spans`;
# `pincite eval retrieval` prints what they score on the other half, and what else was tried.
FUSION = Fusion(constant=6, dense=1.0, lexical=1.5, share=0.3, reach=2, depth=100, body=3.0)

_LONGEST = 400  # tokens of a passage that has grown
_FEWEST = 20  # tokens of a chunk, when it is reckoned how many fill a budget
_SAME = 0.8  # share of their runs of three words that two chunks have in common when they are one

Run = list[Found]  # chunks that stand side by side, in their order


class Mode(StrEnum):
    """Which halves of the search are used."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


def usable_mode(library: Library, tenant: str, collection: str, mode: Mode) -> Mode:
    """The mode, or LEXICAL for HYBRID while the vectors of the collection are made anew.

    Raises IndexIncomplete in that time for DENSE.
    """
    if mode is Mode.LEXICAL or is_complete(library, tenant, collection):
        return mode
    if mode is Mode.DENSE:
        raise IndexIncomplete(
            f"The vectors of {collection!r} are being made by a new embedding model. "
            "Search with the mode hybrid or lexical, by words, until they are all there."
        )
    return Mode.LEXICAL


def retrieve(
    library: Library,
    vectors: VectorIndex,
    embed: Embed,
    query: str,
    *,
    tenant: str,
    collection: str,
    k: int,
    mode: Mode = Mode.HYBRID,
    max_tokens: int | None = None,
    per_document: int | None = None,
    where: Filter = (),
    fusion: Fusion = FUSION,
) -> list[Passage]:
    """At most `k` passages for a query, the best first, of at most `max_tokens` tokens together.

    A passage is a chunk, or several that stand side by side. Of chunks that say the same in the
    same words only the best is taken, and of one document no more than `per_document` passages.
    Both halves search the same documents: those that pass `where`.

    Every hit is checked against the library, so that what was deleted or replaced is not found
    even while the vector index still holds it.
    """
    within = selected_documents(library, tenant, collection, where) if where else None
    if within == []:
        return []
    halves: dict[str, list[int]] = {}
    depth = max(fusion.depth, k)
    if mode is not Mode.LEXICAL:
        of = None if within is None else chunk_ids(library, tenant, within)
        halves["dense"] = vectors.search(tenant, collection, embed([query])[0], depth, of)
    if mode is not Mode.DENSE:
        words = content_words(query)
        weights = (fusion.heading, fusion.body, fusion.around)
        halves["lexical"] = by_words(
            library, tenant, collection, words, depth, weights=weights, within=within
        )
    hits = sorted({chunk_id for half in halves.values() for chunk_id in half})
    places = places_near(library, tenant, collection, hits, fusion.reach)
    scores = fused(halves, places, fusion)
    stands = {place.chunk_id: (place.document_id, place.ordinal) for place in places}
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], stands[chunk_id]))
    wanted = order[: max(4 * k, (max_tokens or 0) // _FEWEST)]
    found = found_chunks(library, tenant, collection, wanted)
    best = [found[chunk_id] for chunk_id in wanted if chunk_id in found]
    runs = grown(without_twins(best), k, max_tokens, per_document)
    ranks = ranks_by_half(halves, places)
    return [_passage(run, rank, scores, ranks) for rank, run in enumerate(runs, start=1)]


def without_twins(ranked: Iterable[Found]) -> Iterable[Found]:
    """The chunks in their order, but for those that repeat a better one in the same words."""
    seen: list[frozenset[tuple[str, ...]]] = []
    for one in ranked:
        words = one.text.lower().split()
        shingles = frozenset(zip(words, words[1:], words[2:], strict=False))
        if not any(_likeness(shingles, other) >= _SAME for other in seen):
            seen.append(shingles)
            yield one


def _likeness(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Jaccard's index, 0 for two texts of fewer than three words."""
    shared = len(one & other)
    return shared / max(len(one) + len(other) - shared, 1)


def grown(
    ranked: Iterable[Found], k: int, max_tokens: int | None, per_document: int | None
) -> list[Run]:
    """Chunks in rank order as runs, until there would be more than `k` or one overrun the budget.

    A chunk beside a run joins it; the first chunk is taken whatever its size.
    """
    runs: list[Run] = []
    used = 0
    for one in ranked:
        beside = [run for run in runs if _touch(run, one)]
        whole = sorted([*chain(*beside), one], key=lambda part: part.chunk.ordinal)
        joins = bool(beside) and _tokens(whole) <= _LONGEST
        if not joins and per_document is not None and _of(runs, one) >= per_document:
            continue
        used += one.chunk.token_count + 1  # and the white space before it
        overruns = max_tokens is not None and used > max_tokens
        if runs and (overruns or (len(runs) == k and not joins)):
            break
        if joins:
            runs[runs.index(beside[0])] = whole
            runs = [run for run in runs if run not in beside[1:]]
        else:
            runs.append([one])
    return runs


def _touch(run: Run, one: Found) -> bool:
    chunk, first, last = one.chunk, run[0].chunk, run[-1].chunk
    return chunk.document_id == first.document_id and chunk.ordinal in (
        first.ordinal - 1,
        last.ordinal + 1,
    )


def _tokens(run: Run) -> int:
    return sum(one.chunk.token_count for one in run)


def _of(runs: Sequence[Run], one: Found) -> int:
    return sum(run[0].chunk.document_id == one.chunk.document_id for run in runs)


def _passage(
    run: Run,
    rank: int,
    scores: Mapping[int, float],
    ranks: Mapping[str, Mapping[int, int]],
) -> Passage:
    chunks = [one.chunk for one in run]
    found_by = {
        half: min(by_id[chunk.id] for chunk in chunks if chunk.id in by_id)
        for half, by_id in ranks.items()
        if any(chunk.id in by_id for chunk in chunks)
    }
    return Passage(
        chunk=joined(chunks),
        title=run[0].title,
        uri=run[0].uri,
        text="".join(one.text + one.gap for one in run[:-1]) + run[-1].text,
        score=max(scores[chunk.id] for chunk in chunks),
        rank=rank,
        ranks_by=found_by,
    )
