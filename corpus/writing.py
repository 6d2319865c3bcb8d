"""Canonical text as a parser writes it: one block a line, a blank line between blocks.

Table rows are `cell | cell`, the header first. What no UTF-8 text file holds is replaced here.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from corpus.tables import mark_flaws, names_columns, split_cells
from corpus.types import Block, BlockKind, ParsedText, Row, Span

_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f]")
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_NO_NAME = "–"  # heads a column that has no name


class Writer:
    """A text that grows block by block, and the places where its pages begin."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._pages: list[int] = []
        self._at = 0

    def start_page(self, at: int | None = None) -> None:
        """The next page begins here, or at an offset within what was written since the last."""
        self._pages.append(self._at if at is None else at)

    def heading(self, level: int, text: str) -> None:
        """A heading, on one line; nothing when it is blank."""
        if words := one_line(text):
            self.block(BlockKind.HEADING, [words], level)

    def paragraph(self, text: str, prefix: str = "") -> None:
        """Each line of `text` that is not blank as a paragraph, the first behind `prefix`."""
        for line in clean(text).split("\n"):
            if words := _BLANKS.sub(" ", line).strip():
                self.block(BlockKind.TEXT, [prefix + words])
                prefix = ""

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table, header first. Rows of a single cell above the header become text: captions."""
        cells = [[one_line(cell).replace("|", r"\|") for cell in row] for row in rows]
        filled = [row for row in cells if any(row)]
        captions = _captions(filled)
        for row in filled[:captions]:
            self.paragraph("".join(row).replace(r"\|", "|"))
        filled = filled[captions:]
        if filled:
            # A cell without a name above it would be taken for one that slipped in.
            missing = max(map(_width, filled)) - _width(filled[0])
            filled[0] = filled[0][: _width(filled[0])] + [_NO_NAME] * missing
        # A pipe before an empty first cell, which would be taken for the pipe before the row.
        lines = [("" if row[0] else "|") + " | ".join(row).rstrip() for row in filled]
        if lines:
            self.block(BlockKind.TABLE, lines)

    def block(self, kind: BlockKind, lines: Sequence[str], level: int = 0) -> Span:
        """Lines as they are, as one block; gives its span."""
        spans = []
        for line in lines:
            spans.append(Span(self._at, self._at + len(line)))
            self._parts.append(line + "\n")
            self._at += len(line) + 1
        rows: tuple[Row, ...] = ()
        if kind is BlockKind.TABLE:
            pairs = zip(spans, lines, strict=True)
            rows = mark_flaws([Row(span, split_cells(line)) for span, line in pairs])
        whole = Span(spans[0].start, spans[-1].end)
        self._blocks.append(Block(kind, whole, level, rows))
        self._parts.append("\n")
        self._at += 1
        return whole

    def parsed(
        self, title: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> ParsedText:
        """All that was written."""
        borders = pairwise([*self._pages, self._at])
        pages = tuple(Span(start, end) for start, end in borders)
        named = one_line(title or "") or None
        return ParsedText(
            "".join(self._parts), tuple(self._blocks), named, dict(metadata or {}), pages
        )


def clean(text: str) -> str:
    r"""`text` with line ends as "\n", and what is no text as the replacement character."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """`text` without line ends, with single spaces."""
    return " ".join(clean(text).split())


def _captions(rows: Sequence[Sequence[str]]) -> int:
    """How many rows of a single cell stand above a header."""
    for at, row in enumerate(rows):
        if sum(map(bool, row)) > 1:
            return at if names_columns(row) else 0
    return 0


def _width(row: Sequence[str]) -> int:
    return max((at + 1 for at, cell in enumerate(row) if cell), default=0)
