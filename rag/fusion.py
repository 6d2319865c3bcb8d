"""Ranks of several searches as one score for each chunk.

Weighted reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009); then a chunk takes a
share of its neighbours' scores, since what answers a question often runs on over several chunks.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.search import Place


@dataclass(frozen=True, slots=True)
class Fusion:
    """How ranks become scores: a hit scores `weight / (constant + rank)` in each half.

    `depth` hits of each half are read. A chunk gets `share` of the scores of the chunks beside it,
    half of that of those next to them, and so on, `reach` chunks far.

    `heading`, `body` and `around` are BM25's weights of a chunk's title and headings, of its own
    text and of its neighbours' text.
    """

    constant: float
    dense: float
    lexical: float
    share: float
    reach: int
    depth: int
    heading: float = 1.0
    body: float = 1.0
    around: float = 1.0


def fused(
    halves: Mapping[str, Sequence[int]], places: Sequence[Place], fusion: Fusion
) -> dict[int, float]:
    """The score of every place: `halves` has the ids that each half found, the best first.

    An id that has no place may not be searched; it takes no rank.
    """
    weights = {"dense": fusion.dense, "lexical": fusion.lexical}
    own: dict[int, float] = defaultdict(float)
    for half, ranks in ranks_by_half(halves, places).items():
        for chunk_id, rank in ranks.items():
            own[chunk_id] += weights[half] / (fusion.constant + rank)
    by_position = {(place.document_id, place.ordinal): place.chunk_id for place in places}
    scores = {place.chunk_id: own.get(place.chunk_id, 0.0) for place in places}
    for place in places:
        for distance in range(1, fusion.reach + 1):
            share = fusion.share * 0.5 ** (distance - 1)
            for ordinal in (place.ordinal - distance, place.ordinal + distance):
                neighbour = by_position.get((place.document_id, ordinal))
                if neighbour is not None:
                    scores[place.chunk_id] += share * own.get(neighbour, 0.0)
    return scores


def ranks_by_half(
    halves: Mapping[str, Sequence[int]], places: Sequence[Place]
) -> dict[str, dict[int, int]]:
    """For each half, the rank from 1 of each of its ids that has a place."""
    known = {place.chunk_id for place in places}
    return {
        half: {
            chunk_id: rank
            for rank, chunk_id in enumerate((one for one in ids if one in known), start=1)
        }
        for half, ids in halves.items()
    }
