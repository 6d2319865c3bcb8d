"""Checks and the claim model's logits, combined into one probability."""

import math
from collections import Counter
from collections.abc import Sequence

from rag.checks import Aspect, Check

FEATURES = (
    "wide",
    "best",
    "numbers",
    "dates",
    "names",
    "negation",
    "opposite",
    "quantifier",
    "quotation",
    "contradicted",
    "words absent",
    "words apart",
)
SIGNS = (1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)  # a check never speaks for a claim
WEIGHTS = (0.31, 0.29, -0.7, -0.5, -0.75, -0.3, -0.6, -0.6, -0.2, -2.0, 0.0, -2.4)
BIAS = 1.9
_DOUBT = (0.3, 0.7)


def features(checked: Check, logits: Sequence[float]) -> tuple[float, ...]:
    """What speaks for and against a claim, in the order of FEATURES.

    `logits` are of the windows, the wide one first.
    """
    times = Counter(finding.aspect for finding in checked.findings)
    return (
        float(logits[0]),
        float(max(logits)),
        min(times[Aspect.NUMBER], 2.0),
        min(times[Aspect.DATE], 1.0),
        min(times[Aspect.NAME], 3.0),
        min(times[Aspect.NEGATION], 1.0),
        min(times[Aspect.OPPOSITE], 1.0),
        min(times[Aspect.QUANTIFIER], 1.0),
        min(times[Aspect.QUOTATION], 1.0),
        float(is_contradicted(checked)),
        1.0 - checked.covered,
        1.0 - checked.together,
    )


def is_contradicted(checked: Check) -> bool:
    """Whether a sentence of the evidence says the same with something else in its place."""
    return any(finding.contradicted for finding in checked.findings)


def probability(checked: Check, logits: Sequence[float]) -> float:
    """The probability that all of a claim is supported."""
    found = features(checked, logits)
    total = BIAS + sum(weight * one for weight, one in zip(WEIGHTS, found, strict=True))
    return 1 / (1 + math.exp(-total))


def is_doubtful(checked: Check, score: float) -> bool:
    """Whether checks and model leave it open."""
    low, high = _DOUBT
    return low < score < high or (score >= high and bool(checked.findings))
