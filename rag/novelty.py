"""What a new version of a document says that an older one did not, by its text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from corpus.sentences import sentence_spans
from corpus.types import Chunk, Document, Flaw, Span, Unit

_BLANK_LINES = re.compile(r"\n\s*\n")
_MARKER = re.compile(r"\s*(([-*+•‣#>]+|\d{1,3}[.)])\s+)+")  # of list items, quotations, headings
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
    said = {_plain(one) for one in _pieces(old_text)}
    everything = _plain(old_text)

    def is_known(span: Span) -> bool:
        text = _plain(span.of(document.text))
        return text in said or (len(text.split()) >= _SURE and text in everything)

    def marked(unit: Unit) -> Unit:
        # Under another header a row says something else.
        same = is_known(unit.span) and (unit.header is None or is_known(unit.header))
        return replace(unit, flaw=Flaw.UNCHANGED) if unit.quotable and same else unit

    return [replace(one, units=tuple(map(marked, one.units))) for one in chunks]


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
