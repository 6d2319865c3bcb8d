"""Stretches of the evidence that are read together with a claim."""

import math
from collections import Counter
from collections.abc import Sequence

from rag.terms import terms

_MOST = 350  # word pieces of a window, as the claim model was trained to read
_NEAR = 220  # word pieces of a sentence with its neighbours
# How many of the texts nearest to the claim are read with their neighbours, beside the cited ones.
# AUC of the best window on LFQA, FRANK and two domains of SummEdits together: none .794, one .803,
# three .799; three chosen by cosine as well .798, so words alone choose.
_BEST = 1
_LONG = 50  # different words by which a text's weight halves

Window = tuple[int, ...]  # indexes of evidence, in its order


def windows(
    claim: str,
    texts: Sequence[str],
    cited: Sequence[int],
    sizes: Sequence[int],
) -> list[Window]:
    """What to read with a claim: first a wide window, then narrow ones, each once.

    The wide one has the cited texts and those that are nearest to the claim, as many as fit; a
    narrow one has a cited or near text with its neighbours. Texts are in the order of their
    documents; `sizes` are their word pieces.
    """
    order = [*cited, *(at for at in ranked(claim, texts) if at not in set(cited))]
    found = [_wide(order, sizes)]
    for at in order[: max(_BEST, len(cited))]:
        near = tuple(one for one in (at - 1, at, at + 1) if 0 <= one < len(texts))
        found.append(near if sum(sizes[one] for one in near) <= _NEAR else (at,))
    return [window for window in dict.fromkeys(found) if window]


def ranked(claim: str, texts: Sequence[str]) -> list[int]:
    """Indexes of the texts, those first that share most words with the claim, by their rarity."""
    wanted = terms(claim).said
    shared = [[stem for stem in wanted if stem in terms(text).said] for text in texts]
    often = Counter(stem for stems in shared for stem in stems)
    weights = [
        sum(math.log(1 + len(texts) / often[stem]) for stem in stems)
        / (1 + len(terms(text).words) / _LONG)
        for stems, text in zip(shared, texts, strict=True)
    ]
    return sorted(range(len(texts)), key=lambda at: -weights[at])


def _wide(order: Sequence[int], sizes: Sequence[int]) -> Window:
    kept: list[int] = []
    room = _MOST
    for at in order:
        if sizes[at] <= room or not kept:
            kept.append(at)
            room -= sizes[at]
    return tuple(sorted(kept))
