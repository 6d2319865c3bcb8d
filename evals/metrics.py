"""What retrieval and judgements are measured by. Pure functions.

Recall, nDCG and MRR are written by hand: ir-measures 0.4.3 (Apache-2.0) has wheels for Python 3.11
to 3.13 but brings SciPy (113 MB installed), ranx 0.3.21 (MIT) brings numba, pandas and matplotlib,
and in both a passage is one relevant item, while ours may have several places that support.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.types import Span

Floats = NDArray[np.float64]


def span_recall(references: Sequence[Span], found: Sequence[Span]) -> float:
    """Share of the references' characters that lie in what was found, 0 to 1.

    As in Smith and Troynikov, Evaluating Chunking Strategies for Retrieval, 2024: characters of
    overlapping references count once each time they occur.
    """
    wanted = sum(span.end - span.start for span in references)
    covered = 0
    for reference in references:
        at = reference.start
        for span in sorted(found):
            start, end = max(at, span.start), min(reference.end, span.end)
            if start < end:
                covered += end - start
                at = end
    return covered / wanted


def span_precision(references: Sequence[Span], found: Sequence[Span]) -> float:
    """Share of the characters of what was found that lie in the references, 0 to 1.

    As in Smith and Troynikov, 2024; 0 where nothing was found.
    """
    return span_recall(found, references) if any(one.end > one.start for one in found) else 0.0


def span_iou(references: Sequence[Span], found: Sequence[Span]) -> float:
    """Characters in both, by characters in any: intersection over union, 0 to 1.

    As in Smith and Troynikov, 2024; spans of neither side may overlap each other.
    """
    wanted = sum(span.end - span.start for span in references)
    got = sum(span.end - span.start for span in found)
    both = span_recall(references, found) * wanted
    return both / (wanted + got - both)


def recall_at(k: int, hits: Sequence[frozenset[int]], relevant: int) -> float:
    """Share of the relevant items, `relevant` in number, that the first k results have.

    `hits` gives, for each result by rank, the relevant items that it has.
    """
    return len(frozenset[int]().union(*hits[:k])) / relevant


def reciprocal_rank(hits: Sequence[frozenset[int]]) -> float:
    """1 / rank of the first result that has a relevant item; 0 without any. Its mean is the MRR."""
    return next((1 / rank for rank, has in enumerate(hits, 1) if has), 0.0)


def ndcg_at(k: int, hits: Sequence[frozenset[int]], relevant: int) -> float:
    """Normalized discounted cumulative gain of the first k results (Järvelin and Kekäläinen, 2002).

    A result gains 1 for each relevant item that none before it has. The ideal has one in each of
    the first ranks; since a result may have several, what would be over 1 is 1.
    """
    seen: set[int] = set()
    gained = 0.0
    for rank, has in enumerate(hits[:k], 1):
        gained += len(has - seen) / math.log2(rank + 1)
        seen |= has
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, relevant) + 1))
    return min(1.0, gained / ideal)


def share(hits: Floats, among: Floats) -> float:
    """Share of the weights of some cases, 0 to 1 each, that is of hits; NaN without any weight."""
    total = among.sum()
    return float((hits * among).sum() / total) if total else float("nan")


def balanced_accuracy(answered: Floats, answerable: Floats) -> float:
    """Mean of the shares of answerable questions answered and of others not; NaN without either.

    Also of claims called supported and supported: the mean of the accuracies on either class.
    """
    return (share(answered, answerable) + share(1 - answered, 1 - answerable)) / 2


def selective_risks(confidence: Floats, right: Floats) -> Floats:
    """Share of wrong answers among the 1, 2, ... n most confident: the risk-coverage curve [n].

    As in El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification, 2010. The
    mean of the curve is its AURC (Geifman, Uziel and El-Yaniv, 2019). Of cases of the same
    confidence the earlier counts as the more confident.
    """
    order = np.argsort(-confidence, kind="stable")
    return np.asarray(np.cumsum(1 - right[order]) / np.arange(1, len(order) + 1))


def auc(scores: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a true one scores above a false one, ties being half.

    NaN without either.
    """
    if true.all() or not true.any():
        return float("nan")
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    positive, negative = int(true.sum()), int((~true).sum())
    above = ranks[true].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def reliability(
    chances: NDArray[np.float64], true: NDArray[np.bool_], bins: int = 10
) -> list[tuple[float, float, int]]:
    """For each bin of equal width that has any: mean probability, share that is true, and count."""
    where = np.minimum((chances * bins).astype(int), bins - 1)
    return [
        (float(chances[one].mean()), float(true[one].mean()), int(one.sum()))
        for one in (where == at for at in range(bins))
        if one.any()
    ]
