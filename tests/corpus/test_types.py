"""Spans and units say no more than they are."""

import pytest

from corpus.types import Flaw, Span, Unit, UnitKind


def test_a_span_is_a_half_open_range_of_code_points() -> None:
    assert Span(1, 3).of("a👍🏽b") == "👍🏽"
    assert Span(2, 2).of("abc") == ""


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_range_that_is_none_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"\[{start}, {end}\)"):
        Span(start, end)


def test_a_span_that_leaves_its_text_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves a text of 3"):
        Span(1, 4).of("abc")


def test_spans_sort_by_where_they_start() -> None:
    assert sorted([Span(5, 6), Span(0, 9), Span(0, 2)]) == [Span(0, 2), Span(0, 9), Span(5, 6)]


def test_only_sound_sentences_and_rows_are_quotable() -> None:
    span = Span(0, 1)
    quotable = {kind for kind in UnitKind if Unit(span, kind).quotable}
    assert quotable == {UnitKind.SENTENCE, UnitKind.ROW}
    assert not any(Unit(span, UnitKind.ROW, flaw=flaw).quotable for flaw in Flaw)
