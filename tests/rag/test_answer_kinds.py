"""What kind of answer a question asks for, and whether a sentence has it."""

import pytest

from rag.answer_kinds import asks_for_one_thing, definition_given, kind_given, place_given


@pytest.mark.parametrize(
    ("question", "text", "given"),
    [
        ("When did the ferry sink?", "It sank in March 1931.", 1),
        ("When did the ferry sink?", "It sank within minutes.", -1),
        ("When did the ferry of 1931 sink?", "The ferry of 1931 sank.", -1),
        ("Who painted the ferry?", "Marit Holm painted it.", 1),
        ("Who painted the ferry?", "It was painted by the crew.", -1),
        ("How many boats are there?", "There are 14 boats.", 1),
        ("How many boats are there?", "There were boats in 1931.", -1),
        ("How often does it sail?", "It sails daily.", 1),
        ("Why did it sink?", "It sank because of a leak.", 1),
        ("Is the ferry red?", "It was painted in 1931.", 0),
    ],
)
def test_the_kind_counts_when_it_is_new_to_the_question(
    question: str, text: str, given: int
) -> None:
    assert kind_given(question, text) == given


def test_a_place_is_looked_for_only_where_one_is_asked_for() -> None:
    assert place_given("Where is the yard?", "The yard lies near Sandel.") == 1
    assert place_given("Where is the yard?", "The yard is old.") == 0
    assert place_given("When was the yard built?", "The yard lies near Sandel.") == 0


def test_a_definition_is_looked_for_only_where_one_is_asked_for() -> None:
    assert definition_given("What is a sheave?", "A sheave is a grooved wheel.") == 1
    assert definition_given("What is a sheave?", "Sheaves turn on a pin.") == 0
    assert definition_given("Who made the sheave?", "A sheave is a grooved wheel.") == 0


def test_why_something_is_so_may_take_several_sentences() -> None:
    assert asks_for_one_thing("When does the ferry leave?")
    assert not asks_for_one_thing("Why does the ferry leave?")
