"""Stretches of the evidence that are read together with a claim."""

import math
from collections.abc import Callable, Sequence

from corpus.ingest import Embed
from rag.terms import terms

_MOST = 350  # word pieces of a window, as the claim model was trained to read
_NEAR = 220  # word pieces of a sentence with its neighbours
_BEST = 3  # sentences that are read with their neighbours, beside those that are cited

Window = tuple[int, ...]  # indexes of evidence, in its order


def windows(
    claim: str,
    texts: Sequence[str],
    cited: Sequence[int],
    count: Callable[[str], int],
    embed: Embed | None = None,
) -> list[Window]:
    """What to read with a claim: first a wide window, then narrow ones, each once.

    The wide one has the cited texts and those that are nearest to the claim, as many as fit; a
    narrow one has a cited or near text with its neighbours. Texts are in the order of their
    documents; `count` gives word pieces.
    """
    order = [*cited, *(at for at in ranked(claim, texts, embed) if at not in set(cited))]
    sizes = [count(text) for text in texts]
    found = [_wide(order, sizes)]
    for at in order[: max(_BEST, len(cited))]:
        near = tuple(one for one in (at - 1, at, at + 1) if 0 <= one < len(texts))
        found.append(near if sum(sizes[one] for one in near) <= _NEAR else (at,))
    return [window for window in dict.fromkeys(found) if window]


def ranked(claim: str, texts: Sequence[str], embed: Embed | None = None) -> list[int]:
    """Indexes of the texts, those nearest to the claim first.

    By the weight of the words that they share, rarer words weighing more; with `embed` by that and
    by cosine, their ranks fused.
    """
    wanted = terms(claim).stems
    shared = [[stem for stem in wanted if terms(text).has(stem)] for text in texts]
    often = {stem: sum(stem in one for one in shared) for stem in wanted}
    weights = [
        sum(math.log(1 + len(texts) / often[stem]) for stem in one)
        / (1 + len(terms(text).words) / 50)
        for one, text in zip(shared, texts, strict=True)
    ]
    lexical = sorted(range(len(texts)), key=lambda at: -weights[at])
    if embed is None or not texts:
        return lexical
    vectors = embed([claim, *texts])
    cosines = vectors[1:] @ vectors[0]
    dense = sorted(range(len(texts)), key=lambda at: -float(cosines[at]))
    ranks = {at: 1.0 / (60 + rank) for rank, at in enumerate(lexical)}
    for rank, at in enumerate(dense):
        ranks[at] += 1.0 / (60 + rank)
    return sorted(ranks, key=lambda at: -ranks[at])


def _wide(order: Sequence[int], sizes: Sequence[int]) -> Window:
    kept: list[int] = []
    room = _MOST
    for at in order:
        if sizes[at] <= room or not kept:
            kept.append(at)
            room -= sizes[at]
    return tuple(sorted(kept))
