"""Which sentences stand for a text: central ones, without repetition, up to a length.

Centrality is continuous LexRank (Erkan and Radev, JAIR 2004) over sentence vectors; repetition is
kept out by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DAMPING = 0.85  # as in LexRank
_STEPS = 50
_BALANCE = 0.7  # weight of relevance against novelty in MMR
_REPEATED = 0.7  # cosine from which a sentence is left out whatever its relevance
_SPREAD = 0.05  # what each sentence that is chosen of a document takes from its others
_UNUSED = 0.15  # share of the words that may stay unused rather than be filled up

Vectors = NDArray[np.float32]


def lexrank(likeness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Stationary probabilities of a walk between similar sentences, scaled to a maximum of 1."""
    size = len(likeness)
    walk = likeness / likeness.sum(axis=1, keepdims=True)
    rank = np.full(size, 1 / size, dtype=np.float64)
    for _ in range(_STEPS):
        rank = (1 - _DAMPING) / size + _DAMPING * (rank @ walk)
    return np.asarray(rank / rank.max(), dtype=np.float64)


def central(vectors: Vectors, bonus: Sequence[float], focus: Vectors | None) -> NDArray[np.float64]:
    """How much each sentence stands for all, 0 to 1: LexRank and a bonus, or nearness to a focus.

    `vectors` are of length 1, one row a sentence, and `focus` is one such row.
    """
    if focus is not None:
        relevance = np.clip(vectors @ focus, 1e-6, None).astype(np.float64)
    else:
        relevance = lexrank(np.clip(vectors @ vectors.T, 1e-6, None)) + np.asarray(bonus)
    return np.asarray(relevance / relevance.max(), dtype=np.float64)


def most_central(vectors: Vectors, relevance: NDArray[np.float64], most: int) -> list[int]:
    """At most so many sentences, by MMR, in their order."""
    chosen: list[int] = []
    repeats = np.zeros(len(relevance))
    while len(chosen) < min(most, len(relevance)):
        scores = _BALANCE * relevance - (1 - _BALANCE) * repeats
        scores[chosen] = -np.inf
        chosen.append(int(scores.argmax()))
        repeats = np.maximum(repeats, vectors @ vectors[chosen[-1]])
    return sorted(chosen)


def up_to_length(
    vectors: Vectors,
    relevance: NDArray[np.float64],
    words: Sequence[int],
    places: Sequence[int],
    max_words: int,
) -> list[int]:
    """The best sentences, by MMR, of at most `max_words` words together, but one at least.

    `words` are their lengths, and `places` tell their documents apart. Near the end what fits is
    preferred, so that the length is kept within 15 % where the sentences allow it.
    """
    several = len(set(places)) > 1
    chosen: list[int] = []
    of_place: Counter[int] = Counter()
    repeats = np.zeros(len(relevance))
    open_items = set(range(len(relevance)))
    left = max_words
    while open_items:
        spread = [_SPREAD * of_place[place] if several else 0.0 for place in places]
        scores = _BALANCE * relevance - (1 - _BALANCE) * repeats - np.asarray(spread)
        best = max(open_items, key=lambda at: (scores[at], -at))
        open_items.remove(best)
        if chosen and (words[best] > left or repeats[best] >= _REPEATED):
            if left <= _UNUSED * max_words:
                break
            continue
        chosen.append(best)
        of_place[places[best]] += 1
        left -= words[best]
        repeats = np.maximum(repeats, vectors @ vectors[best])
    if left > _UNUSED * max_words:
        _exchange_one(chosen, vectors, relevance, words, max_words)
    return sorted(chosen)


def _exchange_one(
    chosen: list[int],
    vectors: Vectors,
    relevance: NDArray[np.float64],
    words: Sequence[int],
    max_words: int,
) -> None:
    """Put a longer sentence in the place of one, the best that makes the length right."""
    total = sum(words[at] for at in chosen)
    found: tuple[float, int, int] | None = None
    for number, old in enumerate(chosen):
        others = [at for at in chosen if at != old]
        for at in range(len(words)):
            length = total - words[old] + words[at]
            if at in chosen or not (1 - _UNUSED) * max_words <= length <= max_words:
                continue
            if others and float((vectors[others] @ vectors[at]).max()) >= _REPEATED:
                continue
            loss = float(relevance[old] - relevance[at])
            if found is None or loss < found[0]:
                found = loss, number, at
    if found is not None:
        chosen[found[1]] = found[2]
