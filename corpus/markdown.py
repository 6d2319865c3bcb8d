"""Markdown to blocks, by markdown-it. The canonical text is the source itself, markup included."""

from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from corpus.plain import plain_blocks
from corpus.tables import lines_of, read_rows
from corpus.types import Block, BlockKind, ParsedText, Span

_reader = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)

# It compiles its rules when it first meets each of them, which two threads must not do at once.
_reader.parse("# a\n\n> - *b*\n\n| c |\n|---|\n| `d` |\n")

_KINDS = {
    "paragraph_open": BlockKind.TEXT,
    "heading_open": BlockKind.HEADING,
    "table_open": BlockKind.TABLE,
    "html_block": BlockKind.TEXT,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
    "front_matter": BlockKind.META,
}


def read_markdown(text: str) -> ParsedText:
    """Blocks of a Markdown text. The title is the first heading of the highest level.

    A paragraph is read again as plain text, so that a table which is not quite Markdown's is
    found all the same.
    """
    starts = _line_starts(text)
    blocks: list[Block] = []
    tokens = _reader.parse(text)
    for token in tokens:
        if token.type not in _KINDS or token.map is None:
            continue
        span = Span(starts[token.map[0]], max(starts[token.map[0]], starts[token.map[1]] - 1))
        blocks.extend(_blocks(text, token, span))
    return ParsedText(text, tuple(blocks), title=_title(tokens))


def _blocks(text: str, token: Token, span: Span) -> list[Block]:
    kind = _KINDS[token.type]
    if kind is BlockKind.TABLE:
        return [Block(kind, span, rows=read_rows(lines_of(text, span)))]
    if kind is BlockKind.TEXT:
        pieces = plain_blocks(text, span)
        has_table = any(piece.kind is BlockKind.TABLE for piece in pieces)
        return pieces if has_table else [Block(kind, span)]
    level = int(token.tag[1]) if kind is BlockKind.HEADING else 0
    return [Block(kind, span, level)]


def _line_starts(text: str) -> list[int]:
    """Offset of every line, and one past the end for the line after the last."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _title(tokens: Sequence[Token]) -> str | None:
    headings = [
        (token.tag, inline.content)
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and inline.content.strip()
    ]
    return min(headings, key=lambda heading: heading[0])[1] if headings else None
