"""An answer from the passages that were found, by the embedded reader."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from corpus.errors import NotFound
from corpus.ingest import Embed
from corpus.library import Library
from corpus.types import Document, DocumentVersion, Passage
from rag.extract import read
from rag.telemetry import step
from rag.types import EXTRACTIVE, Answer, Status, Usage


def new_answer_id() -> str:
    """An id that no answer has."""
    return f"ans_{uuid.uuid4().hex}"


def answer_by_quoting(
    library: Library,
    tenant: str,
    question: str,
    *,
    find: Callable[[str], Sequence[Passage]],
    embed: Embed,
    answer_id: str | None = None,
) -> Answer:
    """Find passages for a question, and quote what answers it in them."""
    timings: dict[str, float] = {}
    with step("retrieve", timings):
        found = find(question)
    with step("read", timings):
        texts = _texts(library, tenant, found)
        passages = [one for one in found if _version(one) in texts]
        reading = read(question, passages, texts, lambda name: library.chunks(tenant, name), embed)
    return Answer(
        id=answer_id or new_answer_id(),
        question=question,
        standalone_question=question,
        status=Status.ABSTAINED if reading.reason else Status.ANSWERED,
        reason=reading.reason,
        text=reading.cited.text,
        sentences=reading.cited.sentences,
        citations=reading.cited.citations,
        passages=tuple(passages),
        conflicts=reading.conflicts,
        usage=Usage(read=sum(one.chunk.token_count for one in passages)),
        timings=timings,
        model=EXTRACTIVE,
        prompt_hash=None,
    )


def _texts(
    library: Library, tenant: str, passages: Sequence[Passage]
) -> dict[DocumentVersion, Document]:
    """The passages' documents, without those that were deleted since they were found."""
    texts = {}
    for key in {_version(one) for one in passages}:
        with suppress(NotFound):
            texts[key] = library.document(tenant, *key)
    return texts


def _version(passage: Passage) -> DocumentVersion:
    return passage.chunk.document_id, passage.chunk.version
