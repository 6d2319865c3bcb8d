"""The vocabulary of the corpus: where text is, what it is part of, and how it was found.

All offsets are half-open and count code points of a document's canonical text.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of code points, `text[start:end]`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def of(self, text: str) -> str:
        """The slice of `text`; raises ValueError when the span leaves it."""
        if self.end > len(text):
            raise ValueError(f"span [{self.start}, {self.end}) leaves a text of {len(text)}")
        return text[self.start : self.end]


class Flaw(StrEnum):
    """Why a unit is kept but never quoted."""

    RESIDUE = "residue"  # a chatbot's offer that was pasted along with its text
    DUPLICATE = "duplicate"  # a table row that the same table already has
    GARBLED = "garbled"  # a table row whose cells an export has mixed with other rows
    UNCHANGED = "unchanged"  # it was there before, where only what is new is asked for; not stored


class BlockKind(StrEnum):
    """What a stretch of a document is."""

    HEADING = "heading"
    TEXT = "text"  # a paragraph, a list item or a quotation
    TABLE = "table"
    CODE = "code"
    META = "meta"  # front matter


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `cells` are stripped, empty ones at the end left out."""

    span: Span
    cells: tuple[str, ...]
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One structural piece of a document; `level` is 1 to 6 for headings, else 0.

    `rows` is filled for tables only, and holds the header first.
    """

    kind: BlockKind
    span: Span
    level: int = 0
    rows: tuple[Row, ...] = ()


class UnitKind(StrEnum):
    """What can be cited, and what only carries context."""

    SENTENCE = "sentence"
    ROW = "row"
    HEADER = "header"  # a table's header row
    HEADING = "heading"
    OTHER = "other"  # code, front matter


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece that can be quoted: a sentence, or a table row.

    A row has its table's header, and what is written over the table as its caption, if anything.
    """

    span: Span
    kind: UnitKind
    header: Span | None = None
    caption: Span | None = None
    flaw: Flaw | None = None
    corrects: bool = False  # it stands in a correction of the document's own text

    @property
    def quotable(self) -> bool:
        """Whether an answer or a summary may quote it."""
        return self.flaw is None and self.kind in (UnitKind.SENTENCE, UnitKind.ROW)


@dataclass(frozen=True, slots=True)
class ParsedText:
    """What a parser makes of a file: canonical text, and blocks in order that lie within it.

    `pages` are the spans of the pages or slides, in order, together the whole text; none for a
    format without pages. `metadata` is JSON.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a parser may make of one file; over it, the file is refused."""

    max_pages: int = 2_000  # pages of a PDF, slides of a presentation
    max_expansion: int = 100  # times its own size, for what is packed in a file
    max_expanded_mb: int = 500  # the same in MiB, however large the file is
    max_characters: int = 20 * 1024 * 1024  # of the text that was in a file


DocumentVersion = tuple[str, int]  # a document's id, and one of its versions


class Outcome(StrEnum):
    """What came of an upload."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE_OF = "duplicate_of"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An upload that is stored. For a duplicate, `id` is the document that was there before."""

    id: str
    outcome: Outcome
    version: int
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a stored document, counted from 1; times are ISO 8601 in UTC.

    `pages` are the spans of its pages or slides, as in ParsedText.
    """

    id: str
    tenant: str
    collection: str
    external_id: str | None
    version: int
    uri: str | None
    title: str
    media_type: str
    metadata: Mapping[str, Any]
    content_hash: str
    status: str  # "ready" to be searched, or "pending" until its chunks are embedded
    created_at: str
    updated_at: str
    text: str
    pages: tuple[Span, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number, from 1, of the page on which a character stands; None without pages."""
        return bisect_right(self.pages, offset, key=lambda page: page.start) or None


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a version was made from, as it was sent."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, and how many documents it has."""

    name: str
    documents: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """An exact slice of a document: `document.text[span.start:span.end]`.

    `id` is the library's number for it, 0 before it is stored. `token_count` is in tokens of the
    encoding that the corpus counts with. `heading_path` runs from the outermost heading inwards.
    """

    id: int
    document_id: str
    version: int
    ordinal: int
    span: Span
    token_count: int
    heading_path: tuple[str, ...]
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that a search found.

    `score` is the fused score, higher is better, comparable within one search only. `rank` counts
    from 1; `ranks_by` gives the rank in each half ("dense", "lexical") that found it.
    """

    chunk: Chunk
    title: str
    uri: str | None
    text: str
    score: float
    rank: int
    ranks_by: Mapping[str, int]


class DeliveryStatus(StrEnum):
    """How far an event on its way to a webhook has come."""

    PENDING = "pending"  # an attempt is to be made, or is being made
    DELIVERED = "delivered"  # it was accepted, and is never sent again
    FAILED = "failed"  # it was not accepted in as many attempts as are made
    DISABLED = "disabled"  # nothing is sent to its webhook any more
