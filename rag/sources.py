"""Texts that are given with a request, as documents with units, and units as evidence."""

from collections.abc import Iterable, Sequence

from corpus.parse import parse_source
from corpus.types import Document, Unit
from corpus.units import units_of
from rag.evidence import unit_text
from rag.verify import Evidence

_LONGEST = 1000  # characters of a unit; a longer one is cut
_NOT_STORED = 0  # the version of a text that is in no library


def read_source(source_id: str, text: str, media_type: str = "text/markdown") -> list[Evidence]:
    """A text as evidence, whose document has the id that it was given with, and version 0.

    Raises UnreadableDocument for an empty one.
    """
    parsed = parse_source(text, media_type)
    document = Document(
        id=source_id,
        tenant="",
        collection="",
        external_id=None,
        version=_NOT_STORED,
        uri=None,
        title=parsed.title or source_id,
        media_type=media_type,
        metadata={},
        content_hash="",
        status="",
        created_at="",
        updated_at="",
        text=parsed.text,
        pages=parsed.pages,
    )
    return evidence_of(document, units_of(parsed, lambda unit: len(unit) <= _LONGEST))


def evidence_of(
    document: Document, units: Iterable[Unit], heading_path: Sequence[str] = ()
) -> list[Evidence]:
    """The quotable units of a document, in their order."""
    found = []
    for unit in units:
        if unit.quotable:
            beside = tuple(span for span in (unit.header, unit.caption) if span is not None)
            text = unit_text(document, unit)
            if unit.caption is not None:
                text = f"{unit.caption.of(document.text)} {text}"
            spans = (unit.span, *beside)
            found.append(Evidence(text, document, spans, tuple(heading_path)))
    return found
