"""A chatbot's offer is told from a person's words, and a correction from a story about one."""

import time

import pytest

from corpus.clean import is_correction, is_residue

OFFERS = [
    "If you'd like, I can also summarize these points.",
    "If you’d like, I can also shorten this article or rewrite it. Just let me know!",
    "If you would like, I can turn this into a table.",
    "Would you like me to write a shorter version?",
    "Let me know if you'd like me to adjust the tone.",
    "  I can also translate this article for you.  ",
    "I hope this helps! Tell me if anything is missing.",
    "Do you want me to add sources?",
]

PEOPLE = [
    "“If you’d like, I can also show you the engine room,” said the captain.",
    '"If you would like me to resign, I will," she told the council.',
    "‘I can also count,’ Mr. Brück replied.",
    "If you'd like to comment, write to the council before 9 January.",
    "If you would like a seat, arrive early.",
    "The captain said: if you'd like, I can also show you the engine room.",
    "Residents would like me to stay, said the harbour master.",
    "",
]


@pytest.mark.parametrize("paragraph", OFFERS)
def test_an_offer_to_do_more_is_residue(paragraph: str) -> None:
    assert is_residue(paragraph)


@pytest.mark.parametrize("paragraph", PEOPLE)
def test_what_a_person_says_is_not_residue(paragraph: str) -> None:
    assert not is_residue(paragraph)


def test_a_long_paragraph_is_not_residue() -> None:
    assert not is_residue("If you'd like, I can also tell the story. " + "It began at sea. " * 30)


@pytest.mark.parametrize(
    "paragraph",
    [
        "Correction: the vote was 22 to 16.",
        "CORRECTION (12 December): An earlier version gave another sum.",
        "*Correction, 12 December:* The sum is 184.6 million.",
        "**Correction**: The sum is 184.6 million.",
        "Corrections: two figures were wrong.",
        "Clarification – the boat is leased, not owned.",
        "Editor’s note: The headline has been changed.",
        "Editor's note: The headline has been changed.",
        "Corrected: the ferry left at noon.",
        "Erratum. Table 2 gave tonnes.",
        "_Correction (3 March 2026):_ It was Monday.",
    ],
)
def test_a_correction_is_known_by_how_it_begins(paragraph: str) -> None:
    assert is_correction(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    [
        "Correction officers went on strike on Monday.",
        "The paper printed a correction: the vote was 22 to 16.",
        "Corrected figures are due in May.",
        "Editors note that prices rose.",
        "",
    ],
)
def test_a_story_about_corrections_is_none(paragraph: str) -> None:
    assert not is_correction(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    ["Correction" + " " * 50_000 + "x", "Correction" + "(" * 50_000, "(" * 100_000 + "x"],
    ids=["blanks", "brackets", "brackets first"],
)
def test_a_hostile_paragraph_takes_time_in_proportion(paragraph: str) -> None:
    started = time.perf_counter()
    assert not is_correction(paragraph)
    assert time.perf_counter() - started < 2
