"""A judge against people: where they agree, and what its mean is once corrected by their labels."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.intervals import Mean, drawn_means, grouped
from evals.metrics import balanced_accuracy


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Cohen's kappa (1960) of two who sorted the same things: agreement beyond that by chance.

    NaN where chance alone would agree on everything: both always said one and the same.
    """
    number = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / number
    of_first, of_second = Counter(first), Counter(second)
    chance = sum(of_first[one] * of_second[one] for one in of_first) / number**2
    return float("nan") if chance == 1 else (agreed - chance) / (1 - chance)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a judge agrees with people, on `n` rows that both graded.

    `balanced` is the balanced accuracy of supported or not, None where people gave only one of
    both. `kappa` is of all grades, None where both gave one and the same to everything. Intervals
    draw whole groups.
    """

    n: int
    balanced: Mean | None
    kappa: Mean | None


def agreement(
    labels: Sequence[str], grades: Sequence[str], groups: Sequence[str], positive: str
) -> Agreement:
    """Of at least one row; `positive` is the grade that counts as supported."""
    true = np.array([one == positive for one in labels], float)
    said = np.array([one == positive for one in grades], float)
    balanced = None
    if true.any() and not true.all():
        balanced = grouped(groups, lambda at: balanced_accuracy(said[at], true[at]))
    agreed = None
    if len({*labels, *grades}) > 1:
        agreed = grouped(
            groups, lambda at: kappa([labels[one] for one in at], [grades[one] for one in at])
        )
    return Agreement(len(labels), balanced, agreed)


@dataclass(frozen=True, slots=True)
class Graded:
    """Rows as 1 for supported and else 0: a judge's word, and a person's where there is one."""

    said: Sequence[float]
    groups: Sequence[str]
    true: Sequence[float] = ()


def corrected_mean(labelled: Graded, unlabelled: Graded, seed: int = 0) -> Mean:
    """The mean of what people would say of the unlabelled rows, with its 95 % interval.

    The prediction-powered estimate of Angelopoulos et al. (2023): the judge's mean there, less the
    mean error of the judge on labelled rows, which have to be a random sample of the same kind. The
    interval is that of a bootstrap that draws whole groups of either, so it takes no rows to be
    independent that are not. Both have at least two groups.
    """
    errors = [said - true for said, true in zip(labelled.said, labelled.true, strict=True)]
    value = float(np.mean(unlabelled.said) - np.mean(errors))
    drawn = drawn_means(unlabelled.said, unlabelled.groups, seed) - drawn_means(
        errors, labelled.groups, seed + 1
    )
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Mean(value, float(low), float(high))


def bounds(supported: int, scored: int, unscored: int) -> tuple[float, float]:
    """The share supported, were none of the unscored rows, and were all of them (Manski, 1989)."""
    total = scored + unscored
    return supported / total, (supported + unscored) / total
