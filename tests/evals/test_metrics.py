"""Metrics, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Span
from evals.metrics import auc, reliability, span_recall

spans = st.builds(
    lambda start, length: Span(start, start + length), st.integers(0, 60), st.integers(1, 30)
)


@pytest.mark.parametrize(
    ("found", "recall"),
    [
        ([], 0.0),
        ([(0, 100)], 1.0),
        ([(10, 20), (40, 50)], 1.0),
        ([(10, 15)], 0.25),
        ([(15, 45)], 0.5),
        ([(12, 18), (14, 20)], 0.4),
        ([(20, 40)], 0.0),
    ],
)
def test_recall_is_the_share_of_characters(found: list[tuple[int, int]], recall: float) -> None:
    references = [Span(10, 20), Span(40, 50)]
    assert span_recall(references, [Span(*span) for span in found]) == pytest.approx(recall)


@given(st.lists(spans, min_size=1, max_size=4), st.lists(spans, max_size=6))
def test_recall_counts_characters_as_a_set_does(references: list[Span], found: list[Span]) -> None:
    covered = {at for span in found for at in range(span.start, span.end)}
    wanted = [at for span in references for at in range(span.start, span.end)]
    expected = sum(at in covered for at in wanted) / len(wanted)
    assert span_recall(references, found) == pytest.approx(expected)


def test_auc_is_how_often_a_true_one_is_above() -> None:
    scores = np.array([0.1, 0.4, 0.4, 0.8])
    assert auc(scores, np.array([False, False, True, True])) == pytest.approx(3.5 / 4)
    assert auc(-scores, np.array([False, False, True, True])) == pytest.approx(0.5 / 4)


def test_reliability_has_the_bins_that_have_any() -> None:
    chances = np.array([0.02, 0.08, 0.95, 1.0])
    true = np.array([False, True, True, True])
    low, high = reliability(chances, true)
    assert low == pytest.approx((0.05, 0.5, 2))
    assert high == pytest.approx((0.975, 1.0, 2))
