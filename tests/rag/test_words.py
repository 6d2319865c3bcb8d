"""Words as questions and sentences are compared by."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.words import content_words, stems


def test_the_words_that_carry_meaning_are_left() -> None:
    assert content_words("What was the budget of the ferry in 2024?") == ["budget", "ferry", "2024"]


def test_each_word_is_given_once_in_its_first_place() -> None:
    assert content_words("Ferry, tram, FERRY and tram") == ["ferry", "tram"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("61.5 million", ["61.5", "million"]),
        ("31,500 tonnes.", ["31,500", "tonnes"]),
        ("1.2,", ["1.2"]),
        ("$61.5bn", ["61.5", "bn"]),
        ("Skarne–Little Orrin", ["skarne", "little", "orrin"]),
        ("a_snake_case", ["snake", "case"]),
        ("Brück", ["brück"]),
        ("日本語", ["日本語"]),
    ],
)
def test_words_end_where_writing_ends_them(text: str, words: list[str]) -> None:
    found = content_words(text)
    assert found == words


@pytest.mark.parametrize("text", ["", " ", "?!…", "👩‍👩‍👧", "the and of", '"*" ( ) ^'])
def test_a_text_may_have_no_words(text: str) -> None:
    assert content_words(text) == []
    assert stems(text) == []


def test_forms_of_a_word_have_one_stem() -> None:
    assert stems("voted votes voting vote") == stems("vote")


def test_threads_do_not_mix_up_their_words() -> None:
    words = [f"nationalization{end} conditionally rationally" for end in ("s", "", "al", "ist")]
    expected = [stems(text) for text in words]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(stems, words * 200))
    finally:
        sys.setswitchinterval(interval)
    assert found == expected * 200


@given(st.text())
def test_any_text_has_words_without_blanks_or_repeats(text: str) -> None:
    words = content_words(text)
    assert len(set(words)) == len(words)
    assert all(
        word and not any(letter.isspace() or letter in '"*()' for letter in word) for word in words
    )
    assert len(stems(text)) <= len(words)
