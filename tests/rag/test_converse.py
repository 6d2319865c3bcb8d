"""Follow-ups, with and without a model."""

import pytest

from rag import Role, Turn
from rag.converse import as_question, spoken, standalone_by_rule
from tests.rag.reading import Shelf, run

ASKED = "How high is the lighthouse of Vessel Point?"
HISTORY = (Turn(Role.USER, ASKED), Turn(Role.ASSISTANT, "It is 41 metres high."))


@pytest.mark.parametrize(
    "question",
    [
        "When was it painted?",
        "Who lives there?",
        "And the harbour?",
        "Why?",
        "What about its keeper?",
    ],
)
def test_a_question_that_points_back_says_what_the_one_before_was_about(question: str) -> None:
    assert standalone_by_rule(question, HISTORY) == f"{question} (the lighthouse of Vessel Point)"


@pytest.mark.parametrize(
    ("before", "about"),
    [
        ("When was the lighthouse painted?", "the lighthouse painted"),
        ("And who is the keeper?", "the keeper"),
        ("Tell me about the harbour.", "the harbour"),
        ("The harbour", "The harbour"),
    ],
)
def test_the_words_that_ask_are_not_what_a_question_is_about(before: str, about: str) -> None:
    assert standalone_by_rule("Why?", (Turn(Role.USER, before),)) == f"Why? ({about})"


@pytest.mark.parametrize(
    "question",
    [
        "When does the ferry of line 8 leave Harbour Street?",
        "Which town bought two electric buses?",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert standalone_by_rule(question, HISTORY) == question


def test_without_a_question_before_there_is_nothing_to_point_at() -> None:
    assert standalone_by_rule("Why?", ()) == "Why?"
    assert standalone_by_rule("Why?", (Turn(Role.ASSISTANT, "Hello."),)) == "Why?"


def test_the_embedded_reader_follows_up(shelf: Shelf) -> None:
    shelf.add("The lighthouse of Vessel Point is 41 metres high. It was painted in May 2019.")
    shelf.add("The town hall was painted in June 2011 and is 12 metres high.")
    answer = run(
        shelf.pipeline.ask("And when was it painted?", collection=shelf.collection, history=HISTORY)
    )
    assert answer.standalone_question == (
        "And when was it painted? (the lighthouse of Vessel Point)"
    )
    assert "May 2019" in answer.text


@pytest.mark.parametrize(
    ("completion", "question"),
    [
        ("When was it?", "When was it?"),
        ('\n\n"When was it?"\nBecause you asked.', "When was it?"),
        ("When\u202e was it?", "When was it?"),
        ("", ""),
        ("word " * 1000, ("word " * 1000)[:1000]),
    ],
)
def test_of_what_a_model_writes_one_line_is_the_question(completion: str, question: str) -> None:
    assert as_question(completion).strip() == question.strip()


def test_only_the_last_turns_are_told_and_none_at_length() -> None:
    turns = [Turn(Role.USER, f"{number} " * 4000) for number in range(40)]
    told = spoken(turns)
    assert [one.text.split()[0] for one in told] == ["34", "35", "36", "37", "38", "39"]
    assert max(len(one.text) for one in told) <= 1500
