"""What a new version of a document says that an older one did not, and the reverse, by text."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from corpus.sentences import sentence_spans, trimmed
from corpus.types import Chunk, Document, Flaw, Span, Unit

_BLANK_LINES = re.compile(r"\n\s*\n")
_MARKER = re.compile(r"\s*(([-*+•‣#>]+|\d{1,3}[.)])\s+)+")  # of list items, quotations, headings
_RULE = re.compile(r"[\s|:*_=-]+")  # between a table's header and its rows, or across the page
_HEADING = re.compile(r"\s*#")
# As many words in a row are the same sentence, or a piece of one: a long one is cut into pieces.
_SURE = 12


def set_aside_known(
    document: Document, chunks: Sequence[Chunk], old_text: str | None
) -> list[Chunk]:
    """The chunks, in which what the old text says too has the flaw UNCHANGED and is not quoted.

    White space does not tell two sentences apart, all else does. With no old text, because it is
    gone, nothing is set aside. Spans stay as they are.
    """
    if old_text is None:
        return list(chunks)
    is_known = _known(old_text)

    def marked(unit: Unit) -> Unit:
        # Under another header a row says something else.
        spans = (unit.span,) if unit.header is None else (unit.span, unit.header)
        same = all(is_known(span.of(document.text)) for span in spans)
        return replace(unit, flaw=Flaw.UNCHANGED) if unit.quotable and same else unit

    return [replace(one, units=tuple(map(marked, one.units))) for one in chunks]


def taken_out(old_text: str, new_text: str) -> list[Span]:
    """Spans of the sentences and table rows of an old text that a new one does not have.

    Headings are left out. A sentence that was changed is one that was taken out, and another one.
    """
    is_known = _known(new_text)
    return [span for span in _sentences_and_rows(old_text) if not is_known(span.of(old_text))]


def _known(text: str) -> Callable[[str], bool]:
    """Whether a sentence or row is one of a text, or a long one is a piece of one."""
    said = {_plain(one) for one in _pieces(text)}
    everything = _plain(text)

    def is_known(one: str) -> bool:
        plain = _plain(one)
        return plain in said or (len(plain.split()) >= _SURE and plain in everything)

    return is_known


def _sentences_and_rows(text: str) -> Iterator[Span]:
    for lines in _paragraphs(text):
        # List items, headings and rows stand each for itself; other lines may be wrapped.
        is_wrapped = not any(_MARKER.match(one.of(text)) or _is_row(one.of(text)) for one in lines)
        for span in [Span(lines[0].start, lines[-1].end)] if is_wrapped else lines:
            part = span.of(text)
            if _RULE.fullmatch(part) or _HEADING.match(part):
                continue
            marker = _MARKER.match(part)
            at = marker.end() if marker else 0
            if _is_row(part):
                yield from trimmed(part, 0, len(part), span.start)
            else:
                yield from sentence_spans(part[at:], span.start + at)


def _paragraphs(text: str) -> Iterator[list[Span]]:
    """The lines of each paragraph; between two there are blank ones."""
    lines: list[Span] = []
    at = 0
    for line in text.split("\n"):
        if line.strip():
            lines.append(Span(at, at + len(line)))
        elif lines:
            yield lines
            lines = []
        at += len(line) + 1
    if lines:
        yield lines


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _pieces(text: str) -> Iterator[str]:
    """All that may have been a sentence or a row: of paragraphs, and of their lines."""
    for paragraph in _BLANK_LINES.split(text):
        lines = paragraph.splitlines()
        yield from lines
        for part in dict.fromkeys([paragraph, *lines]):
            marker = _MARKER.match(part)
            bare = part[marker.end() :] if marker else part
            yield from (span.of(bare) for span in sentence_spans(bare))


def _plain(text: str) -> str:
    return " ".join(text.split())
