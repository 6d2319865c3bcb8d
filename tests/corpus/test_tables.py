"""Pipe tables as the web has them: found, read, and their bad rows marked."""

import time

import pytest
from hypothesis import given

from corpus.plain import plain_blocks
from corpus.tables import is_delimiter, read_rows, row_sentence, split_cells
from corpus.tables import lines_of as lines_of_span
from corpus.types import BlockKind, Flaw, Row, Span
from tests.corpus.texts import written_texts


def _rows(text: str) -> tuple[Row, ...]:
    return read_rows(lines_of_span(text, Span(0, len(text))))


def _tables(text: str) -> list[str]:
    blocks = plain_blocks(text, Span(0, len(text)))
    return [block.span.of(text) for block in blocks if block.kind is BlockKind.TABLE]


def _flaws(text: str) -> list[Flaw | None]:
    return [row.flaw for row in _rows(text)]


PLAIN = "Year | Budget (USD)\n---|---\n2023 | 58.2\n2024 | 61.5"


def test_a_table_is_found_by_the_line_below_its_header() -> None:
    assert _tables(f"Before it.\n{PLAIN}\nAfter it.") == [PLAIN]


def test_a_delimiter_line_is_no_row() -> None:
    assert [row.cells for row in _rows(PLAIN)] == [
        ("Year", "Budget (USD)"),
        ("2023", "58.2"),
        ("2024", "61.5"),
    ]


@pytest.mark.parametrize("line", ["---|---", "|:--|--:|", "| --- | :---: |", "---|---|---|||"])
def test_a_delimiter_is_made_of_dashes_colons_and_pipes(line: str) -> None:
    assert is_delimiter(line)


@pytest.mark.parametrize("line", ["---", "- | -", "a | ---", "|||", "5--6 | 7", ""])
def test_a_line_with_words_or_without_pipes_is_no_delimiter(line: str) -> None:
    assert not is_delimiter(line)


def test_a_row_is_cited_where_it_stands() -> None:
    assert [row.span.of(PLAIN) for row in _rows(PLAIN)] == [
        "Year | Budget (USD)",
        "2023 | 58.2",
        "2024 | 61.5",
    ]


def test_a_table_without_a_delimiter_is_three_lines_with_as_many_pipes() -> None:
    three = "Port | Ships | Cranes\nSkarne | 12 | 3\nTolvane | 9 | 1"
    assert _tables(three) == [three]
    assert _tables("Port | Ships | Cranes\nSkarne | 12 | 3") == []
    assert _tables("Port | Ships\nSkarne | 12\nTolvane | 9") == []
    assert _tables("Port | Ships | Cranes\nSkarne | 12\nTolvane | 9 | 1") == []


@pytest.mark.parametrize(
    "text",
    [
        "By Signe Aldous | The Ellery Courier\nThe council met on Thursday.\nIt voted late.",
        "Home | Region | Harbour\nThe council met on Thursday.",
        "PORT ELLERY | 11 December 2025\nA road that floats is a road.\nIt is | was.",
    ],
)
def test_a_stray_pipe_makes_no_table(text: str) -> None:
    assert _tables(text) == []


def test_a_doubled_row_is_marked_not_quoted() -> None:
    text = "Year | Budget\n---|---\n2023 | 58.2\n2024 | 61.5\n2023 | 58.2\n2024  |  61.5 |||"
    assert _flaws(text) == [None, None, None, Flaw.DUPLICATE, Flaw.DUPLICATE]


def test_a_header_that_comes_again_is_marked() -> None:
    assert _flaws("Year | Budget\n---|---\n2023 | 58.2\nYear | Budget\n2024 | 61.5") == [
        None,
        None,
        Flaw.DUPLICATE,
        None,
    ]


def test_a_header_spilled_into_a_row_is_marked() -> None:
    text = (
        "Element | Aim | Outcome | |||\n---|---|---|---|---|---\n"
        "Dialogue | Engagement | Fewer surprises | |||\n"
        "Messages | Element | Aim | |||\n"
        "Reviews | Evaluation | Cooperation |"
    )
    assert _flaws(text) == [None, None, Flaw.GARBLED, None]


def test_a_row_with_more_cells_than_the_header_is_marked() -> None:
    text = (
        "Household | Use | Bill\n---|---|---\n"
        "Family | 150 | Household | Use | Bill |\n"
        "One | 55 | 1,954 | Two | 95 | 2,982 |\n"
        "Two | 95 | 2,982 |||"
    )
    assert _flaws(text) == [None, Flaw.GARBLED, Flaw.GARBLED, None]


def test_sloppy_pipes_at_the_end_are_no_cells() -> None:
    assert split_cells("2023 | 58.2 | – | |||") == ("2023", "58.2", "–")
    assert split_cells("| 2023 | 58.2 |") == ("2023", "58.2")
    assert split_cells("  2023 | 58.2  ") == ("2023", "58.2")
    assert split_cells("|||") == ()


def test_an_empty_cell_in_the_middle_keeps_its_place() -> None:
    assert split_cells("| 2023 | | 58.2 |") == ("2023", "", "58.2")
    assert split_cells("| | 58.2 |") == ("", "58.2")


def test_an_escaped_pipe_is_part_of_its_cell() -> None:
    assert split_cells(r"a \| b | c") == (r"a \| b", "c")


def test_a_row_reads_with_the_unit_of_the_header_beside_the_cell() -> None:
    header = "Year | Japan Defense Budget (USD Billion) | Proposed Increase (%) |"
    assert row_sentence(header, "2024 | 61.5 | 5.6%") == (
        "Year: 2024; Japan Defense Budget (USD Billion): 61.5; Proposed Increase (%): 5.6%"
    )


def test_a_row_reads_without_its_empty_cells_and_a_cell_without_header_stands_alone() -> None:
    assert row_sentence("| Year | Budget |", "| 2024 | | x |") == "Year: 2024; x"
    assert row_sentence(None, "| 2024 | 61.5 |") == "2024; 61.5"
    assert row_sentence("| | Budget |", "| Total | 61.5 |") == "Total; Budget: 61.5"


@given(text=written_texts())
def test_lines_are_the_text_without_its_line_ends(text: str) -> None:
    lines = lines_of_span(text, Span(0, len(text)))
    assert "\n".join(line for _, line in lines) == text
    assert all(span.of(text) == line for span, line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "a|b\n" + "-" * 50_000 + "x|\n",
        "a|b\n" * 20_000,
        "a|b|c\n" * 20_000 + "a|b|c|d\n",
        "|" * 100_000 + "\n" + "|" * 100_000,
    ],
    ids=["dashes", "one pipe a line", "a ragged end", "pipes"],
)
def test_a_hostile_text_takes_time_in_proportion(text: str) -> None:
    started = time.perf_counter()
    plain_blocks(text, Span(0, len(text)))
    assert time.perf_counter() - started < 5
