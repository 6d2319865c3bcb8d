"""Confidence intervals of means and of what else is computed from resampled values."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, or another figure, with its 95 % interval."""

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


def grouped(
    groups: Sequence[Hashable], measure: Callable[[NDArray[np.int64]], float], seed: int = 0
) -> Mean:
    """A figure with its percentile bootstrap interval, by drawing whole groups of cases.

    `groups` has the group of each case; `measure` gives the figure of cases, by their positions. A
    draw of which it is not a number, since it has none of some kind of case, is left out.
    """
    by_group: dict[Hashable, list[int]] = {}
    for at, group in enumerate(groups):
        by_group.setdefault(group, []).append(at)
    members = [np.array(positions) for positions in by_group.values()]
    random = np.random.default_rng(seed)
    drawn = [
        measure(
            np.concatenate([members[at] for at in random.integers(0, len(members), len(members))])
        )
        for _ in range(_DRAWS)
    ]
    value = measure(np.arange(len(groups)))
    finite = np.array(drawn)[np.isfinite(drawn)]
    low, high = np.percentile(finite, [2.5, 97.5]) if len(finite) else (value, value)
    return Mean(float(value), float(low), float(high))


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
