"""Documents, passages and pipelines for the tests, and what must hold for every cited text."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import corpus
from corpus.chunk import chunk
from corpus.parse import media_type_of, parse_text
from corpus.tables import row_sentence
from corpus.tokens import token_counter
from corpus.types import Accepted, Chunk, Document, Passage, Span, UnitKind
from rag import Answer, Citation, Pipeline, Sentence, Summary, Upload

SAMPLES = sorted((Path(corpus.__file__).parent / "samples").glob("*.*"))

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, on an event loop of its own."""
    return asyncio.run(work)


@dataclass(frozen=True, slots=True)
class Samples:
    """A pipeline that has the samples in its default collection, and their ids by file name."""

    pipeline: Pipeline
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection of its own in the shared pipeline."""

    pipeline: Pipeline
    collection: str

    def add(self, source: str | bytes, name: str = "note.txt", **fields: Any) -> str:
        """Store and index one text or file; its document's id."""
        upload = Upload(source, media_type_of(name), name, collection=self.collection, **fields)
        (accepted,) = run(self.pipeline.add([upload]))
        assert isinstance(accepted, Accepted), accepted
        run(self.pipeline.index())
        return accepted.id

    def ask(self, question: str) -> Answer:
        """An answer from this collection."""
        return run(self.pipeline.ask(question, collection=self.collection))


def document_of(text: str, name: str = "note.txt", number: int = 1) -> Document:
    """A document that is stored nowhere; its id ends in `number`."""
    parsed = parse_text(text, media_type_of(name))
    return Document(
        id=f"doc_{number:020x}",
        tenant="default",
        collection="default",
        external_id=None,
        version=1,
        uri=None,
        title=parsed.title or name,
        media_type=media_type_of(name),
        metadata={},
        content_hash="",
        status="ready",
        created_at="",
        updated_at="",
        text=parsed.text,
    )


def passages_of(document: Document) -> list[Passage]:
    """Every chunk of a document as a passage, in the document's order."""
    parsed = parse_text(document.text, document.media_type)
    found: list[Passage] = []
    for piece in chunk(parsed, token_counter()):
        number = int(document.id[-20:], 16) * 1000 + piece.ordinal + 1
        owned = replace(piece, id=number, document_id=document.id, version=document.version)
        body = owned.span.of(document.text)
        found.append(Passage(owned, document.title, None, body, 1.0, len(found) + 1, {}))
    return found


def passage_of_tokens(token_count: int, rank: int) -> Passage:
    """A passage of which only the size and the rank matter."""
    piece = Chunk(rank, "doc_0", 1, rank, Span(0, 1), token_count, (), ())
    return Passage(piece, "title", None, "x", 1 / rank, rank, {"dense": rank})


def flawed_spans(pipeline: Pipeline, document_id: str) -> list[Span]:
    """Where a document has residue, doubled rows and garbled rows."""
    units = [unit for piece in run(pipeline.chunks(document_id)) for unit in piece.units]
    return [unit.span for unit in units if unit.flaw is not None]


def rows_and_captions(pipeline: Pipeline, document_id: str) -> dict[Span, tuple[Span, ...]]:
    """The span of each table row of a document, and those of its header and its caption."""
    units = [unit for piece in run(pipeline.chunks(document_id)) for unit in piece.units]
    rows = [unit for unit in units if unit.kind is UnitKind.ROW]
    return {
        unit.span: tuple(span for span in (unit.header, unit.caption) if span is not None)
        for unit in rows
    }


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a character."""
    return one.start < other.end and other.start < one.end


def assert_cited(text: str, sentences: Sequence[Sentence], citations: Sequence[Citation]) -> None:
    """Sentences stand where they say, each followed by its markers, and markers count from 1."""
    assert [citation.marker for citation in citations] == list(range(1, len(citations) + 1))
    assert len({citation.id for citation in citations}) == len(citations)
    seen: list[int] = []
    end = 0
    for at, sentence in enumerate(sentences):
        assert text[sentence.span.start : sentence.span.end] == sentence.text
        assert text[end : sentence.span.start] == ("\n" if at else "")
        tail = "".join(f"[{marker}]" for marker in sentence.citations)
        end = sentence.span.end
        if tail:
            assert text[end:].startswith(f" {tail}")
            end += len(tail) + 1
        seen.extend(marker for marker in sentence.citations if marker not in seen)
    assert end == len(text), "something stands in the text that belongs to no sentence"
    assert seen == [citation.marker for citation in citations], "markers are not in order"


def assert_holds(pipeline: Pipeline, result: Answer | Summary) -> None:
    """Every quote is its document's text at its span, and no sentence says more than its quotes."""
    assert_cited(result.text, result.sentences, result.citations)
    by_marker = {citation.marker: citation for citation in result.citations}
    for citation in result.citations:
        document = run(pipeline.document(citation.document_id, citation.version))
        assert document.text[citation.span.start : citation.span.end] == citation.quote
        assert citation.quote.strip()
        assert citation.title == document.title
        assert citation.uri == document.uri
        flawed = flawed_spans(pipeline, citation.document_id)
        assert not any(overlap(citation.span, span) for span in flawed), citation.quote
    for sentence in result.sentences:
        assert sentence.citations, f"no citation of {sentence.text!r}"
        assert 0 <= sentence.score <= 1
        quotes = [by_marker[marker].quote for marker in sentence.citations]
        assert sentence.text in _readings(quotes)


def _readings(quotes: Sequence[str]) -> set[str]:
    """What may be written of quotes: a sentence as it stands, or a row read with its header."""
    if len(quotes) > 1:  # a row, its header and its caption
        return {row_sentence(quotes[1], quotes[0])}
    return {" ".join(quotes[0].split()), row_sentence(None, quotes[0])}
