"""What retrieval is measured by. Pure functions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.types import Span


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
