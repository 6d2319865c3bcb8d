"""Metrics, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Span
from evals.metrics import span_recall

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
