"""The pipeline: holds the settings, the library, the vectors and the model; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.documents import BaseDocumentCompressor

from corpus.backlog import waiting_by_version
from corpus.changes import change_metadata, delete_collection
from corpus.embed import MiniLM
from corpus.embedders import incomplete, take_over
from corpus.errors import CorpusError, UnreadableDocument
from corpus.filters import Filter, read_filter
from corpus.ingest import Upload, draft
from corpus.isolate import ParserPool
from corpus.library import Draft
from corpus.tokens import token_counter
from corpus.types import Accepted, Chunk, Collection, Document, DocumentVersion, Original, Passage
from rag.answer import answer_by_quoting
from rag.entailment import ClaimModel
from rag.fusion import Fusion
from rag.indexing import Indexing
from rag.rerank import WIDER, reranked
from rag.resolve import citation_state
from rag.retrieve import FUSION, Mode, retrieve, usable_mode
from rag.settings import Settings
from rag.sources import Source, verify_by_sources
from rag.store import open_store
from rag.summarize import summary_by_quoting
from rag.types import Answer, CitationState, Summary
from rag.verify import CheckedText
from rag.words import check_written

_TENANT = "default"


class Pipeline:
    """One open data folder, and everything that can be done with it."""

    def __init__(
        self,
        settings: Settings,
        data_dir: Path | None = None,
        reranker: BaseDocumentCompressor | None = None,
    ) -> None:
        """Open or make what the settings name, or a store of its own in a `data_dir`.

        A `reranker` gives the passages of searches and answers their order, as `rag.rerank` says.
        Raises what `open_store` does, or DamagedModel.
        """
        self.settings = settings
        self._reranker = reranker
        self._count_tokens = token_counter(settings.encoding)
        self._model = MiniLM(settings.threads)
        try:
            self._library, self._vectors = open_store(settings, self._model.fingerprint, data_dir)
        except CorpusError:
            self._model.close()
            raise
        self._claims = ClaimModel(settings.threads)
        take_over(self._library)
        self._parsers = ParserPool(
            limits=settings.limits,
            seconds=settings.parse_seconds,
            memory_mb=settings.parse_memory_mb,
        )
        self._indexing = Indexing(
            self._library, self._vectors, self._model.embed, settings.keep_versions
        )

    def close(self) -> None:
        """Close everything that is open; no thread and no process is left behind."""
        self._parsers.close()
        self._library.close()
        self._vectors.close()
        self._model.close()
        self._claims.close()

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

    async def index(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Embed all that waits, and remove what is not kept any longer; returns how many chunks.

        `on_progress` gets the chunks done and the chunks known.
        """
        return await self._indexing.index(on_progress)

    async def index_batch(self, of: abc.Collection[DocumentVersion]) -> int:
        """Embed some of what waits of these versions; returns the chunks that still wait."""
        return await self._indexing.index_batch(of)

    async def waiting(
        self, of: abc.Collection[DocumentVersion] | None = None
    ) -> dict[DocumentVersion, int]:
        """How many chunks wait to be embedded, by version: of these, or of all."""
        return await asyncio.to_thread(waiting_by_version, self._library, of)

    async def documents(
        self,
        *,
        collection: str | None,
        limit: int,
        cursor: str | None,
        where: Mapping[str, Any] | None = None,
    ) -> tuple[list[Document], str | None]:
        """A page of documents that pass a filter, without their text, and the next cursor."""
        return await asyncio.to_thread(
            self._library.documents, _TENANT, collection, limit, cursor, where=read_filter(where)
        )

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
        await self._indexing.remove_unused()

    async def delete(self, document_id: str) -> None:
        """Hide a document from now on, and remove it; raises NotFound."""
        await asyncio.to_thread(self._library.delete, _TENANT, document_id)
        await self._indexing.remove_unused()

    async def search(
        self,
        query: str,
        *,
        collection: str = "default",
        k: int | None = None,
        mode: Mode = Mode.HYBRID,
        max_tokens: int | None = None,
        per_document: int | None = None,
        where: Mapping[str, Any] | None = None,
        fusion: Fusion = FUSION,
    ) -> list[Passage]:
        """The best passages for a query, as `rag.retrieve.retrieve` gives them.

        `where` is a filter, as `corpus.filters` describes them. With a reranker the order is the
        reranker's, whatever the scores. While the vectors of the collection are made anew it is
        searched by words only, as the passages' `ranks_by` say. Raises InvalidRequest for a blank
        query or what is no filter, IndexIncomplete in that time when the mode is dense, and
        UnusableRanking.
        """
        check_written("query", query)
        return await asyncio.to_thread(
            self._search,
            query,
            collection,
            k,
            mode=mode,
            max_tokens=max_tokens,
            per_document=per_document,
            where=read_filter(where),
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
        where: Filter = (),
        fusion: Fusion = FUSION,
    ) -> list[Passage]:
        find = partial(
            retrieve,
            self._library,
            self._vectors,
            self._model.embed,
            query,
            tenant=_TENANT,
            collection=collection,
            mode=usable_mode(self._library, _TENANT, collection, mode),
            per_document=per_document,
            where=where,
            fusion=fusion,
        )
        wanted = self.settings.passages if k is None else k
        if self._reranker is None:
            return find(k=wanted, max_tokens=max_tokens)
        return reranked(self._reranker, query, find(k=WIDER * wanted), wanted, max_tokens)

    async def ask(
        self,
        question: str,
        *,
        collection: str = "default",
        where: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Answer a question by quoting from the documents that pass a filter.

        Raises InvalidRequest for a blank question or what is no filter, and UnusableRanking.
        """
        check_written("question", question)
        return await asyncio.to_thread(self._ask, question, collection, read_filter(where))

    def _ask(self, question: str, collection: str, where: Filter) -> Answer:
        budget = self.settings.passage_tokens
        return answer_by_quoting(
            self._library,
            _TENANT,
            question,
            find=lambda query: self._search(
                query, collection, None, max_tokens=budget, where=where
            ),
            embed=self._model.embed,
        )

    async def summarize(
        self, document_ids: Sequence[str], *, focus: str | None = None, max_words: int = 120
    ) -> Summary:
        """Summarize documents by quoting; raises NotFound, or InvalidRequest for none."""
        return await asyncio.to_thread(self._summarize, document_ids, focus, max_words)

    def _summarize(self, document_ids: Sequence[str], focus: str | None, max_words: int) -> Summary:
        if focus is not None:
            check_written("focus", focus)
        return summary_by_quoting(
            self._library,
            _TENANT,
            document_ids,
            embed=self._model.embed,
            max_words=max_words,
            focus=focus,
        )

    async def verify(self, text: str, sources: Sequence[Source]) -> CheckedText:
        """Judge every sentence of a text; raises what `rag.sources.verify_by_sources` does."""
        return await asyncio.to_thread(
            verify_by_sources, self._library, _TENANT, text, sources, self._claims
        )

    async def citation(self, citation_id: str) -> CitationState:
        """A citation as it stands today; raises NotFound."""
        return await asyncio.to_thread(citation_state, self._library, _TENANT, citation_id)

    async def incomplete(self) -> list[str]:
        """The collections that are searched by words only, until their vectors are made anew."""
        return await asyncio.to_thread(incomplete, self._library, _TENANT)

    async def counts(self) -> tuple[int, int]:
        """How many documents there are, and how many searchable chunks."""
        return await asyncio.to_thread(self._library.counts, _TENANT)
