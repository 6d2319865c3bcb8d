"""Plain text to blocks: paragraphs, bare headings, bullets and sloppy pipe tables.

Two habits are told apart: one line per paragraph, as text pasted from the web has it, and lines
wrapped at a column with blank lines between paragraphs.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from corpus.tables import Line, lines_of, read_rows, table_lengths
from corpus.types import Block, BlockKind, ParsedText, Span

_BULLET = re.compile(r"\s*([-*•‣–]|\d{1,3}[.)])\s+\S")
_BYLINE = re.compile(r"(by|from|photo|source|published|updated)\b", re.IGNORECASE)
_WRAP_COLUMN = 100  # no line of a wrapped text is longer
_LONGEST_HEADING = 120  # characters
_TITLE_WORDS = 4  # fewer are a section's or a newspaper's name
_TITLE_WITHIN = 5  # blocks


def read_plain(text: str) -> ParsedText:
    """Blocks of a plain text. The first heading of four words or more near the top is the title."""
    blocks = tuple(_with_headings(text, plain_blocks(text, Span(0, len(text)))))
    headings = [
        block.span.of(text) for block in blocks[:_TITLE_WITHIN] if block.kind is BlockKind.HEADING
    ]
    long_enough = [heading for heading in headings if len(heading.split()) >= _TITLE_WORDS]
    return ParsedText(text, blocks, title=next(iter(long_enough or headings), None))


def plain_blocks(text: str, span: Span) -> list[Block]:
    """Paragraphs, list items and tables of a stretch of text, which starts at a line's start."""
    lines = lines_of(text, span)
    wrapped = _is_wrapped(lines)
    tables = table_lengths(lines)
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if length := tables[at]:
            rows = read_rows(lines[at : at + length])
            whole = Span(lines[at][0].start, lines[at + length - 1][0].end)
            blocks.append(Block(BlockKind.TABLE, whole, rows=rows))
            at += length
            continue
        end = at + 1
        if lines[at][1].strip():
            while (
                wrapped
                and end < len(lines)
                and lines[end][1].strip()
                and not tables[end]
                and _BULLET.match(lines[end][1]) is None
            ):
                end += 1
            blocks.append(Block(BlockKind.TEXT, Span(lines[at][0].start, lines[end - 1][0].end)))
        at = end
    return blocks


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Whether no line is long, and there are blank lines between paragraphs of several lines.

    Without blank lines, most lines must go on in lower case.
    """
    words = [text.strip() for _, text in lines]
    neighbours = [(a, b) for a, b in pairwise(words) if a and b]
    longest = max((len(text) for _, text in lines if "|" not in text), default=0)
    if not neighbours or longest > _WRAP_COLUMN:
        return False
    going_on = sum(b[0].islower() for _, b in neighbours)
    return not all(words) or going_on > len(neighbours) / 2


def _with_headings(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """Bare lines that read as headings, level 1 for the first and 2 for the others."""
    level = 1
    for at, block in enumerate(blocks):
        followed = any(later.kind is BlockKind.TEXT for later in blocks[at + 1 : at + 3])
        if block.kind is BlockKind.TEXT and followed and _is_heading(block.span.of(text)):
            yield Block(BlockKind.HEADING, block.span, level)
            level = 2
        else:
            yield block


def _is_heading(line: str) -> bool:
    line = line.strip()
    return (
        len(line) <= _LONGEST_HEADING
        and "\n" not in line
        and "|" not in line
        and not line.rstrip("”’\"'").endswith((".", "!", ",", ";", ":", "…"))  # also in a quotation
        and (line[0].isupper() or line[0].isdigit() or line[0] in "“\"‘'")
        and _BULLET.match(line) is None
        and _BYLINE.match(line) is None
    )
