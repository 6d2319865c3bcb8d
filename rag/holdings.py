"""What is held: documents and given answers, in one open data folder; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
from collections import abc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from corpus import deliveries, schedule_runs, summaries
from corpus.answers import Claim, KeptAnswer, forget, keep, kept, kept_for, kept_page
from corpus.backlog import waiting_by_version
from corpus.changes import change_metadata, delete_collection
from corpus.drafts import timestamp
from corpus.embed import MiniLM
from corpus.embedders import incomplete, take_over
from corpus.errors import CorpusError, UnreadableDocument
from corpus.filters import read_filter
from corpus.ingest import Upload, draft
from corpus.isolate import ParserPool
from corpus.library import Draft, Library
from corpus.summaries import KeptSummary
from corpus.tokens import token_counter
from corpus.types import (
    Accepted,
    Chunk,
    Collection,
    Document,
    DocumentVersion,
    Original,
)
from rag.embedding import open_embedder
from rag.errors import RagError
from rag.indexing import Indexing
from rag.journal import LibraryJournal
from rag.keeping import json_of_answer, json_of_summary
from rag.settings import Settings
from rag.store import open_store
from rag.types import Answer, Summary

TENANT = "default"
_PAGE = 100  # documents that a thread looks for at once
# Texts whose vectors are kept, 8 MB with them: an answer weighs some 70 sentences, most of which
# come again with the next question about the same documents.
_REMEMBERED = 4096


class Holdings:
    """One open data folder, its documents, and the answers that were given."""

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        """Open or make what the settings name, or a store of its own in a `data_dir`.

        Raises what `open_store` and `open_embedder` do, or DamagedModel.
        """
        self.settings = settings
        self._count_tokens = token_counter(settings.encoding)
        self._model = MiniLM(settings.threads, remembers=_REMEMBERED)
        try:
            self._embedder = open_embedder(settings, self._model)
            self._library, self._vectors = open_store(
                settings, self._embedder.fingerprint, data_dir
            )
        except (CorpusError, RagError):
            self._model.close()
            raise
        take_over(self._library)
        self._parsers = ParserPool(
            limits=settings.limits,
            seconds=settings.parse_seconds,
            memory_mb=settings.parse_memory_mb,
        )
        self._indexing = Indexing(
            self._library, self._vectors, self._embedder.embed, settings.keep_versions
        )

    @property
    def library(self) -> Library:
        """The documents and all else that is in SQL."""
        return self._library

    def close(self) -> None:
        """Close everything that is open; no thread and no process is left behind."""
        self._parsers.close()
        self._library.close()
        self._vectors.close()
        self._embedder.close()
        self._model.close()

    async def add(self, uploads: Sequence[Upload]) -> list[Accepted | UnreadableDocument]:
        """Store uploads; one result or error for each, in order. `index` makes them searchable."""
        return await asyncio.to_thread(self._add, uploads)

    def _add(self, uploads: Sequence[Upload]) -> list[Accepted | UnreadableDocument]:
        """Parse as many at once as there are parsers, and store in order."""
        with ThreadPoolExecutor(self._parsers.processes) as threads:
            return [
                one if isinstance(one, UnreadableDocument) else self._library.accept(TENANT, one)
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
            self._library.documents, TENANT, collection, limit, cursor, where=read_filter(where)
        )

    async def all_documents(self, collection: str | None) -> AsyncIterator[Document]:
        """All documents of a collection, or of all, without their texts, oldest first."""
        found = self._library.all_documents(TENANT, collection)
        while page := await asyncio.to_thread(list, islice(found, _PAGE)):
            for document in page:
                yield document

    async def document(self, document_id: str, version: int | None = None) -> Document:
        """A document, at its newest version or the one asked for; raises NotFound."""
        return await asyncio.to_thread(self._library.document, TENANT, document_id, version)

    async def original(self, document_id: str, version: int | None = None) -> Original:
        """The file that a document was made from; raises NotFound."""
        return await asyncio.to_thread(self._library.original, TENANT, document_id, version)

    async def chunks(self, document_id: str) -> list[Chunk]:
        """The searchable chunks of a document, in order; raises NotFound."""
        return await asyncio.to_thread(self._library.chunks, TENANT, document_id)

    async def change_metadata(self, document_id: str, changes: Mapping[str, Any]) -> Document:
        """Set metadata by name, None to take it away, without a new version; raises NotFound."""
        return await asyncio.to_thread(change_metadata, self._library, TENANT, document_id, changes)

    async def collections(self) -> list[Collection]:
        """The collections that have documents, by name."""
        return await asyncio.to_thread(self._library.collections, TENANT)

    async def delete_collection(self, name: str) -> None:
        """Hide all documents of a collection from now on, and remove them; raises NotFound."""
        await asyncio.to_thread(delete_collection, self._library, TENANT, name)
        await self._indexing.remove_unused()

    async def delete(self, document_id: str) -> None:
        """Hide a document from now on, and remove it; raises NotFound."""
        await asyncio.to_thread(self._library.delete, TENANT, document_id)
        await self._indexing.remove_unused()

    async def incomplete(self) -> list[str]:
        """The collections that are searched by words only, until their vectors are made anew."""
        return await asyncio.to_thread(incomplete, self._library, TENANT)

    async def counts(self) -> tuple[int, int]:
        """How many documents there are, and how many searchable chunks."""
        return await asyncio.to_thread(self._library.counts, TENANT)

    async def keep_answer(self, answer: Answer, claim: Claim | None = None) -> None:
        """Keep an answer, for the claim's key; what is older than the settings say is removed."""
        await asyncio.to_thread(self._keep, answer, claim)

    def _keep(self, answer: Answer, claim: Claim | None) -> None:
        keep(self._library, TENANT, answer.id, json_of_answer(answer), claim)
        self._forget()

    async def forget_answers(self) -> None:
        """Remove answers, summaries, and runs with what was sent, older than the settings say."""
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        if (days := self.settings.keep_answers_days) is not None:
            before = timestamp(-timedelta(days=days))
            forget(self._library, TENANT, before)
            summaries.forget(self._library, TENANT, before)
            schedule_runs.forget(self._library, TENANT, before)
            deliveries.forget(self._library, TENANT, before)

    async def kept_answer(self, answer_id: str) -> KeptAnswer:
        """An answer as it was given; `rag.keeping` reads it. Raises NotFound."""
        return await asyncio.to_thread(kept, self._library, TENANT, answer_id)

    async def kept_answer_for(self, key: str) -> KeptAnswer | None:
        """The answer that is kept for an idempotency key, if any."""
        return await asyncio.to_thread(kept_for, self._library, TENANT, key)

    async def kept_answers(
        self, limit: int, cursor: str | None
    ) -> tuple[list[KeptAnswer], str | None]:
        """A page of answers, newest first, and the next cursor; raises InvalidRequest."""
        return await asyncio.to_thread(kept_page, self._library, TENANT, limit, cursor)

    async def keep_summary(self, summary: Summary) -> None:
        """Keep a summary, unless one of its id is kept already."""
        await asyncio.to_thread(
            summaries.keep, self._library, TENANT, summary.id, json_of_summary(summary)
        )

    async def kept_summary(self, summary_id: str) -> KeptSummary:
        """A summary as it was made; `rag.keeping` reads it. Raises NotFound."""
        return await asyncio.to_thread(summaries.kept, self._library, TENANT, summary_id)

    async def kept_summaries(
        self, limit: int, cursor: str | None
    ) -> tuple[list[KeptSummary], str | None]:
        """A page of summaries, newest first, and the next cursor; raises InvalidRequest."""
        return await asyncio.to_thread(summaries.kept_page, self._library, TENANT, limit, cursor)

    def journal(self, job_id: str) -> LibraryJournal:
        """Where the replies to a job's prompts are kept until its summary is."""
        return LibraryJournal(self._library, TENANT, job_id)
