"""Confidence intervals of means, and of means over classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As ".853 [.821, .883]"."""
        shown = (f"{number:.3f}".removeprefix("0") for number in (self.value, self.low, self.high))
        return "{} [{}, {}]".format(*shown)


def mean(values: Sequence[float], seed: int = 0) -> Mean:
    """The mean of at least one value, with its percentile bootstrap interval (Efron, 1979)."""
    found = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(found), (_DRAWS, len(found)))
    low, high = np.percentile(found[drawn].mean(axis=1), [2.5, 97.5])
    return Mean(float(found.mean()), float(low), float(high))


def balanced_accuracy(
    said: NDArray[np.bool_], true: NDArray[np.bool_], groups: Sequence[str], seed: int = 0
) -> Mean:
    """The mean of the accuracies on either class, both of which occur, with its interval.

    Whole groups are drawn (cluster bootstrap), since the rows of a group are not independent. A
    draw without one of the classes is left out.
    """
    names, where = np.unique(list(groups), return_inverse=True)
    counts = np.zeros((len(names), 4))  # rightly yes, yes, rightly no, no
    for column, rows in enumerate((said & true, true, ~said & ~true, ~true)):
        counts[:, column] = np.bincount(where, rows, len(names))
    times = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), _DRAWS
    )
    drawn = np.vstack([counts.sum(axis=0), times @ counts])
    drawn = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    values = (drawn[:, 0] / drawn[:, 1] + drawn[:, 2] / drawn[:, 3]) / 2
    low, high = np.percentile(values, [2.5, 97.5])
    return Mean(float(values[0]), float(low), float(high))
