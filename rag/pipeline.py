"""The pipeline: holds the settings, the library, the vectors and the model; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
import uuid
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus.backlog import purge, waiting_by_version
from corpus.changes import change_metadata, delete_collection
from corpus.embed import MiniLM
from corpus.embedders import incomplete, is_complete, take_over
from corpus.errors import CorpusError, IndexIncomplete, InvalidRequest, NotFound, UnreadableDocument
from corpus.ingest import Upload, add, index, index_batch, remove_stale
from corpus.tokens import token_counter
from corpus.types import (
    Accepted,
    Chunk,
    Collection,
    Document,
    DocumentVersion,
    Original,
    Passage,
)
from rag.extract import read
from rag.fusion import Fusion
from rag.resolve import citation_state
from rag.retrieve import FUSION, Mode, retrieve
from rag.settings import Settings
from rag.store import open_store
from rag.summarize import summarize
from rag.telemetry import step
from rag.types import Answer, CitationState, Status, Summary, Usage

EXTRACTIVE = "pincite-extractive"
_TENANT = "default"


class Pipeline:
    """One open data folder, and everything that can be done with it."""

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        """Open or make what the settings name, or a store of its own in a `data_dir`.

        Raises what `open_store` does, or DamagedModel.
        """
        self.settings = settings
        self._count_tokens = token_counter(settings.encoding)
        self._model = MiniLM(settings.threads)
        try:
            self._library, self._vectors = open_store(settings, self._model.fingerprint, data_dir)
        except CorpusError:
            self._model.close()
            raise
        take_over(self._library)
        self._indexing = asyncio.Lock()

    def close(self) -> None:
        """Close everything that is open; no thread is left behind."""
        self._library.close()
        self._vectors.close()
        self._model.close()

    async def add(self, uploads: Sequence[Upload]) -> list[Accepted | UnreadableDocument]:
        """Store uploads; one result or error for each, in order. `index` makes them searchable."""
        return await asyncio.to_thread(lambda: [self._add(upload) for upload in uploads])

    def _add(self, upload: Upload) -> Accepted | UnreadableDocument:
        try:
            return add(
                self._library,
                _TENANT,
                upload,
                count_tokens=self._count_tokens,
                max_tokens=self.settings.chunk_tokens,
                max_bytes=self.settings.max_file_mb * 1024 * 1024,
            )
        except UnreadableDocument as error:
            return error

    async def index(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Embed all that waits, and remove what is not kept any longer.

        `on_progress` gets the chunks done and the chunks known.
        """
        async with self._indexing:
            await asyncio.to_thread(self._index, on_progress)

    def _index(self, on_progress: Callable[[int, int], None] | None) -> None:
        index(self._library, self._vectors, self._model.embed, on_progress)
        if self.settings.keep_versions is not None:
            purge(self._library, self.settings.keep_versions)

    async def index_batch(self, of: abc.Collection[DocumentVersion]) -> int:
        """Embed some of what waits of these versions; returns the chunks that still wait.

        Calls take turns. The one that leaves none removes the vectors of older versions as well.
        """
        async with self._indexing:
            return await asyncio.to_thread(self._index_batch, of)

    def _index_batch(self, of: abc.Collection[DocumentVersion]) -> int:
        index_batch(self._library, self._vectors, self._model.embed, of)
        left = sum(waiting_by_version(self._library, of).values())
        if not left:
            remove_stale(self._library, self._vectors)
        return left

    async def waiting(
        self, of: abc.Collection[DocumentVersion] | None = None
    ) -> dict[DocumentVersion, int]:
        """How many chunks wait to be embedded, by version: of these, or of all."""
        return await asyncio.to_thread(waiting_by_version, self._library, of)

    async def documents(
        self, *, collection: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Document], str | None]:
        """A page of documents, without their text, and the next page's cursor."""
        return await asyncio.to_thread(self._library.documents, _TENANT, collection, limit, cursor)

    async def document(self, document_id: str, version: int | None = None) -> Document:
        """A document, at its newest version or the one asked for; raises NotFound."""
        return await asyncio.to_thread(self._library.document, _TENANT, document_id, version)

    async def original(self, document_id: str, version: int | None = None) -> Original:
        """The file that a document was made from; raises NotFound."""
        return await asyncio.to_thread(self._library.original, _TENANT, document_id, version)

    async def chunks(self, document_id: str) -> list[Chunk]:
        """The searchable chunks of a document, in order; raises NotFound."""
        return await asyncio.to_thread(self._library.chunks, _TENANT, document_id)

    async def change_metadata(self, document_id: str, changes: Mapping[str, Any]) -> Document:
        """Set metadata by name, None to take it away, without a new version; raises NotFound."""
        return await asyncio.to_thread(
            change_metadata, self._library, _TENANT, document_id, changes
        )

    async def collections(self) -> list[Collection]:
        """The collections that have documents, by name."""
        return await asyncio.to_thread(self._library.collections, _TENANT)

    async def delete_collection(self, name: str) -> None:
        """Hide all documents of a collection from now on, and remove them; raises NotFound."""
        await asyncio.to_thread(delete_collection, self._library, _TENANT, name)
        await self.index()

    async def delete(self, document_id: str) -> None:
        """Hide a document from now on, and remove it; raises NotFound."""
        await asyncio.to_thread(self._library.delete, _TENANT, document_id)
        async with self._indexing:
            await asyncio.to_thread(remove_stale, self._library, self._vectors)

    async def search(
        self,
        query: str,
        *,
        collection: str = "default",
        k: int | None = None,
        mode: Mode = Mode.HYBRID,
        max_tokens: int | None = None,
        per_document: int | None = None,
        fusion: Fusion = FUSION,
    ) -> list[Passage]:
        """The best passages for a query, as `rag.retrieve.retrieve` gives them.

        While the vectors of the collection are made anew it is searched by words only, as the
        passages' `ranks_by` say. Raises InvalidRequest for a blank query, and IndexIncomplete in
        that time when the mode is dense.
        """
        return await asyncio.to_thread(
            self._search,
            query,
            collection,
            k,
            mode=mode,
            max_tokens=max_tokens,
            per_document=per_document,
            fusion=fusion,
        )

    def _search(
        self,
        query: str,
        collection: str,
        k: int | None,
        *,
        mode: Mode = Mode.HYBRID,
        max_tokens: int | None = None,
        per_document: int | None = None,
        fusion: Fusion = FUSION,
    ) -> list[Passage]:
        _check("question", query)
        if mode is not Mode.LEXICAL and not is_complete(self._library, _TENANT, collection):
            if mode is Mode.DENSE:
                raise IndexIncomplete(
                    f"The vectors of {collection!r} are being made by a new embedding model. "
                    "Search with the mode hybrid or lexical, by words, until they are all there."
                )
            mode = Mode.LEXICAL
        return retrieve(
            self._library,
            self._vectors,
            self._model.embed,
            query,
            tenant=_TENANT,
            collection=collection,
            k=self.settings.passages if k is None else k,
            mode=mode,
            max_tokens=max_tokens,
            per_document=per_document,
            fusion=fusion,
        )

    async def ask(self, question: str, *, collection: str = "default") -> Answer:
        """Answer a question by quoting; raises InvalidRequest for a blank one."""
        return await asyncio.to_thread(self._ask, question, collection)

    def _ask(self, question: str, collection: str) -> Answer:
        timings: dict[str, float] = {}
        with step("retrieve", timings):
            passages = self._search(
                question, collection, None, max_tokens=self.settings.passage_tokens
            )
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
        return await asyncio.to_thread(citation_state, self._library, _TENANT, citation_id)

    async def incomplete(self) -> list[str]:
        """The collections that are searched by words only, until their vectors are made anew."""
        return await asyncio.to_thread(incomplete, self._library, _TENANT)

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
