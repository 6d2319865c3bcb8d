"""The JSON of responses. `--json` on the command line prints the same models.

All offsets are half-open and count code points.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from corpus.types import Accepted, Outcome
from corpus.types import Document as StoredDocument
from corpus.types import Passage as FoundPassage
from rag import Mode
from rag.types import Answer as GivenAnswer
from rag.types import CitationState as GivenCitationState
from rag.types import Reason, Status, Verdict


class Wire(BaseModel):
    """Made from the dataclass of the same name."""

    model_config = ConfigDict(from_attributes=True)


class Span(Wire):
    """Half-open range of code points."""

    start: int
    end: int


class Document(Wire):
    """A document at one of its versions, without its text."""

    id: str
    collection: str
    external_id: str | None
    version: int
    uri: str | None
    title: str
    media_type: str
    metadata: dict[str, Any]
    content_hash: str
    status: str = Field(description='"ready" to be searched, or "pending".')
    created_at: str
    updated_at: str


class DocumentPage(Wire):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Document]
    next_cursor: str | None


class DocumentText(Wire):
    """The canonical text of a version, into which all its spans point."""

    document_id: str
    version: int
    text: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None


class AcceptedDocument(Wire):
    """An upload that is stored."""

    name: str = Field(description="The file name, or what the upload was called.")
    id: str
    outcome: Outcome
    version: int
    title: str
    status: str
    job_id: str | None = Field(description="The job that makes it searchable, if it waits for one.")


class RefusedDocument(BaseModel):
    """An upload of a batch that could not be read."""

    name: str
    problem: Problem


class Upload(BaseModel):
    """One entry for each uploaded document, in order."""

    documents: list[AcceptedDocument | RefusedDocument]


class Chunk(Wire):
    """Where a passage stands."""

    id: int
    document_id: str
    version: int
    ordinal: int
    span: Span
    token_count: int
    heading_path: list[str]


class Chunks(BaseModel):
    """The chunks of a document, in order."""

    items: list[Chunk]


class Collection(Wire):
    """A collection, and how many documents it has."""

    name: str
    documents: int


class Collections(BaseModel):
    """All collections, by name."""

    items: list[Collection]


class Passage(Wire):
    """A chunk that a search found; `score` compares within one search only."""

    chunk: Chunk
    title: str
    uri: str | None
    text: str
    score: float
    rank: int
    ranks_by: dict[str, int]


class Search(Wire):
    """Passages, best first."""

    query: str
    mode: Mode
    passages: list[Passage]


class Citation(Wire):
    """A pointer at the characters of a document version that support a sentence."""

    id: str
    marker: int
    document_id: str
    version: int
    span: Span
    quote: str
    page: int | None
    title: str
    uri: str | None
    heading_path: list[str]


class Sentence(Wire):
    """A sentence of the text, at `span` in it, with the markers of its citations."""

    text: str
    span: Span
    verdict: Verdict
    score: float
    citations: list[int]


class Conflict(Wire):
    """Two citations, by their markers, that state different figures for the same thing."""

    citations: tuple[int, int]
    detail: str


class Usage(Wire):
    """Tokens."""

    read: int
    prompt: int
    completion: int


class Answer(Wire):
    """What was answered, or why nothing was; `timings` are seconds by step."""

    id: str
    question: str
    standalone_question: str
    status: Status
    reason: Reason | None
    text: str
    sentences: list[Sentence]
    citations: list[Citation]
    passages: list[Passage]
    conflicts: list[Conflict]
    usage: Usage
    timings: dict[str, float]
    model: str
    prompt_hash: str | None


class CitationState(Wire):
    """A citation looked up again; `quote` is null when it was deleted, or its version purged."""

    id: str
    document_id: str
    version: int
    span: Span
    quote: str | None
    title: str | None
    uri: str | None
    status: str = Field(description='"current", "changed" or "deleted".')


def answer(given: GivenAnswer) -> Answer:
    """An answer for the wire."""
    return Answer.model_validate(given)


def citation_state(given: GivenCitationState) -> CitationState:
    """A citation looked up again, for the wire."""
    return CitationState.model_validate(given)


def search(query: str, mode: Mode, found: Sequence[FoundPassage]) -> Search:
    """The passages of a search, for the wire."""
    return Search(query=query, mode=mode, passages=[Passage.model_validate(one) for one in found])


def document(stored: StoredDocument) -> Document:
    """A document for the wire."""
    return Document.model_validate(stored)


def accepted(
    name: str, given: Accepted, status: str, job_id: str | None = None
) -> AcceptedDocument:
    """An upload that is stored, for the wire."""
    return AcceptedDocument(
        name=name,
        id=given.id,
        outcome=given.outcome,
        version=given.version,
        title=given.title,
        status=status,
        job_id=job_id,
    )


def citation_url(base: str, citation_id: str) -> str:
    """Where a citation can be looked up; `base` is the address of the server, with its slash."""
    return f"{base}v1/citations/{citation_id}"
