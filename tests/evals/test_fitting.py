"""Fits on made-up texts whose truth is known."""

import numpy as np
import pytest

from evals.fitting import Labelled, cross_validated, fit


def _texts(seed: int, count: int = 200) -> Labelled:
    """Texts of one to three sentences; supported when every sentence's first feature is over 0."""
    draw = np.random.default_rng(seed)
    columns = [draw.normal(size=(draw.integers(1, 4), 2)) for _ in range(count)]
    supported = np.array([bool((one[:, 0] > 0).all()) for one in columns])
    return Labelled(columns, supported, [str(at // 2) for at in range(count)])


def test_the_feature_that_decides_gets_the_weight() -> None:
    found = fit([_texts(1)], (1, 1))
    assert found.weights[0] > 5 * found.weights[1]
    right = (found.log_odds(_texts(2)) > 0) == _texts(2).supported
    assert right.mean() > 0.9


def test_a_weight_keeps_its_sign() -> None:
    assert fit([_texts(1)], (-1, 1)).weights[0] == 0


def test_no_text_is_judged_by_a_fit_on_its_own_group() -> None:
    draw = np.random.default_rng(0)
    noise = [draw.normal(size=(1, 90)) for _ in range(60)]
    texts = Labelled(noise, draw.random(60) > 0.5, [str(at) for at in range(60)])
    odds = cross_validated({"noise": texts}, [1, -1] * 45)["noise"]
    fitted = fit([texts], [1, -1] * 45).log_odds(texts)
    by_chance = ((odds > 0) == texts.supported).mean()
    assert by_chance < 0.7
    assert ((fitted > 0) == texts.supported).mean() > 0.8


def test_sets_weigh_the_same_whatever_their_size() -> None:
    one, other = _texts(1, 40), _texts(2, 400)
    turned = Labelled([-texts for texts in other.columns], other.supported, other.groups)
    both = fit([one, turned], (1, 1)).weights
    assert both == pytest.approx(fit([turned, one], (1, 1)).weights, abs=1e-3)
    assert abs(both[0]) < 0.5 * fit([one], (1, 1)).weights[0]
