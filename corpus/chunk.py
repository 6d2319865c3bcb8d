"""Parsed text to chunks: exact slices on unit borders, within a token budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from corpus.types import Chunk, ParsedText, Span, Unit, UnitKind
from corpus.units import units_of

# Tokens of cl100k_base: two or three sentences, which searches find and then grow to what is near.
# `pincite eval retrieval` prints what other sizes score.
MAX_TOKENS = 80


@dataclass(slots=True)
class _Section:
    """What is being filled: the units of one chunk under one heading path."""

    heading_path: tuple[str, ...] = ()
    units: list[Unit] = field(default_factory=list)
    tokens: int = 0


def chunk(
    parsed: ParsedText, count_tokens: Callable[[str], int], max_tokens: int = MAX_TOKENS
) -> list[Chunk]:
    """Cut a parsed text into chunks, in order, not overlapping.

    Every chunk is `parsed.text[span.start:span.end]`, starts and ends with a character that is not
    white space, and has at most about `max_tokens` tokens (counted unit by unit); together they
    hold every character that is not white space. A heading begins a new chunk. The chunks carry
    neither an id nor a document yet.
    """
    count = cache(count_tokens)  # a unit is looked at twice, and a chunk may be one unit
    sections: list[_Section] = []
    headings: list[tuple[int, str]] = []
    levels = {block.span.start: block.level for block in parsed.blocks if block.level}
    current = _Section()
    for unit in units_of(parsed, lambda text: count(text) <= max_tokens):
        tokens = count(unit.span.of(parsed.text))
        is_heading = unit.kind is UnitKind.HEADING
        if is_heading:
            level = levels.get(unit.span.start, 2)
            title = unit.span.of(parsed.text).lstrip("# ").strip()
            headings = [*(above for above in headings if above[0] < level), (level, title)]
        only_headings = all(old.kind is UnitKind.HEADING for old in current.units)
        if current.units and (
            current.tokens + tokens > max_tokens or (is_heading and not only_headings)
        ):
            sections.append(current)
            current = _Section()
        current.heading_path = tuple(title for _, title in headings)
        current.units.append(unit)
        current.tokens += tokens
    if current.units:
        sections.append(current)
    return _slices(parsed.text, sections, count)


def _slices(
    text: str, sections: Sequence[_Section], count_tokens: Callable[[str], int]
) -> list[Chunk]:
    starts = _starts(text, sections)
    ends = [*starts[1:], len(text)]
    chunks = []
    for ordinal, (section, start, end) in enumerate(zip(sections, starts, ends, strict=True)):
        body = text[start:end].rstrip()
        chunks.append(
            Chunk(
                id=0,
                document_id="",
                version=0,
                ordinal=ordinal,
                span=Span(start, start + len(body)),
                token_count=count_tokens(body),
                heading_path=section.heading_path,
                units=tuple(section.units),
            )
        )
    return chunks


def _starts(text: str, sections: Sequence[_Section]) -> list[int]:
    """Where each section's slice begins: at its line's start, so that a list marker stays on it."""
    starts: list[int] = []
    before = 0
    for section in sections:
        line = text.rfind("\n", before, section.units[0].span.start) + 1
        start = max(before, line) if starts else 0  # list markers may stand on lines before
        while text[start].isspace():
            start += 1
        starts.append(start)
        before = section.units[-1].span.end
    return starts


def heading_text(title: str, chunk: Chunk) -> str:
    """The title and headings that a chunk stands under, by which words it is found too."""
    return "\n".join([title, *(heading for heading in chunk.heading_path if heading != title)])


def indexed_text(chunk: Chunk, text: str) -> str:
    """What is embedded and searched by words: the chunk, behind the header of a table cut in two.

    Not its title and headings, which are searched by words beside it: embedded with every chunk
    they would cost time, and an update of the title would ask for all vectors anew.
    """
    header = chunk.units[0].header
    body = chunk.span.of(text)
    return body if header is None else f"{header.of(text)}\n{body}"


def surrounding_text(chunks: Sequence[Chunk], at: int, text: str) -> str:
    """What stands right before and after a chunk, by which words it is found too."""
    beside = (*chunks[max(at - 1, 0) : at], *chunks[at + 1 : at + 2])
    return "\n".join(chunk.span.of(text) for chunk in beside)


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """Adjacent chunks of one document version as one, which covers what is between them too.

    It has the id, the ordinal and the headings of the first.
    """
    first, last = chunks[0], chunks[-1]
    return replace(
        first,
        span=Span(first.span.start, last.span.end),
        token_count=sum(chunk.token_count for chunk in chunks),
        units=tuple(unit for chunk in chunks for unit in chunk.units),
    )
