"""Units of passages as evidence for a question: what the embedded reader weighs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.tables import row_sentence, split_cells
from corpus.types import Document, Passage, Span, Unit, UnitKind
from rag.words import stems

_DATELINE = re.compile(r"[A-ZÀ-Þ][A-ZÀ-Þ .’'-]+, [^–—-]{3,30} [–—-] ")
_LOWER = re.compile(r"\b[a-zà-ÿ]+\b")
_LEAST_WORDS = 4  # a shorter sentence is a source line or an exclamation
_LEAST_LOWER = 2  # a line without words in lower case is a dateline or a label

Texts = Mapping[tuple[str, int], Document]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quotable unit of a passage. `text` is the sentence, or the row as a sentence."""

    document: Document
    passage: Passage
    unit: Unit
    text: str

    @property
    def spans(self) -> tuple[Span, ...]:
        """What citations of it point at: the sentence; or the row, its header and its caption."""
        beside = (self.unit.header, self.unit.caption)
        return (self.unit.span, *(span for span in beside if span is not None))

    @property
    def in_context(self) -> str:
        """The text without a dateline, and a row behind its table's caption."""
        caption = self.unit.caption
        if caption is None:
            return _DATELINE.sub("", self.text, count=1)
        return f"{caption.of(self.document.text)} {self.text}"


def candidates(question: str, passages: Sequence[Passage], texts: Texts) -> list[Candidate]:
    """The quotable units of the passages, in rank order."""
    found = [
        Candidate(document, passage, unit, text)
        for passage in passages
        for document in (texts[passage.chunk.document_id, passage.chunk.version],)
        for unit in passage.chunk.units
        if unit.quotable and _says_something(unit, text := unit_text(document, unit))
    ]
    return _rows_by_label(question, found)


def _says_something(unit: Unit, text: str) -> bool:
    return unit.kind is UnitKind.ROW or (
        len(text.split()) >= _LEAST_WORDS and len(_LOWER.findall(text)) >= _LEAST_LOWER
    )


def _rows_by_label(question: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Without the rows of a table whose first cell has less of the question than another's."""
    wanted = set(stems(question))
    shared: dict[tuple[str, Span], int] = {}
    for item in found:
        if item.unit.header is not None:
            table = item.document.id, item.unit.header
            shared[table] = max(shared.get(table, 0), _label_words(item, wanted))
    return [
        item
        for item in found
        if item.unit.header is None
        or _label_words(item, wanted) == shared[item.document.id, item.unit.header]
    ]


def _label_words(item: Candidate, wanted: set[str]) -> int:
    label = next(iter(split_cells(item.unit.span.of(item.document.text))), "")
    return len(wanted & set(stems(label)))


def unit_text(document: Document, unit: Unit) -> str:
    """A unit as it is read: a sentence as it stands, a row with each cell under its header."""
    text = unit.span.of(document.text)
    if unit.kind is UnitKind.ROW:
        return row_sentence(unit.header.of(document.text) if unit.header else None, text)
    return " ".join(text.split())
