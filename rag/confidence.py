"""Checks and the claim model's logits, combined into one probability."""

import math
from collections.abc import Sequence

from rag.checks import Aspect, Check

FEATURES = (
    "wide",
    "best",
    "numbers missing",
    "numbers contradicted",
    "dates",
    "names",
    "negation",
    "negation of the same",
    "opposite",
    "quantifier",
    "quotation",
    "words apart",
)
WEIGHTS = (0.41, 0.26, -0.7, -1.2, -0.5, -0.75, -0.3, -0.6, -0.6, -0.3, -0.2, -2.4)
SIGNS = (1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)  # a check never speaks for a claim
BIAS = 1.9
_DOUBT = (0.3, 0.7)


def features(checked: Check, logits: Sequence[float]) -> tuple[float, ...]:
    """What speaks for and against a claim, in the order of FEATURES.

    `logits` are of the windows, the wide one first.
    """

    def count(*aspects: Aspect, contradicted: bool | None = None) -> float:
        return float(
            sum(
                one.aspect in aspects and contradicted in {None, one.contradicted}
                for one in checked.findings
            )
        )

    return (
        float(logits[0]),
        float(max(logits)),
        min(count(Aspect.NUMBER, contradicted=False), 2.0),
        min(count(Aspect.NUMBER, contradicted=True), 2.0),
        min(count(Aspect.DATE), 1.0),
        min(count(Aspect.NAME), 3.0),
        min(count(Aspect.NEGATION), 1.0),
        min(count(Aspect.NEGATION, contradicted=True), 1.0),
        min(count(Aspect.OPPOSITE), 1.0),
        min(count(Aspect.QUANTIFIER), 1.0),
        min(count(Aspect.QUOTATION), 1.0),
        1.0 - checked.together,
    )


def probability(checked: Check, logits: Sequence[float]) -> float:
    """The probability that all of a claim is supported."""
    found = features(checked, logits)
    total = BIAS + sum(weight * one for weight, one in zip(WEIGHTS, found, strict=True))
    return 1 / (1 + math.exp(-total))


def is_doubtful(checked: Check, score: float) -> bool:
    """Whether checks and model leave it open."""
    low, high = _DOUBT
    return low < score < high or (score >= high and bool(checked.findings))
