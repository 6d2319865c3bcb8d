"""The probability that checks and logits make together."""

import pytest

from rag.checks import Aspect, Check, Finding
from rag.confidence import FEATURES, SIGNS, WEIGHTS, features, is_doubtful, probability

ALL_THERE = Check((), 1.0, 1.0, 1.0, 0, ())


def _with(*findings: Finding) -> Check:
    return Check(findings, 1.0, 1.0, 1.0, 0, ())


def test_every_feature_has_a_weight_of_its_sign() -> None:
    assert len(FEATURES) == len(SIGNS) == len(WEIGHTS) == len(features(ALL_THERE, [1.0]))
    assert all(sign * weight >= 0 for sign, weight in zip(SIGNS, WEIGHTS, strict=True))


def test_it_rises_with_the_logits_of_the_model() -> None:
    low, middle, high = (probability(ALL_THERE, [logit]) for logit in (-4.0, 0.0, 4.0))
    assert 0 < low < 0.5 < middle < high < 1


@pytest.mark.parametrize("aspect", Aspect)
def test_no_finding_raises_it(aspect: Aspect) -> None:
    found = _with(Finding(aspect, contradicted=False, reason=""))
    assert probability(found, [2.0, 3.0]) <= probability(ALL_THERE, [2.0, 3.0])


def test_what_is_contradicted_is_not_supported_whatever_the_model_says() -> None:
    found = _with(Finding(Aspect.QUANTIFIER, contradicted=True, reason=""))
    assert probability(found, [9.0]) < 0.2


def test_it_is_doubtful_in_the_middle_and_where_checks_and_model_disagree() -> None:
    missing = _with(Finding(Aspect.NAME, contradicted=False, reason=""))
    assert [is_doubtful(ALL_THERE, score) for score in (0.1, 0.5, 0.9)] == [False, True, False]
    assert is_doubtful(missing, 0.9)
    assert not is_doubtful(missing, 0.1)
