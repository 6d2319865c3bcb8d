"""The pipeline: holds the settings, the library, the vectors and the model; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from corpus.embed import MiniLM
from corpus.errors import CorpusError, InvalidRequest, NotFound, UnreadableDocument
from corpus.ingest import Upload, draft, index
from corpus.isolate import ParserPool
from corpus.library import Draft, Library
from corpus.tokens import token_counter
from corpus.types import Accepted, Chunk, Document, Passage, Span
from corpus.vectors import VectorIndex
from rag.citations import parse_citation_id
from rag.extract import read
from rag.retrieve import Mode, retrieve, within_budget
from rag.settings import Settings
from rag.summarize import summarize
from rag.telemetry import step
from rag.types import Answer, CitationState, Status, Summary, Usage

EXTRACTIVE = "pincite-extractive"
_TENANT = "default"


class Pipeline:
    """One open data folder, and everything that can be done with it."""

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        """Open or make the data folder, `settings.data_dir` unless another is given.

        Raises DataFolderInUse, IncompatibleData or DamagedModel.
        """
        self.settings = settings
        folder = data_dir or settings.data_dir
        self._count_tokens = token_counter(settings.encoding)
        self._model = MiniLM(settings.threads)
        try:
            self._vectors = VectorIndex(folder, self._model.fingerprint)
            try:
                self._library = Library(folder / "pincite.db", self._model.fingerprint)
            except CorpusError:
                self._vectors.close()
                raise
        except CorpusError:
            self._model.close()
            raise
        self._parsers = ParserPool(
            limits=settings.limits,
            seconds=settings.parse_seconds,
            memory_mb=settings.parse_memory_mb,
        )
        self._indexing = asyncio.Lock()

    def close(self) -> None:
        """Close everything that is open; no thread and no process is left behind."""
        self._parsers.close()
        self._library.close()
        self._vectors.close()
        self._model.close()

    async def add(self, uploads: Sequence[Upload]) -> list[Accepted | UnreadableDocument]:
        """Store uploads; one result or error for each, in order. `index` makes them searchable."""
        return await asyncio.to_thread(self._add, uploads)

    def _add(self, uploads: Sequence[Upload]) -> list[Accepted | UnreadableDocument]:
        """Parse as many at once as there are parsers, and store in order."""
        with ThreadPoolExecutor(self._parsers.processes) as threads:
            return [
                one if isinstance(one, UnreadableDocument) else self._library.accept(_TENANT, one)
                for one in threads.map(self._draft, uploads)
            ]

    def _draft(self, upload: Upload) -> Draft | UnreadableDocument:
        try:
            return draft(
                upload,
                count_tokens=self._count_tokens,
                max_tokens=self.settings.chunk_tokens,
                max_bytes=self.settings.max_file_mb * 1024 * 1024,
                read=self._parsers.parse,
            )
        except UnreadableDocument as error:
            return error

    async def index(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Embed all that waits; `on_progress` gets the chunks done and the chunks known."""
        async with self._indexing:
            await asyncio.to_thread(
                index, self._library, self._vectors, self._model.embed, on_progress
            )

    async def documents(
        self, *, collection: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Document], str | None]:
        """A page of documents, without their text, and the next page's cursor."""
        return await asyncio.to_thread(self._library.documents, _TENANT, collection, limit, cursor)

    async def document(self, document_id: str, version: int | None = None) -> Document:
        """A document, at its newest version or the one asked for; raises NotFound."""
        return await asyncio.to_thread(self._library.document, _TENANT, document_id, version)

    async def delete(self, document_id: str) -> None:
        """Hide a document from now on, and remove it; raises NotFound."""
        await asyncio.to_thread(self._library.delete, _TENANT, document_id)
        await self.index()

    async def search(
        self,
        query: str,
        *,
        collection: str = "default",
        k: int | None = None,
        mode: Mode = Mode.HYBRID,
    ) -> list[Passage]:
        """The best passages for a query; raises InvalidRequest for a blank one."""
        return await asyncio.to_thread(self._search, query, collection, k, mode)

    def _search(
        self, query: str, collection: str, k: int | None, mode: Mode = Mode.HYBRID
    ) -> list[Passage]:
        _check("question", query)
        return retrieve(
            self._library,
            self._vectors,
            self._model.embed,
            query,
            tenant=_TENANT,
            collection=collection,
            k=self.settings.passages if k is None else k,
            mode=mode,
        )

    async def ask(self, question: str, *, collection: str = "default") -> Answer:
        """Answer a question by quoting; raises InvalidRequest for a blank one."""
        return await asyncio.to_thread(self._ask, question, collection)

    def _ask(self, question: str, collection: str) -> Answer:
        timings: dict[str, float] = {}
        with step("retrieve", timings):
            found = self._search(question, collection, None)
            passages = within_budget(found, self.settings.passage_tokens)
        with step("read", timings):
            texts = self._texts(passages)
            passages = [item for item in passages if _version(item) in texts]
            reading = read(question, passages, texts, self._chunks, self._model.embed)
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            question=question,
            standalone_question=question,
            status=Status.ABSTAINED if reading.reason else Status.ANSWERED,
            reason=reading.reason,
            text=reading.cited.text,
            sentences=reading.cited.sentences,
            citations=reading.cited.citations,
            passages=tuple(passages),
            conflicts=reading.conflicts,
            usage=Usage(read=sum(item.chunk.token_count for item in passages)),
            timings=timings,
            model=EXTRACTIVE,
            prompt_hash=None,
        )

    def _texts(self, passages: Sequence[Passage]) -> dict[tuple[str, int], Document]:
        """The passages' documents, without those that were deleted since they were found."""
        texts = {}
        for key in {_version(item) for item in passages}:
            with suppress(NotFound):
                texts[key] = self._library.document(_TENANT, *key)
        return texts

    def _chunks(self, document_id: str) -> Sequence[Chunk]:
        return self._library.chunks(_TENANT, document_id)

    async def summarize(
        self, document_ids: Sequence[str], *, focus: str | None = None, max_words: int = 120
    ) -> Summary:
        """Summarize documents by quoting; raises NotFound, or InvalidRequest for none."""
        return await asyncio.to_thread(self._summarize, document_ids, focus, max_words)

    def _summarize(self, document_ids: Sequence[str], focus: str | None, max_words: int) -> Summary:
        if not document_ids:
            raise InvalidRequest("Name at least one document to summarize.")
        if focus is not None:
            _check("focus", focus)
        timings: dict[str, float] = {}
        with step("load", timings):
            names = list(dict.fromkeys(document_ids))
            sources = [self._source(name) for name in names]
        with step("summarize", timings):
            cited, coverage = summarize(
                sources, self._model.embed, max_words=max_words, focus=focus
            )
        return Summary(
            id=f"sum_{uuid.uuid4().hex}",
            document_ids=tuple(names),
            focus=focus,
            text=cited.text,
            sentences=cited.sentences,
            citations=cited.citations,
            coverage=coverage,
            usage=Usage(sum(item.token_count for _, chunks in sources for item in chunks)),
            timings=timings,
            model=EXTRACTIVE,
            prompt_hash=None,
        )

    def _source(self, document_id: str) -> tuple[Document, Sequence[Chunk]]:
        chunks = self._chunks(document_id)
        if not chunks:
            raise InvalidRequest(f"{document_id!r} is still being embedded. Try again in a moment.")
        return self._library.document(_TENANT, document_id, chunks[0].version), chunks

    async def citation(self, citation_id: str) -> CitationState:
        """A citation as it stands today; raises NotFound."""
        return await asyncio.to_thread(self._citation, citation_id)

    def _citation(self, citation_id: str) -> CitationState:
        document_id, version, span = parse_citation_id(citation_id)
        if self._library.was_deleted(_TENANT, document_id):
            return _deleted(citation_id, document_id, version, span)
        try:
            document = self._library.document(_TENANT, document_id, version)
        except NotFound:
            if version > self._library.document(_TENANT, document_id).version:
                raise
            # It was deleted with its versions, and ingested again later.
            return _deleted(citation_id, document_id, version, span)
        if span.end > len(document.text):
            raise NotFound(f"There is no citation {citation_id!r}.")
        current = self._library.current_version(_TENANT, document_id)
        return CitationState(
            id=citation_id,
            document_id=document_id,
            version=version,
            span=span,
            quote=span.of(document.text),
            title=document.title,
            uri=document.uri,
            status="current" if version == current else "changed",
        )

    async def counts(self) -> tuple[int, int]:
        """How many documents there are, and how many searchable chunks."""
        return await asyncio.to_thread(self._library.counts, _TENANT)


def _version(passage: Passage) -> tuple[str, int]:
    return passage.chunk.document_id, passage.chunk.version


def _check(name: str, text: str) -> None:
    if not text.strip():
        raise InvalidRequest(f"The {name} is blank. Write something.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"The {name} is not valid Unicode: character {error.start} is a lone surrogate."
        ) from error


def _deleted(citation_id: str, document_id: str, version: int, span: Span) -> CitationState:
    return CitationState(citation_id, document_id, version, span, None, None, None, "deleted")
