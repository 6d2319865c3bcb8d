"""What a text is judged by: texts that come with it, and stored documents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.errors import InvalidRequest
from corpus.library import Library
from corpus.parse import parse_source
from corpus.sentences import sentence_spans
from corpus.types import Document, ParsedText
from corpus.units import units_of
from rag.entailment import ClaimModel
from rag.verify import CheckedText, Evidence, evidence_of, verify_text
from rag.words import check_written

MOST_SENTENCES = 200
NOT_STORED = 0  # the version of a text that is in no library

_LONGEST = 1000  # characters of a unit; a longer one is cut


def read_source(source_id: str, text: str, media_type: str = "text/markdown") -> list[Evidence]:
    """A text as evidence, whose document has the id that it was given with, and version 0.

    Raises UnreadableDocument for an empty one.
    """
    parsed = parse_source(text, media_type)
    document = unstored(source_id, parsed, media_type, parsed.title or source_id)
    units = units_of(parsed, lambda unit: len(unit) <= _LONGEST)
    return evidence_of(document, units, headings=True)


def unstored(document_id: str, parsed: ParsedText, media_type: str, title: str) -> Document:
    """A text as a document that is in no library, of version 0."""
    return Document(
        id=document_id,
        tenant="",
        collection="",
        external_id=None,
        version=NOT_STORED,
        uri=None,
        title=title,
        media_type=media_type,
        metadata={},
        content_hash="",
        status="",
        created_at="",
        updated_at="",
        text=parsed.text,
        pages=parsed.pages,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What a text is judged by: a text of one's own, or a stored document when `text` is None."""

    id: str
    text: str | None = None


def evidence_from(library: Library, tenant: str, sources: Sequence[Source]) -> list[Evidence]:
    """All that the sources say, in their order.

    Raises NotFound for a document that is not stored, UnreadableDocument for an empty text, and
    InvalidRequest for an id that two sources have.
    """
    twice = [name for name, times in Counter(one.id for one in sources).items() if times > 1]
    if twice:
        raise InvalidRequest(f"Two sources have the id {twice[0]!r}. Give each its own.")
    found: list[Evidence] = []
    for source in sources:
        if source.text is not None:
            found.extend(read_source(source.id, source.text))
            continue
        document = library.document(tenant, source.id)
        for chunk in library.chunks(tenant, source.id):
            path = chunk.heading_path
            found.extend(evidence_of(document, chunk.units, path, headings=True))
    return found


def verify_by_sources(
    library: Library, tenant: str, text: str, sources: Sequence[Source], model: ClaimModel
) -> CheckedText:
    """Judge every sentence of a text by the sources; raises what `evidence_from` does.

    Raises InvalidRequest for a blank text, and for one of too many sentences.
    """
    check_written("text", text)
    sentences = len(sentence_spans(text))
    if sentences > MOST_SENTENCES:
        raise InvalidRequest(
            f"The text has {sentences} sentences, and at most {MOST_SENTENCES} are judged at once. "
            "Send it in parts."
        )
    return verify_text(text, evidence_from(library, tenant, sources), model=model)
