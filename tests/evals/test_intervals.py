"""Means and their intervals."""

import numpy as np
import pytest

from evals.intervals import Mean, grouped, mean
from evals.metrics import balanced_accuracy


def test_the_interval_of_equal_values_is_a_point() -> None:
    assert mean([0.5] * 10) == Mean(0.5, 0.5, 0.5)


def test_the_interval_of_a_coin_is_that_of_its_standard_error() -> None:
    found = mean([0.0, 1.0] * 200)
    assert found.value == 0.5
    assert found.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.006)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.006)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.1 * number for number in range(10)]
    assert mean(values, seed=3) == mean(values, seed=3)


def test_a_mean_is_shown_with_its_interval() -> None:
    assert str(Mean(0.8534, 0.82, 1.0)) == ".853 [.820, 1.000]"


def test_what_has_no_figure_is_shown_as_none() -> None:
    assert str(grouped(["a", "b"], lambda _: float("nan"))) == "none"


def test_cases_of_a_group_are_drawn_together() -> None:
    values = np.repeat([0.0, 1.0], 50)
    alone = grouped(range(100), lambda at: float(values[at].mean()))
    together = grouped(np.repeat(np.arange(10), 10).tolist(), lambda at: float(values[at].mean()))
    assert alone.value == together.value == 0.5
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_a_draw_without_a_figure_is_left_out() -> None:
    kinds = np.array([1.0, 0.0])

    def share_of_first(at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        return 1.0 if kinds[at].any() else float("nan")

    assert grouped(["a", "b"], share_of_first) == Mean(1.0, 1.0, 1.0)


def test_rows_of_one_group_make_an_interval_no_narrower() -> None:
    draw = np.random.default_rng(1)
    true = np.repeat(draw.random(40) > 0.5, 10).astype(float)
    said = np.abs(true - np.repeat(draw.random(40) > 0.8, 10))
    alone, by_group = (
        grouped(names, lambda at: balanced_accuracy(said[at], true[at]))
        for names in ([*range(400)], [at // 10 for at in range(400)])
    )
    assert by_group.value == alone.value
    assert by_group.high - by_group.low > 2 * (alone.high - alone.low)
