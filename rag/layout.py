"""A cited text as lines of pieces, as every rendering of it needs them. Pure functions.

Only a marker that stands outside the sentences is one: what looks like a marker within a sentence,
which may be quoted, is text.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from corpus.types import DocumentVersion
from rag.sanitize import visible
from rag.types import Answer, Citation, Sentence, Summary, Verdict

_MARKER = re.compile(r"\[(\d+)\]")
_ITEM = re.compile(r"^\s*[-*•]\s+")

DOUBTS = {
    Verdict.PARTIAL: "supported in part",
    Verdict.CONTRADICTED: "contradicted by the sources",
    Verdict.UNSUPPORTED: "not supported by the sources",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Text without line breaks or hidden characters; `doubt` is what is wrong with it, if any."""

    text: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A pointer at a citation; `time` counts those at the same one, from 1."""

    citation: Citation
    time: int

    @property
    def anchor(self) -> str:
        """The name of the place where it stands."""
        return reference_anchor(self.citation.marker, self.time)


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, or an item of a list."""

    pieces: tuple[Words | Marker, ...]
    is_item: bool


@dataclass(frozen=True, slots=True)
class Quotes:
    """What is quoted of a document, word for word, under a label."""

    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A document in a list, and what is said of it; citations of the `version` are linked to."""

    title: str
    detail: str
    uri: str | None = None
    version: DocumentVersion | None = None
    quotes: tuple[Quotes, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A list of documents under a heading."""

    heading: str
    items: tuple[Item, ...]


def lines_of(made: Summary | Answer) -> list[Line]:
    """The text of a summary or an answer, line by line."""
    lines: list[list[Words | Marker]] = [[]]
    seen: Counter[int] = Counter()
    by_marker = {one.marker: one for one in made.citations}
    for text, sentence in _stretches(made):
        if sentence is not None:
            lines[-1].append(Words(" ".join(visible(text).split()), DOUBTS.get(sentence.verdict)))
            continue
        for at, part in enumerate(text.split("\n")):
            if at:
                lines.append([])
            lines[-1] += _between(part, by_marker, seen)
    return [_line(pieces) for pieces in lines if any(_shows(one) for one in pieces)]


def date_of(at: datetime) -> str:
    """A time as a reader has it: "25 November 2026, 06:15 UTC"."""
    return f"{at.day} {at:%B %Y, %H:%M %Z}".strip()


def markers_of(made: Summary | Answer | None, version: DocumentVersion | None) -> list[int]:
    """The markers of what is cited of a version of a document."""
    citations = () if made is None else made.citations
    return [one.marker for one in citations if (one.document_id, one.version) == version]


def source_anchor(marker: int) -> str:
    """The name of the place where a citation is written out."""
    return f"source-{marker}"


def reference_anchor(marker: int, time: int) -> str:
    """The name of the place where a citation is pointed at for the first, second... time."""
    return f"reference-{marker}-{time}"


def references(lines: list[Line], marker: int) -> list[Marker]:
    """The places where a citation is pointed at."""
    pieces = (piece for line in lines for piece in line.pieces)
    return [one for one in pieces if isinstance(one, Marker) and one.citation.marker == marker]


def place_of(citation: Citation) -> str:
    """Where in its document a quote stands: page, headings below the title, version."""
    page = None if citation.page is None else f"page {citation.page}"
    below = (one for one in citation.heading_path if one.casefold() != citation.title.casefold())
    headings = " / ".join(visible(one) for one in below)
    return ", ".join(one for one in (page, headings, f"version {citation.version}") if one)


def set_aside(counts: dict[str, int]) -> str:
    """What was set aside of a document, by reason: "2 duplicate, 1 residue"."""
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none"


def _stretches(made: Summary | Answer) -> Iterator[tuple[str, Sentence | None]]:
    at = 0
    for sentence in made.sentences:
        yield made.text[at : sentence.span.start], None
        yield sentence.text, sentence
        at = sentence.span.end
    yield made.text[at:], None


def _between(
    text: str, by_marker: dict[int, Citation], seen: Counter[int]
) -> Iterator[Words | Marker]:
    at = 0
    for found in _MARKER.finditer(text):
        citation = by_marker.get(int(found[1]))
        if citation is None:
            continue
        yield Words(visible(text[at : found.start()]))
        seen[citation.marker] += 1
        yield Marker(citation, seen[citation.marker])
        at = found.end()
    yield Words(visible(text[at:]))


def _shows(piece: Words | Marker) -> bool:
    return isinstance(piece, Marker) or bool(piece.text.strip())


def _line(pieces: list[Words | Marker]) -> Line:
    first = next(piece for piece in pieces if _shows(piece))
    start = pieces.index(first)
    # The space between a bullet and its sentence may be at the end of the text before it.
    lead = _ITEM.match(f"{first.text} ") if isinstance(first, Words) else None
    if lead is None or not isinstance(first, Words):
        return Line(tuple(pieces[start:]), is_item=False)
    rest = Words(f"{first.text} "[lead.end() :].rstrip(), first.doubt)
    kept = [rest, *pieces[start + 1 :]] if rest.text else pieces[start + 1 :]
    return Line(tuple(kept), is_item=True)
