"""Sentence spans leave nothing out and do not overlap."""

import time

import pytest
from hypothesis import given

from corpus.sentences import sentence_spans, trimmed
from corpus.types import Span
from tests.corpus.texts import written_texts


@given(text=written_texts())
def test_sentences_of_any_text_hold_all_of_it_once(text: str) -> None:
    end = 0
    for span in sentence_spans(text):
        assert span.start >= end
        assert not text[end : span.start].strip()
        sentence = span.of(text)
        assert sentence
        assert sentence == sentence.strip()
        end = span.end
    assert not text[end:].strip()


@given(text=written_texts())
def test_spans_are_shifted_by_the_start(text: str) -> None:
    shifted = [Span(span.start + 7, span.end + 7) for span in sentence_spans(text)]
    assert sentence_spans(text, 7) == shifted


def _sentences(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The vote was 23 to 15.", "One member abstained."],
        ["“I lost a bet,” said Mr. Mellering.", "He owes a cake."],
        ["It left at 5:30 a.m. on Friday.", "Nobody waved."],
        ["Gov. Tindall met Rep. Brück.", "They agreed."],
        ["Capt. Orla Quist sailed.", "Cllr. Weiss stayed."],
        ["The price rose by 0.45 crowns.", "That is 1.2 percent."],
        ["Did it pass?", "It did!"],
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(sentences: list[str]) -> None:
    assert _sentences(" ".join(sentences)) == sentences


def test_white_space_alone_has_no_sentence() -> None:
    assert sentence_spans(" \n\u00a0\u2028") == []
    assert sentence_spans("") == []


def test_marks_that_are_no_token_still_belong_to_a_sentence() -> None:
    assert _sentences("\u200bHello there. \u0301") != []
    assert "".join(_sentences("\u200b")) == "\u200b"


def test_trimmed_leaves_white_space_at_both_ends_out() -> None:
    assert trimmed("  ab  ", 0, 6, 10) == [Span(12, 14)]
    assert trimmed("    ", 0, 4) == []


def test_a_long_text_without_line_ends_takes_time_in_proportion() -> None:
    started = time.perf_counter()
    spans = sentence_spans("The boat sailed at noon and came back late. " * 10_000)
    assert len(spans) == 10_000
    assert time.perf_counter() - started < 15


@pytest.mark.parametrize(
    "sentence",
    [
        "LONDON (AP) — Britain's west coast is battered by wind.",
        "He said “no”",
        "(in millions) 2010 2009 2008.",
        "No full stop here",
    ],
)
def test_a_text_without_an_end_inside_is_one_sentence(sentence: str) -> None:
    assert [span.of(f" {sentence} ") for span in sentence_spans(f" {sentence} ")] == [sentence]
