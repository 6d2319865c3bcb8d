"""What retrieval is measured by. Pure functions."""

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


def share(hits: Floats, among: Floats) -> float:
    """Share of the weights of some cases, 0 to 1 each, that is of hits; NaN without any weight."""
    total = among.sum()
    return float((hits * among).sum() / total) if total else float("nan")


def balanced_accuracy(answered: Floats, answerable: Floats) -> float:
    """Mean of the shares of answerable questions answered and of others not; NaN without either."""
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
    """Area under the ROC curve: how often a true one scores above a false one, ties being half."""
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
