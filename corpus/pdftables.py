"""Tables of a PDF page: those with rules between their cells, and those set in columns."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.pdfpage import HYPHEN, Box, Line, Word, around, lines_of_words

_NEAR = 3.0  # points within which two rules are at the same place
_GAP = 1.0  # font sizes of white between two columns
_LEADING = 3.0  # font sizes between the heights of two rows
_LEAST_ROWS = 3  # of a table that has no rules
_LONGEST_CELL = 60  # characters on average; longer ones are columns of text
_MARKER = re.compile(r"[-*•‣▪◦–]|\(?\w{1,3}[.)]")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, header first. `page` counts from 0."""

    page: int
    rows: list[list[str]]


Piece = Line | Table


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the columns and the rows of a ruled table begin and end, and its upright rules."""

    columns: list[float]
    rows: list[float]
    uprights: list[list[Box]]  # near each of the columns' places

    def holds(self, word: Word) -> bool:
        x, y = word.box.middle
        return self.columns[0] < x < self.columns[-1] and self.rows[0] < y < self.rows[-1]

    def place(self, word: Word) -> tuple[int, int]:
        """Row, counted from the top, and column of a word; of joined cells the first column."""
        x, y = word.box.middle
        row = bisect_right(self.rows, y) - 1
        column = bisect_right(self.columns, x) - 1
        while column > 0 and not self._is_ruled(column, y):
            column -= 1
        return len(self.rows) - 2 - row, column

    def _is_ruled(self, column: int, y: float) -> bool:
        return any(rule.bottom - _NEAR <= y <= rule.top + _NEAR for rule in self.uprights[column])


def pieces_of(words: Sequence[Word], rules: Sequence[Box], page: int) -> list[Piece]:
    """The words as lines and tables, in the order of the words."""
    grids = [grid for group in _connected(rules) if (grid := _grid(group)) is not None]
    pieces: list[Piece] = []
    loose: list[Word] = []
    held: dict[int, list[Word]] = {}  # in the order in which their pieces are put
    for word in words:
        at = next((number for number, grid in enumerate(grids) if grid.holds(word)), None)
        if at is None:
            loose.append(word)
        elif at in held:
            held[at].append(word)
        else:
            pieces += _with_columns(lines_of_words(loose, page))
            held[at], loose = [word], []
            pieces.append(Table(page, []))
    pieces += _with_columns(lines_of_words(loose, page))
    tables = iter(held.items())
    filled: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Line) or piece.rows:
            filled.append(piece)
            continue
        at, found = next(tables)
        rows = _ruled_rows(found, grids[at], page)
        filled += [Table(page, rows)] if rows else lines_of_words(found, page)
    return filled


def joined(lines: Iterable[str]) -> str:
    """Lines as one; a word that was parted at the end of a line is whole again."""
    text = ""
    for line in lines:
        text = text[:-1] + line if text.endswith(HYPHEN) else f"{text} {line}"
    return text.strip().replace(HYPHEN, "-")


def _connected(rules: Sequence[Box]) -> list[list[Box]]:
    """Groups of rules that touch each other, found from the left to the right."""
    done: list[list[Box]] = []
    open_groups: list[tuple[Box, list[Box]]] = []
    for rule in sorted(rules, key=lambda rule: (rule.left, rule.bottom)):
        merged, members = rule, [rule]
        others = []
        for box, group in open_groups:
            if _touch(box, rule):
                merged = around([merged, box])
                members = group + members if len(group) > len(members) else members + group
            elif box.right < rule.left - _NEAR:
                done.append(group)
            else:
                others.append((box, group))
        open_groups = [*others, (merged, members)]
    return done + [group for _, group in open_groups]


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left - _NEAR <= other.right
        and other.left - _NEAR <= one.right
        and one.bottom - _NEAR <= other.top
        and other.bottom - _NEAR <= one.top
    )


def _grid(rules: Sequence[Box]) -> _Grid | None:
    """The grid that rules make; None for what has not two columns and two rows."""
    uprights = [rule for rule in rules if rule.top - rule.bottom > rule.right - rule.left]
    flats = [rule for rule in rules if rule.top - rule.bottom <= rule.right - rule.left]
    whole = around(rules)
    columns = _places([whole.left, whole.right, *(rule.left for rule in uprights)])
    rows = _places([whole.bottom, whole.top, *(rule.bottom for rule in flats)])
    if min(len(columns), len(rows)) < 3:
        return None
    near: list[list[Box]] = [[] for _ in columns]
    for rule in uprights:
        near[bisect_right(columns, rule.left) - 1].append(rule)
    return _Grid(columns, rows, near)


def _places(values: Sequence[float]) -> list[float]:
    """The values in order, those that are near each other once."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR:
            places.append(value)
    return places


def _ruled_rows(words: Sequence[Word], grid: _Grid, page: int) -> list[list[str]]:
    """The cells of a grid; none when it has not two rows and two columns with words in them."""
    cells: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        cells.setdefault(grid.place(word), []).append(word)
    rows = sorted({row for row, _ in cells})
    columns = sorted({column for _, column in cells})
    if min(len(rows), len(columns)) < 2:
        return []
    return [
        [
            joined(line.text for line in lines_of_words(cells.get((row, column), []), page))
            for column in columns
        ]
        for row in rows
    ]


def _with_columns(lines: Sequence[Line]) -> list[Piece]:
    """The lines, those that stand in columns below each other as tables."""
    pieces: list[Piece] = []
    run: list[Line] = []
    for line in lines:
        if run and not (_is_below(run[-1], line) and _goes_on(run, line)):
            pieces += _columns(run)
            run = []
        if run or len(_segments(line)) > 1:
            run.append(line)
        else:
            pieces.append(line)
    return [*pieces, *_columns(run)]


def _is_below(above: Line, line: Line) -> bool:
    distance = above.box.middle[1] - line.box.middle[1]
    return 0 < distance < _LEADING * max(above.size, line.size)


def _goes_on(run: Sequence[Line], line: Line) -> bool:
    """Whether a line is in columns too, or is a cell alone in the first of them."""
    if len(_segments(line)) > 1:
        return True
    last = _segments(run[-1])
    return len(last) > 1 and line.box.right < last[1][0].box.left


def _segments(line: Line) -> list[list[Word]]:
    """The words of a line, parted where there is a wide gap, but not after the mark of a list."""
    segments = [[line.words[0]]]
    for before, word in pairwise(line.words):
        wide = word.box.left - before.box.right > _GAP * max(before.size, word.size)
        marker = len(segments) == 1 == len(segments[0]) and _MARKER.fullmatch(before.text)
        if wide and not marker:
            segments.append([word])
        else:
            segments[-1].append(word)
    return segments


def _columns(run: Sequence[Line]) -> list[Piece]:
    """A table of the lines, if their cells are in columns; else the lines."""
    rows = [_segments(line) for line in run]
    while rows and len(rows[-1]) == 1:  # the text after the table
        rows.pop()
    cells = [cell for row in rows for cell in row]
    length = sum(len(word.text) + 1 for cell in cells for word in cell)
    several = sum(len(row) > 1 for row in rows)
    if several < _LEAST_ROWS or length > _LONGEST_CELL * len(cells):
        return list(run)
    starts: list[float] = []
    end = float("-inf")
    for cell in sorted(cells, key=lambda cell: cell[0].box.left):
        if cell[0].box.left > end:
            starts.append(cell[0].box.left)
        end = max(end, cell[-1].box.right)
    table = []
    for row in rows:
        places = [bisect_right(starts, cell[0].box.left) - 1 for cell in row]
        if len(set(places)) < len(places):  # two cells in one column
            return list(run)
        texts = dict(zip(places, row, strict=True))
        table.append(
            [" ".join(word.text for word in texts.get(at, ())) for at in range(len(starts))]
        )
    return [Table(run[0].page, table), *run[len(rows) :]]
