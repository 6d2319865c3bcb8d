"""What is new in a version of a document, sentence by sentence."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from corpus.chunk import chunk
from corpus.parse import parse_text
from corpus.types import Chunk, Document, Flaw
from rag.novelty import set_aside_known, taken_out

OLD = """# Ferry

The ferry sails at nine. It carries forty cars.

- Tickets cost 5 crowns.
- Dogs travel free.

| Year | Cars |
| --- | --- |
| 2023 | 410 |
| 2024 | 512 |
"""
SENTENCES = [
    "The ferry sails at nine.",
    "It carries forty cars.",
    "Tickets cost 5 crowns.",
    "Dogs travel free.",
]
LONG = " ".join(f"clause {at} of the long agreement about the harbour," for at in range(40)) + "."


@pytest.fixture
def read(count_tokens: Callable[[str], int]) -> Callable[[str], tuple[Document, list[Chunk]]]:
    """A Markdown text as a stored document and its chunks."""

    def made(text: str) -> tuple[Document, list[Chunk]]:
        parsed = parse_text(text, "text/markdown")
        document = Document(
            id="doc",
            tenant="t",
            collection="c",
            external_id=None,
            version=2,
            uri=None,
            title="Ferry",
            media_type="text/markdown",
            metadata={},
            content_hash="0",
            status="ready",
            created_at="",
            updated_at="",
            text=parsed.text,
        )
        return document, [replace(one, version=2) for one in chunk(parsed, count_tokens, 80)]

    return made


def new_in(document: Document, chunks: list[Chunk], old: str | None) -> list[str]:
    """The texts that can be quoted still."""
    marked = set_aside_known(document, chunks, old)
    assert [one.span for one in marked] == [one.span for one in chunks]
    return [unit.span.of(document.text) for one in marked for unit in one.units if unit.quotable]


def quotable(chunks: list[Chunk]) -> int:
    """How many sentences and rows can be quoted."""
    return sum(unit.quotable for one in chunks for unit in one.units)


def test_of_the_same_text_nothing_is_new(
    read: Callable[[str], tuple[Document, list[Chunk]]],
) -> None:
    assert new_in(*read(OLD), read(OLD)[0].text) == []
    document, chunks = read(OLD)
    marked = set_aside_known(document, chunks, document.text)
    flaws = {unit.flaw for one in marked for unit in one.units}
    assert flaws == {None, Flaw.UNCHANGED}, "headings and the like stay as they are"
    assert (quotable(chunks), quotable(marked)) == (6, 0)


def test_of_a_text_that_is_gone_all_is_new(
    read: Callable[[str], tuple[Document, list[Chunk]]],
) -> None:
    document, chunks = read(OLD)
    assert len(new_in(document, chunks, None)) == quotable(chunks) == 6


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("at nine.", "at ten.", ["The ferry sails at ten."]),
        ("It carries", "It rolls. It carries", ["It rolls."]),
        ("5 crowns", "50 crowns", ["Tickets cost 50 crowns."]),
        ("| 2024 | 512 |", "| 2024 | 513 |", ["| 2024 | 513 |"]),
        ("| 2024 | 512 |", "| 2024 | 512 |\n| 2025 | 7 |", ["| 2025 | 7 |"]),
        ("- Dogs", "- Cats do not.\n- Dogs", ["Cats do not."]),
        ("| Year | Cars |", "| Year | Dogs |", ["| 2023 | 410 |", "| 2024 | 512 |"]),
        ("# Ferry", "# The ferry", []),
        ("at nine. It", "at nine.\nIt", []),
        ("- Dogs travel free.\n", "", []),
        ("It carries forty cars.", "", []),
    ],
)
def test_a_sentence_or_row_is_new_by_its_text(
    read: Callable[[str], tuple[Document, list[Chunk]]],
    before: str,
    after: str,
    new: list[str],
) -> None:
    assert before in OLD
    assert new_in(*read(OLD.replace(before, after)), read(OLD)[0].text) == new


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("", "", []),
        ("at nine.", "at ten.", ["The ferry sails at nine."]),
        ("at nine. It", "at nine.\nIt", []),
        ("It carries forty cars.", "", ["It carries forty cars."]),
        ("- Dogs travel free.\n", "", ["Dogs travel free."]),
        ("- Dogs travel free.\n", "- Dogs travel free. Cats do not.\n", []),
        ("| 2024 | 512 |\n", "", ["| 2024 | 512 |"]),
        ("# Ferry\n", "", []),
        (OLD, "Nothing.", [*SENTENCES, "| Year | Cars |", "| 2023 | 410 |", "| 2024 | 512 |"]),
    ],
)
def test_a_sentence_or_row_that_is_gone_is_named_in_the_old_text(
    read: Callable[[str], tuple[Document, list[Chunk]]],
    before: str,
    after: str,
    gone: list[str],
) -> None:
    old, new = read(OLD)[0].text, read(OLD.replace(before, after))[0].text
    assert [span.of(old) for span in taken_out(old, new)] == gone


def test_a_wrapped_sentence_is_taken_out_as_a_whole_if_at_all() -> None:
    old = "The ferry\nsails at nine. It carries\nforty cars."
    assert taken_out(old, "The ferry sails at nine. It carries forty cars.") == []
    gone = taken_out(old, "It carries forty cars.")
    assert [span.of(old) for span in gone] == ["The ferry\nsails at nine."]


def test_a_sentence_that_is_the_end_of_an_old_one_is_new(
    read: Callable[[str], tuple[Document, list[Chunk]]],
) -> None:
    old = read("Nobody says that the ferry sinks.")[0].text
    assert new_in(*read("the ferry sinks."), old) == ["the ferry sinks."]


def test_the_pieces_of_a_long_sentence_are_known(
    read: Callable[[str], tuple[Document, list[Chunk]]],
) -> None:
    document, chunks = read(f"{LONG} It is signed.")
    assert sum(len(one.units) for one in chunks) > 3
    assert new_in(document, chunks, read(LONG)[0].text) == ["It is signed."]
