"""Scores of fused ranks, worked out by hand."""

import pytest

from corpus.search import Place
from rag.fusion import Fusion, fused, ranks_by_half

PLAIN = Fusion(constant=60, dense=1, lexical=1, share=0, reach=0, depth=10)


def _places(*ids: int, document: str = "doc_a") -> list[Place]:
    return [Place(number, document, number) for number in ids]


def test_a_hit_scores_by_its_rank_in_each_half() -> None:
    scores = fused({"dense": [1, 2], "lexical": [2, 3]}, _places(1, 2, 3), PLAIN)
    assert scores == pytest.approx({1: 1 / 61, 2: 1 / 62 + 1 / 61, 3: 1 / 62})


def test_halves_have_weights() -> None:
    fusion = Fusion(constant=4, dense=1, lexical=2, share=0, reach=0, depth=10)
    scores = fused({"dense": [1], "lexical": [1, 2]}, _places(1, 2), fusion)
    assert scores == pytest.approx({1: 1 / 5 + 2 / 5, 2: 2 / 6})


def test_neighbours_share_their_scores() -> None:
    fusion = Fusion(constant=4, dense=1, lexical=1, share=0.4, reach=2, depth=10)
    scores = fused({"dense": [3]}, _places(1, 2, 3, 4, 6), fusion)
    assert scores == pytest.approx({1: 0.04, 2: 0.08, 3: 0.2, 4: 0.08, 6: 0.0})


def test_neighbours_are_of_the_same_document() -> None:
    fusion = Fusion(constant=4, dense=1, lexical=1, share=0.4, reach=1, depth=10)
    places = [*_places(1), *_places(2, document="doc_b")]
    assert fused({"dense": [1]}, places, fusion) == pytest.approx({1: 0.2, 2: 0.0})


def test_what_may_not_be_searched_takes_no_rank() -> None:
    halves = {"dense": [9, 1], "lexical": [9]}
    assert ranks_by_half(halves, _places(1)) == {"dense": {1: 1}, "lexical": {}}
    assert fused(halves, _places(1), PLAIN) == pytest.approx({1: 1 / 61})
