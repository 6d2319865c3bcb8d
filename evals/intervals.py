"""Confidence intervals of means and of what else is computed from resampled values."""

import math
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
        """As ".853 [.821, .883]", or "none" where the cases have no such figure."""
        if not math.isfinite(self.value):
            return "none"
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean of n values in some clusters; the 95 % interval is None where it can not be known."""

    n: int
    clusters: int
    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        """As "0.853 [0.821, 0.883]"."""
        if self.low is None or self.high is None:
            return f"{self.mean:.3f} [one cluster]"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(
    values: Sequence[float], clusters: Sequence[Hashable], seed: int = 0, *, share: bool = False
) -> Estimate:
    """The mean of at least one value, with the percentile interval of a cluster bootstrap.

    Whole clusters are drawn, since values of one are not independent (Field and Welsh, 2007). With
    one cluster there is no interval. Of shares that are all 0 or all 1, of which a bootstrap would
    make a point, the interval is Clopper and Pearson's (1934) for as many trials as clusters.
    """
    sums, counts = _by_cluster(values, clusters)
    value = float(sums.sum() / counts.sum())
    n, groups = len(values), len(sums)
    if groups < 2:
        return Estimate(n, groups, value, None, None)
    if share and len(set(values)) == 1 and value in (0, 1):
        miss = 0.025 ** (1 / groups)
        low, high = (miss, 1.0) if value == 1 else (0.0, 1 - miss)
        return Estimate(n, groups, value, low, high)
    low, high = np.percentile(_drawn(sums, counts, seed), [2.5, 97.5])
    return Estimate(n, groups, value, float(low), float(high))


def drawn_means(
    values: Sequence[float], clusters: Sequence[Hashable], seed: int = 0
) -> NDArray[np.float64]:
    """Means of draws of whole clusters, of which there are some."""
    return _drawn(*_by_cluster(values, clusters), seed)


def _by_cluster(
    values: Sequence[float], clusters: Sequence[Hashable]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of each cluster's values, by first appearance."""
    order = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
    where = np.array([order[name] for name in clusters])
    sums, counts = np.zeros(len(order)), np.zeros(len(order))
    np.add.at(sums, where, np.asarray(values, float))
    np.add.at(counts, where, 1.0)
    return sums, counts


def _drawn(
    sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    equal = np.full(len(sums), 1 / len(sums))
    times = np.random.default_rng(seed).multinomial(len(sums), equal, _DRAWS)
    return np.asarray((times @ sums) / (times @ counts))
