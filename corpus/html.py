"""HTML to text and blocks: the main content, by trafilatura, without menus and banners.

The canonical text is written from trafilatura's tree, list items as `- item`.
"""

import re
from collections.abc import Iterator
from typing import Any

import trafilatura
from lxml.etree import _Element

from corpus.errors import EmptyDocument
from corpus.types import BlockKind, ParsedText
from corpus.writing import Writer

_BLANKS = re.compile(r"[ \t]+")

# One dated guess is worse than none: only what the page itself states as its date.
_DATE = {"original_date": True, "extensive_search": False}


def read_html(text: str) -> ParsedText:
    """Main content of an HTML page, with its title and, where stated, author and date.

    Raises EmptyDocument when there is no main content.
    """
    page: Any = trafilatura.bare_extraction(
        text, include_comments=False, with_metadata=True, date_extraction_params=dict(_DATE)
    )
    if page is None or page.body is None:
        raise EmptyDocument("The page has no main content: no paragraphs of text were found in it.")
    writer = Writer()
    for kind, level, lines in _pieces(page.body):
        writer.block(kind, lines, level)
    metadata = {
        name: value for name in ("author", "date", "sitename") if (value := getattr(page, name))
    }
    return writer.parsed(page.title, metadata)


def _pieces(element: _Element) -> Iterator[tuple[BlockKind, int, list[str]]]:
    """Kind, heading level and lines of each block, in order."""
    for child in element:
        if child.tag == "table":
            yield from _table(child)
        elif child.tag == "head":
            rend = child.get("rend", "h2")
            level = int(rend[1]) if rend[1:].isdigit() else 2
            yield from _lines(BlockKind.HEADING, level, _text(child))
        elif child.tag in ("list", "quote", "div") and len(child):
            yield from _lines(BlockKind.TEXT, 0, child.text or "")
            yield from _pieces(child)
        elif child.tag == "item":
            nested = [inner for inner in child if inner.tag == "list"]
            yield from _lines(BlockKind.TEXT, 0, _text(child, skip="list"), prefix="- ")
            for inner in nested:
                yield from _pieces(inner)
        else:
            yield from _lines(BlockKind.TEXT, 0, _text(child))
        yield from _lines(BlockKind.TEXT, 0, child.tail or "")


def _lines(
    kind: BlockKind, level: int, text: str, prefix: str = ""
) -> Iterator[tuple[BlockKind, int, list[str]]]:
    for line in text.split("\n"):
        words = _BLANKS.sub(" ", line).strip()
        if words:
            yield kind, level, [prefix + words]


def _text(element: _Element, skip: str | None = None) -> str:
    r"""Text of an element and of what it holds; a line break is "\n"."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append("\n")
        elif child.tag != skip:
            parts.append(_text(child, skip))
        parts.append(child.tail or "")
    return "".join(parts)


def _table(table: _Element) -> Iterator[tuple[BlockKind, int, list[str]]]:
    """A caption, where trafilatura made one a row of a single cell, then the rows."""
    rows = [
        [" ".join(_text(cell).split()).replace("|", r"\|") for cell in row.iter("cell")]
        for row in table.iter("row")
    ]
    while len(rows) > 1 and sum(map(bool, rows[0])) == 1 and len(rows[1]) > 1:
        yield from _lines(BlockKind.TEXT, 0, next(filter(None, rows.pop(0))))
    # A pipe before an empty first cell, which would be taken for the pipe before the row.
    lines = [("" if row[0] else "|") + " | ".join(row) for row in rows if any(row)]
    if lines:
        yield BlockKind.TABLE, 0, lines
