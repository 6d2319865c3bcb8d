"""A sheet is a heading and its tables, of which every row can be cited with its header."""

import datetime as dt
from typing import Any

import openpyxl
import pytest

from corpus.errors import Damaged
from corpus.sheets import read_csv, read_tsv, read_xlsx
from corpus.types import BlockKind, Limits, ParsedText
from tests.corpus.files import COSTS, saved, sheet


def _tables(parsed: ParsedText) -> list[list[tuple[str, ...]]]:
    tables = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    assert not any(row.flaw for table in tables for row in table.rows)
    return [[row.cells for row in table.rows] for table in tables]


def _texts(parsed: ParsedText) -> list[str]:
    return [block.span.of(parsed.text) for block in parsed.blocks if block.kind is BlockKind.TEXT]


def test_every_sheet_that_has_something_is_a_heading_and_a_table() -> None:
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].title = "Costs"
    for row in COSTS:
        workbook.worksheets[0].append(row)
    workbook.create_sheet("Empty")
    workbook.create_sheet("Boats").append(["Boat", "Crew"])
    workbook["Boats"].append(["Kittiwake", 4])
    parsed = read_xlsx(saved(workbook), Limits())
    headings = [one.span.of(parsed.text) for one in parsed.blocks if one.level]
    assert headings == ["Costs", "Boats"]
    assert _tables(parsed) == [list(COSTS), [("Boat", "Crew"), ("Kittiwake", "4")]]


def test_cells_are_as_the_sheet_shows_them() -> None:
    rows: list[Any] = [
        ["What", "Sum", "Share", "On"],
        ["Ferries", 1234.5, 0.129, dt.date(2026, 1, 5)],
    ]
    parsed = read_xlsx(sheet(rows, {"B2": '#,##0.00\\ "kr"', "C2": "0.0%"}), Limits())
    assert _tables(parsed)[0][1] == ("Ferries", "1,234.50 kr", "12.9%", "2026-01-05")


def test_captions_and_remarks_around_a_table_are_text() -> None:
    rows: list[Any] = [
        ["Subsidies by crossing"],
        [],
        *COSTS,
        [],
        ["", "Source: the council."],
    ]
    parsed = read_xlsx(sheet(rows), Limits())
    assert _texts(parsed) == ["Subsidies by crossing", "Source: the council."]
    assert _tables(parsed) == [list(COSTS)]


def test_blank_rows_part_tables_but_not_rows_from_their_header() -> None:
    rows: list[Any] = [
        ["Boat", "Crew"],
        ["Heron", 4],
        [],
        ["Otter", 5],
        [],
        ["Pier", "Length"],
        ["Old", 90],
    ]
    assert _tables(read_xlsx(sheet(rows), Limits())) == [
        [("Boat", "Crew"), ("Heron", "4"), ("Otter", "5")],
        [("Pier", "Length"), ("Old", "90")],
    ]


def test_years_may_name_columns() -> None:
    rows = [["Service", 2025, 2026], ["Ferries", 41.0, 46.3]]
    assert _tables(read_xlsx(sheet(rows), Limits()))[0][0] == ("Service", "2025", "2026")


def test_a_table_without_a_header_has_the_letters_of_its_columns() -> None:
    rows = [["", "Ferries", 41.0], ["", "Boats", 7.5]]
    assert _tables(read_xlsx(sheet(rows), Limits())) == [
        [("Column B", "Column C"), ("Ferries", "41"), ("Boats", "7.5")]
    ]


def test_a_column_without_a_name_has_its_letter() -> None:
    rows: list[Any] = [["Boat", "Crew", None], ["Heron", 4, "in dock"]]
    assert _tables(read_xlsx(sheet(rows), Limits()))[0][0] == ("Boat", "Crew", "Column C")


def test_a_row_alone_is_text() -> None:
    rows: list[Any] = [["Contact", "Ilse Maran"]]
    assert _texts(read_xlsx(sheet(rows), Limits())) == ["Contact | Ilse Maran"]


def test_a_sheet_of_one_column_is_a_table() -> None:
    assert _tables(read_csv("Boat\nHeron\nOtter\n")) == [[("Boat",), ("Heron",), ("Otter",)]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_rows(delimiter: str) -> None:
    rows = [["Name", "Sum, in crowns"], ["Ferries; all", "41"], ["Boats", "7"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert _tables(read_csv(text)) == [[tuple(row) for row in rows]]


def test_a_decimal_comma_is_not_taken_for_a_delimiter() -> None:
    text = "Service;2025\nFerries;41,0\nBoats;7,5\n"
    assert _tables(read_csv(text)) == [[("Service", "2025"), ("Ferries", "41,0"), ("Boats", "7,5")]]


def test_line_ends_and_quotes_in_a_cell_stay_in_its_row() -> None:
    text = 'Name\tRemark\r\nHeron\t"is in\nthe ""old"" dock"\r\n'
    assert _tables(read_tsv(text)) == [[("Name", "Remark"), ("Heron", 'is in the "old" dock')]]


def test_a_cell_without_end_is_damage() -> None:
    with pytest.raises(Damaged, match=r"Row \d+ of the table"):
        read_csv('Name,Remark\nHeron,"' + "x" * 200_000)
