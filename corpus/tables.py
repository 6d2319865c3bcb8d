"""Pipe tables as the web really has them: found, read, and checked for a bad export's traces.

Rows stay where they are in the text, so that each can be cited on its own. A row that an export
has doubled or mixed with others is marked, never rewritten.
"""

import re
from collections.abc import Sequence

from corpus.types import Flaw, Row, Span

_PIPE = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r"[\s|:]*--[\s|:-]*")
_FIGURE = re.compile(r"[^\w\s]{0,3}\s?\d[\d.,\s]*\s?\S{0,3}")
_YEAR = re.compile(r"(1[89]|20)\d\d")
_MIN_ROWS_WITHOUT_DELIMITER = 3

Line = tuple[Span, str]


def lines_of(text: str, span: Span) -> list[Line]:
    """The lines of a stretch of text, each with its span, without their line ends."""
    lines: list[Line] = []
    start = span.start
    for line in span.of(text).split("\n"):
        lines.append((Span(start, start + len(line)), line))
        start += len(line) + 1
    return lines


def split_cells(line: str) -> tuple[str, ...]:
    """The cells of a row, stripped, without the empty ones that a trailing pipe leaves."""
    text = line.strip()
    cells = [cell.strip() for cell in _PIPE.split(text)]
    if text.startswith("|"):
        cells = cells[1:]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def names_columns(row: Sequence[str]) -> bool:
    """Whether a row is a header: there are words in it, and no figures but years."""
    cells = [cell for cell in row if cell]
    figures = [cell for cell in cells if _FIGURE.fullmatch(cell)]
    return len(figures) < len(cells) and all(map(_YEAR.fullmatch, figures))


def is_delimiter(line: str) -> bool:
    """Whether the line is the `---|---` between a table's header and its rows."""
    return "|" in line and _DELIMITER.fullmatch(line) is not None


def table_lengths(lines: Sequence[Line]) -> list[int]:
    """For each line, how many lines from it on are one table; 0 where none starts.

    A run of piped lines is a table when its second line is a delimiter, or when at least three
    lines have the same number of pipes, two or more.
    """
    lengths = [0] * len(lines)
    run = alike = below = 0  # piped lines from here on, those with as many pipes, pipes below
    for at in reversed(range(len(lines))):
        pipes = len(_PIPE.findall(lines[at][1]))
        run = run + 1 if pipes else 0
        alike = alike + 1 if pipes == below else 1
        delimited = run >= 2 and is_delimiter(lines[at + 1][1])
        uniform = run >= _MIN_ROWS_WITHOUT_DELIMITER and pipes >= 2 and alike >= run
        lengths[at] = run if delimited or uniform else 0
        below = pipes
    return lengths


def read_rows(lines: Sequence[Line]) -> tuple[Row, ...]:
    """The rows of a table, header first, delimiter left out, doubled and mixed rows marked."""
    rows = [Row(span, split_cells(text)) for span, text in lines if not is_delimiter(text)]
    return mark_flaws([row for row in rows if row.cells])


def mark_flaws(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, each with the flaw that it has against the header and the rows before it."""
    if not rows:
        return ()
    header = rows[0].cells
    seen = {header}
    marked = [rows[0]]
    for row in rows[1:]:
        marked.append(Row(row.span, row.cells, _flaw(row.cells, header, seen)))
        seen.add(row.cells)
    return tuple(marked)


def _flaw(
    cells: tuple[str, ...], header: tuple[str, ...], seen: set[tuple[str, ...]]
) -> Flaw | None:
    if cells in seen:
        return Flaw.DUPLICATE
    if len(cells) > len(header):
        return Flaw.GARBLED
    spilled = len(header) > 1 and any(
        cells[at : at + 2] == header[:2] for at in range(1, len(cells) - 1)
    )
    return Flaw.GARBLED if spilled else None


def row_sentence(header: str | None, row: str) -> str:
    """A row as one readable line, each cell under its header: "Year: 2024; Budget (USD): 61.5".

    Cells are given verbatim; an empty cell is left out, a cell without a header stands alone.
    """
    names = split_cells(header) if header is not None else ()
    parts = [
        f"{names[at]}: {cell}" if at < len(names) and names[at] else cell
        for at, cell in enumerate(split_cells(row))
        if cell
    ]
    return "; ".join(parts)
