"""Which sentences stand for a text: central ones, without repetition, up to a length.

Centrality is continuous LexRank (Erkan and Radev, JAIR 2004) over sentence vectors; repetition is
kept out by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.types import SLACK

_DAMPING = 0.85  # as in LexRank
_STEPS = 50
# Weight of relevance against novelty in MMR. ROUGE-1 of 300 clusters of Multi-News is .442 with 0.7
# to 0.85, and of 100 articles of CNN/DailyMail .327 with 0.7 and .330 with more.
_BALANCE = 0.8
_REPEATED = 0.7  # cosine from which a sentence is left out whatever its relevance
_SPREAD = 0.05  # what each sentence that is chosen of a document takes from its others
_FULL = 0.9  # share of the length from which a sentence that does not fit ends the choice

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placed:
    """How long a sentence is, and where it stands: which document, and which sentence of it."""

    words: int
    place: int
    order: int


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
    leans: Sequence[float],
    sentences: Sequence[Placed],
    length: int,
) -> list[int]:
    """The best sentences, by MMR, of about `length` words together, but one at least.

    `leans` is what each loses unless the one before it is there, too. The length is kept within
    15 % where the sentences allow it.
    """
    words = np.array([one.words for one in sentences])
    places = np.array([one.place for one in sentences])
    several = len(set(places)) > 1
    follower = {(one.place, one.order - 1): at for at, one in enumerate(sentences)}
    scores = _BALANCE * (relevance - np.asarray(leans))
    repeats = np.zeros(len(relevance))
    is_open = np.ones(len(relevance), np.bool_)
    chosen: list[int] = []
    total = 0
    while is_open.any():
        marked_down = np.where(is_open, scores - (1 - _BALANCE) * repeats, -np.inf)
        best = int(marked_down.argmax())
        is_open[best] = False
        longer = total + int(words[best])
        if repeats[best] >= _REPEATED:
            continue
        if longer > (1 + SLACK) * length or longer - length > length - total:
            if total >= _FULL * length:
                break
            continue
        chosen.append(best)
        total = longer
        repeats = np.maximum(repeats, vectors @ vectors[best])
        if several:
            scores[places == places[best]] -= _SPREAD
        after = follower.get((sentences[best].place, sentences[best].order))
        if after is not None:
            scores[after] += _BALANCE * leans[after]
    if not chosen:  # all are too long
        chosen = [min(range(len(words)), key=lambda at: (words[at], -relevance[at]))]
    if total < (1 - SLACK) * length:
        _exchange_one(chosen, vectors, relevance - np.asarray(leans), words, length)
    return sorted(chosen)


def _exchange_one(
    chosen: list[int],
    vectors: Vectors,
    relevance: NDArray[np.float64],
    words: NDArray[np.int64],
    length: int,
) -> None:
    """Put a longer sentence in the place of one, the best that makes the length right."""
    total = int(words[chosen].sum())
    found: tuple[float, int, int] | None = None
    for number, old in enumerate(chosen):
        others = [at for at in chosen if at != old]
        for at in range(len(words)):
            if at in chosen or abs(total - words[old] + words[at] - length) > SLACK * length:
                continue
            if others and float((vectors[others] @ vectors[at]).max()) >= _REPEATED:
                continue
            loss = float(relevance[old] - relevance[at])
            if found is None or loss < found[0]:
                found = loss, number, at
    if found is not None:
        chosen[found[1]] = found[2]
