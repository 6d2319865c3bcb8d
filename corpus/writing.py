"""Canonical text as a parser writes it: one block a line, a blank line between blocks.

Table rows are `cell | cell`, the header first. What no UTF-8 text file holds is replaced here.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from corpus.tables import mark_flaws, split_cells
from corpus.types import Block, BlockKind, ParsedText, Row, Span

_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f]")
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")


class Writer:
    """A text that grows block by block, and the places where its pages begin."""

    def __init__(self) -> None:
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
        """A table, header first. Leading rows of a single cell become its caption, as text."""
        cells = [[one_line(cell).replace("|", r"\|") for cell in row] for row in rows]
        filled = [row for row in cells if any(row)]
        while len(filled) > 1 and sum(map(bool, filled[0])) == 1 and _width(filled[1]) > 1:
            self.paragraph("".join(filled.pop(0)).replace(r"\|", "|"))
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


def _width(row: Sequence[str]) -> int:
    return max((at + 1 for at, cell in enumerate(row) if cell), default=0)
