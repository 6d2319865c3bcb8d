"""A model's marked text: sentences, their ids, and what is taken out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.marked import Id, MarkedText, Shown, Written

TEXT = """The budget was 61.5 billion dollars [1.2]. It grew by Dr. Smith's 15% in the Senate, \
[2.1, 3.4] he said. Then ![x](http://evil.example/?q=secret) came <b>bold</b> and [a \
link](http://evil.example/) again.

- First item is here [2].
- Second one [sic] is "quoted." [4.4][4.5] And so on it goes until the end of it all is reached.
1. One thing. [1.1](http://evil.example) Two things: 5 < 6 and a > b! Yes, it is so,
says www.x.example or who has it.
Last without an end [9.9]"""


def items(*pieces: str) -> list[Shown | Written]:
    marked = MarkedText()
    found = [item for piece in pieces for item in marked.feed(piece)]
    return [*found, *marked.end()]


def written(*pieces: str) -> list[Written]:
    return [item for item in items(*pieces) if isinstance(item, Written)]


def shown(*pieces: str) -> str:
    return "".join(item.text for item in items(*pieces) if isinstance(item, Shown))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("The sky is blue [1.2].", [(1, 2)]),
        ("The sky is blue. [1.2]", [(1, 2)]),
        ("The sky is blue.[1.2]", [(1, 2)]),
        ("The sky [1.2] is blue [3.4].", [(1, 2), (3, 4)]),
        ("The sky is blue [1.2, 3.4; 5.6].", [(1, 2), (3, 4), (5, 6)]),
        ("The sky is blue [1.2][1.2].", [(1, 2)]),
        ("The sky is blue【1.2】.", [(1, 2)]),
        ("The sky is blue [^1.2].", [(1, 2)]),
        ("The sky is blue [3].", [(3, None)]),
        ("The sky is blue.", []),
    ],
)
def test_ids_are_taken_out_wherever_they_stand(text: str, ids: list[Id]) -> None:
    (sentence,) = written(text)
    assert sentence.text == "The sky is blue."
    assert sentence.ids == tuple(ids)


def test_an_id_after_the_stop_belongs_to_the_sentence_before_it() -> None:
    first, second = written("The sky is blue. [1.1] The sea is a deep dark green. [2.2]")
    assert (first.ids, second.ids) == (((1, 1),), ((2, 2),))
    assert (second.lead, second.text) == (" ", "The sea is a deep dark green.")


def test_a_list_marker_stands_before_its_sentence() -> None:
    first, second = written("- The sky is blue [1.1]\n- The sea is green [1.2]\n")
    assert [(one.lead, one.text) for one in (first, second)] == [
        ("- ", "The sky is blue"),
        ("\n- ", "The sea is green"),
    ]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It is ![so](http://evil.example/?q=1) said.", "It is  said."),
        ("It is [so](http://evil.example/) said.", "It is so said."),
        ("It is <img src='http://evil.example/'>said.", "It is said."),
        ("It is said <!-- or\nnot -->here.", "It is said here."),
        ("It is said [1.1](http://evil.example/).", "It is said."),
        ("It is\u202e said\u200b.", "It is said."),
        ("It is said at https://evil.example/?q=1.", "It is said at."),
        ("It is said at www.evil.example, so.", "It is said at, so."),
        ("How high, who else, httpx and www said.", "How high, who else, httpx and www said."),
        ("It is [sic] said.", "It is [sic] said."),
        ("If 3 < 5 it is said.", "If 3 < 5 it is said."),
        ("It is [so](http://evil.example/", "It is so"),
        ("It is ![so](http://evil.example/", "It is so"),
    ],
)
def test_what_a_browser_would_follow_or_fetch_is_taken_out(text: str, left: str) -> None:
    assert [one.text for one in written(text)] == [left]
    assert "evil" not in shown(*text)


def test_a_url_of_the_sources_stays() -> None:
    marked = MarkedText(sources="See https://ferry.example/line-8 for more.")
    items = [*marked.feed("It is at https://ferry.example/line-8."), *marked.end()]
    assert [one.text for one in items if isinstance(one, Written)] == [
        "It is at https://ferry.example/line-8."
    ]


@given(st.lists(st.integers(1, len(TEXT) - 1), max_size=30))
def test_it_does_not_matter_how_the_text_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(TEXT)]
    pieces = [TEXT[a:b] for a, b in pairwise(edges)]
    assert written(*pieces) == written(TEXT)
    assert shown(*pieces) == shown(TEXT)


@given(st.text(alphabet="abhtpsw:/.!? \n[]()<>-12,*", max_size=120), st.integers(1, 5))
def test_all_that_is_shown_is_written_and_the_other_way_round(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    sentences = written(*pieces)
    assert shown(*pieces) == "".join(one.lead + one.text for one in sentences)
    assert sentences == written(text)


def test_text_is_shown_as_it_comes() -> None:
    marked = MarkedText()
    assert [item.text for item in marked.feed("The")] == ["The"]
    assert [item.text for item in marked.feed(" sky is")] == [" sky is"]
    assert list(marked.feed(" [1.")) == []


def test_a_sentence_without_an_end_is_ended() -> None:
    sentences = written("word " * 2000)
    assert len(sentences) > 1
    assert max(len(one.text) for one in sentences) < 2100
