"""Metrics, worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Span
from evals import metrics
from evals.metrics import auc, balanced_accuracy, reliability, selective_risks, share, span_recall

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


def test_a_share_is_of_the_weights_it_is_asked_among() -> None:
    hits, among = np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])
    assert share(hits, among) == 0.5
    assert share(hits, np.array([0.5, 0.0, 0.0])) == 1.0
    assert np.isnan(share(hits, np.zeros(3)))


def test_to_answer_always_is_half_right_however_many_can_be_answered() -> None:
    answerable = np.array([1.0, 1.0, 1.0, 0.0])
    assert balanced_accuracy(np.ones(4), answerable) == 0.5
    assert balanced_accuracy(np.zeros(4), answerable) == 0.5
    assert balanced_accuracy(answerable, answerable) == 1.0
    assert balanced_accuracy(np.array([1.0, 1.0, 0.0, 0.0]), answerable) == pytest.approx(5 / 6)
    assert np.isnan(balanced_accuracy(np.ones(2), np.ones(2)))


def test_risk_is_the_share_of_wrong_answers_among_the_most_confident() -> None:
    confidence = np.array([0.1, 0.9, 0.5, 0.7])
    right = np.array([0.0, 1.0, 1.0, 0.0])
    assert selective_risks(confidence, right).tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])


def test_auc_is_how_often_a_true_one_is_above() -> None:
    scores = np.array([0.1, 0.4, 0.4, 0.8])
    assert auc(scores, np.array([False, False, True, True])) == pytest.approx(3.5 / 4)
    assert auc(-scores, np.array([False, False, True, True])) == pytest.approx(0.5 / 4)
    assert np.isnan(auc(scores, np.array([True] * 4)))


def test_reliability_has_the_bins_that_have_any() -> None:
    chances = np.array([0.02, 0.08, 0.95, 1.0])
    true = np.array([False, True, True, True])
    low, high = reliability(chances, true)
    assert low == pytest.approx((0.05, 0.5, 2))
    assert high == pytest.approx((0.975, 1.0, 2))


def test_precision_and_intersection_over_union_of_spans() -> None:
    references, found = [Span(0, 10), Span(20, 30)], [Span(5, 25)]
    assert metrics.span_precision(references, found) == pytest.approx(10 / 20)
    assert metrics.span_iou(references, found) == pytest.approx(10 / 30)
    assert metrics.span_precision(references, []) == 0
    assert metrics.span_iou(references, []) == 0


def test_ranked_results_are_scored_by_the_relevant_items_that_they_have() -> None:
    hits = [frozenset[int](), frozenset({0, 1}), frozenset({1}), frozenset({2})]
    assert metrics.recall_at(1, hits, 4) == 0
    assert metrics.recall_at(3, hits, 4) == 0.5
    assert metrics.recall_at(10, hits, 4) == 0.75
    assert metrics.reciprocal_rank(hits) == 0.5
    assert metrics.reciprocal_rank(hits[:1]) == 0
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / 2 + 1 / math.log2(5)
    assert metrics.ndcg_at(10, hits, 4) == pytest.approx(gained / ideal)
    assert metrics.ndcg_at(10, [frozenset({0, 1})], 2) == 1  # both at the first rank
