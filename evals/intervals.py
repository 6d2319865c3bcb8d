"""Confidence intervals of means."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
