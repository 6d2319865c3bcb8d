"""ROUGE, worked out by hand."""

import pytest

from evals.rouge import mean_rouge, rouge


def test_words_pairs_and_the_longest_subsequence() -> None:
    found = rouge("The ferry leaves at noon.", ["The ferry at noon leaves today!"])
    assert found["rouge1"] == pytest.approx(2 * 5 / (5 + 6))
    assert found["rouge2"] == pytest.approx(2 * 2 / (4 + 5))  # the ferry, at noon
    assert found["rougeL"] == pytest.approx(2 * 4 / (5 + 6))  # the ferry at noon


def test_words_are_stemmed() -> None:
    assert rouge("ferries running", ["ferry runs"])["rouge1"] == 1


def test_the_best_reference_counts() -> None:
    assert rouge("one two", ["three", "one two"]) == {"rouge1": 1, "rouge2": 1, "rougeL": 1}


def test_the_mean_over_the_references_is_another_score() -> None:
    found = mean_rouge("one two", ["one three", "one two"])
    assert found["rouge1"] == pytest.approx((0.5 + 1) / 2)
    assert found["rouge2"] == pytest.approx((0 + 1) / 2)
    assert mean_rouge("one", []) == {}


def test_nothing_is_shared_by_empty_texts_and_nothing_said_without_references() -> None:
    assert rouge("", ["one"]) == {"rouge1": 0, "rouge2": 0, "rougeL": 0}
    assert rouge("one", []) == {}
