"""XLSX, CSV and TSV to tables: rows under their header, captions and remarks as text.

A sheet is a heading and what stands on it. Cells are written as the sheet shows them.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

import openpyxl
from openpyxl.utils import get_column_letter

from corpus.archive import unpack
from corpus.cells import shown
from corpus.errors import Damaged
from corpus.tables import names_columns
from corpus.types import Limits, ParsedText
from corpus.writing import Writer, one_line

_DELIMITERS = ",;\t|"
_SAMPLE = 100  # rows by which the delimiter is told

Rows = Sequence[Sequence[str]]


def read_xlsx(data: bytes, limits: Limits) -> ParsedText:
    """Every sheet of a workbook; a formula gives the value that was saved with it."""
    unpack(data, limits).close()
    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True, keep_links=False
    )
    writer = Writer()
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what a sheet says of its size may be wrong
        rows = [[shown(cell) for cell in row] for row in sheet.iter_rows()]
        if any(any(row) for row in rows):
            writer.heading(1, sheet.title)
            _write(writer, rows)
    stated = book.properties
    metadata = {"author": stated.creator} if stated.creator not in (None, "openpyxl") else {}
    return writer.parsed(stated.title, metadata)


def read_csv(text: str) -> ParsedText:
    """A table of which the delimiter is told by the first rows; raises Damaged."""
    return _delimited(text, _delimiter(text))


def read_tsv(text: str) -> ParsedText:
    """A table whose cells are parted by tabs; raises Damaged."""
    return _delimited(text, "\t")


def _delimited(text: str, delimiter: str) -> ParsedText:
    writer = Writer()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [[one_line(cell) for cell in row] for row in reader]
    except csv.Error as error:
        raise Damaged(f"Row {reader.line_num} of the table can not be read: {error}.") from error
    _write(writer, rows)
    return writer.parsed()


def _delimiter(text: str) -> str:
    """The delimiter with which most of the first rows have the same number of cells, several."""

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            rows = [
                row for row, _ in zip(_reader(text, delimiter), range(_SAMPLE), strict=False) if row
            ]
        except csv.Error:
            return 0, 0
        widths = Counter(width for width in map(len, rows) if width > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=agreement)


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _write(writer: Writer, rows: Rows) -> None:
    """The tables of a sheet, which blank rows part; one that has no header goes on from before.

    Columns that are empty throughout are left out.
    """
    used = sorted({at for row in rows for at, cell in enumerate(row) if cell})
    letters = [f"Column {get_column_letter(at + 1)}" for at in used]
    packed = [[row[at] if at < len(row) else "" for at in used] for row in rows]
    table: list[list[str]] = []
    for filled, lines in groupby(packed, key=any):
        if not filled:
            continue
        captions, body = _parted(list(lines))
        if captions or not body or names_columns(body[0]):
            _flush(writer, table, letters)
            table = []
        for caption in captions:
            writer.paragraph(caption)
        if body and not table and not names_columns(body[0]):
            table = [letters]
        table += body
    _flush(writer, table, letters)


def _parted(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The rows of a single cell above a table, or where there is none, and the table."""
    if len(rows[0]) == 1:  # a sheet of one column
        return [], rows
    several = [sum(map(bool, row)) > 1 for row in rows]
    first = several.index(True) if any(several) else len(rows)
    return [next(filter(None, row)) for row in rows[:first]], rows[first:]


def _flush(writer: Writer, table: list[list[str]], letters: list[str]) -> None:
    """Write a table; a row alone, which no other row explains, as text."""
    if len(table) == 1:
        writer.paragraph(" | ".join(filter(None, table[0])))
    elif table:
        header, *rows = table
        names = [cell or letter for cell, letter in zip(header, letters, strict=True)]
        writer.table([[header[0], *names[1:]], *rows])  # the corner may be empty
