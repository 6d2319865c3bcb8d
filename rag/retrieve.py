"""A question to passages: dense and lexical search, fused by rank."""

from collections.abc import Sequence
from enum import StrEnum

from corpus.ingest import Embed
from corpus.library import Library
from corpus.search import by_words, found_chunks
from corpus.types import Passage
from corpus.vectors import VectorIndex
from rag.words import content_words

# Reciprocal rank fusion and its constant: Cormack, Clarke and Büttcher, SIGIR 2009.
_RRF = 60
_DEPTH = 50  # hits of each half that are fused


class Mode(StrEnum):
    """Which halves of the search are used."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


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
) -> list[Passage]:
    """At most `k` passages for a query, the best first.

    Every hit is checked against the library, so that what was deleted or replaced is not found
    even while the vector index still holds it.
    """
    depth = max(_DEPTH, k)
    halves: dict[str, list[int]] = {}
    if mode is not Mode.LEXICAL:
        halves["dense"] = vectors.search(tenant, collection, embed([query])[0], depth)
    if mode is not Mode.DENSE:
        halves["lexical"] = by_words(library, tenant, collection, content_words(query), depth)
    wanted = sorted({chunk_id for half in halves.values() for chunk_id in half})
    chunks = found_chunks(library, tenant, collection, wanted)
    ranks = {
        half: {
            chunk_id: rank for rank, chunk_id in enumerate((i for i in ids if i in chunks), start=1)
        }
        for half, ids in halves.items()
    }
    scores = {
        chunk_id: sum(1 / (_RRF + by_id[chunk_id]) for by_id in ranks.values() if chunk_id in by_id)
        for chunk_id in chunks
    }
    best = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:k]
    passages = []
    for rank, chunk_id in enumerate(best, start=1):
        chunk, title, uri, text = chunks[chunk_id]
        found_by = {half: by_id[chunk_id] for half, by_id in ranks.items() if chunk_id in by_id}
        passages.append(Passage(chunk, title, uri, text, scores[chunk_id], rank, found_by))
    return passages


def within_budget(passages: Sequence[Passage], max_tokens: int) -> list[Passage]:
    """The passages in rank order until one would overrun the budget; always the first."""
    kept: list[Passage] = []
    used = 0
    for passage in passages:
        used += passage.chunk.token_count
        if kept and used > max_tokens:
            break
        kept.append(passage)
    return kept
