"""The pipeline: holds the settings, the library, the vectors and the model; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.documents import BaseDocumentCompressor

from corpus.answers import Claim
from corpus.errors import InvalidRequest
from corpus.filters import Filter, read_filter
from corpus.types import DocumentVersion, Passage
from rag.answer import Sources, answering
from rag.calls import Writer
from rag.events import Answered, Event, last_answer
from rag.fusion import Fusion
from rag.holdings import TENANT, Holdings
from rag.judging import Judging
from rag.llm import chat_model, close_model, hang_up
from rag.offer import Guard
from rag.plan import Plan
from rag.replies import Journal, Progress, Replies
from rag.rerank import WIDER, reranked
from rag.resolve import citation_state
from rag.retrieve import FUSION, Mode, retrieve, usable_mode
from rag.settings import OPENAI_MODEL, Settings
from rag.sources import Source, verify_by_sources
from rag.summaries import Summaries, versions_to_summarize
from rag.types import (
    Answer,
    Answering,
    CitationState,
    Estimate,
    Policy,
    Question,
    Summary,
    SummaryTask,
    Turn,
)
from rag.verify import CheckedText
from rag.words import check_written


class Pipeline(Holdings):
    """One open data folder, and everything that can be done with it."""

    def __init__(
        self,
        settings: Settings,
        data_dir: Path | None = None,
        reranker: BaseDocumentCompressor | None = None,
    ) -> None:
        """Open or make what the settings name, or a store of its own in a `data_dir`.

        A `reranker` gives the passages of searches and answers their order, as `rag.rerank` says.
        Raises InvalidSettings, what `open_store` and `open_embedder` do, or DamagedModel.
        """
        model = chat_model(settings)
        super().__init__(settings, data_dir)
        self._reranker = reranker
        self._judging = Judging(settings.threads)
        self._summaries = Summaries(
            self._library, TENANT, self._model.embed, self._count_tokens, settings
        )
        self._writer = (
            None
            if model is None
            else Writer(
                model=model,
                name=settings.llm_model or OPENAI_MODEL,
                judge=self._judging.judge,
                judges=settings.llm_judge,
                count_tokens=self._count_tokens,
                seconds=settings.llm_seconds,
                retries=settings.llm_retries,
                guard=Guard(),
            )
        )

    async def aclose(self) -> None:
        """As `close`, and what this event loop has open is closed when it returns."""
        if self._writer is not None:
            await hang_up(self._writer.model)
        self.close()

    def close(self) -> None:
        """Close everything that is open; no thread and no process is left behind."""
        super().close()
        self._judging.close()
        if self._writer is not None:
            close_model(self._writer.model)

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
            self._embedder.embed,
            query,
            tenant=TENANT,
            collection=collection,
            mode=usable_mode(self._library, TENANT, collection, mode),
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
        history: Sequence[Turn] = (),
        answering: Answering = Answering.AUTO,
        policy: Policy = Policy.ANNOTATE,
    ) -> Answer:
        """The answer to a question, as `answer` gives it."""
        return await self.answer(
            Question(question, collection, where, tuple(history), answering, policy)
        )

    async def answer(self, question: Question) -> Answer:
        """The answer that `answering` ends with; raises as it does."""
        return await last_answer(self.answering(question))

    async def answering(self, question: Question) -> AsyncGenerator[Event]:
        """Answer a question, event by event; the whole Answer is the last.

        Raises InvalidRequest for a blank question or what is no filter, UnusableRanking, and what
        `rag.answer.answering` does. The answer has the question's `id`.
        """
        check_written("question", question.text)
        where = read_filter(question.where)
        budget = self.settings.passage_tokens
        sources = Sources(
            self._library,
            TENANT,
            find=lambda query: self._search(
                query, question.collection, None, max_tokens=budget, where=where
            ),
            embed=self._model.embed,
        )
        async with aclosing(answering(question, sources, self._writer)) as events:
            async for event in events:
                yield event

    async def answer_and_keep(
        self, question: Question, claim: Claim | None = None
    ) -> AsyncGenerator[Event]:
        """As `answering`, and the Answer is kept, for the claim's key, before it is given."""
        async with aclosing(self.answering(question)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    await self.keep_answer(event.answer, claim)
                yield event

    async def versions_to_summarize(
        self,
        document_ids: Sequence[str] | None = None,
        collection: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> tuple[DocumentVersion, ...]:
        """The searchable versions of documents: of these, or of those that pass a filter.

        Raises NotFound, and InvalidRequest where there is nothing to summarize.
        """
        return await asyncio.to_thread(
            versions_to_summarize,
            self._library,
            TENANT,
            document_ids,
            collection,
            read_filter(where),
        )

    async def verify(self, text: str, sources: Sequence[Source]) -> CheckedText:
        """Judge every sentence of a text; raises what `rag.sources.verify_by_sources` does."""
        return await self._judging.run(
            partial(verify_by_sources, self._library, TENANT, text, sources)
        )

    async def summarize(
        self,
        task: SummaryTask | Sequence[str],
        *,
        focus: str | None = None,
        max_words: int | None = None,
    ) -> Summary:
        """A summary, of a task or of documents by their ids; raises as `make_summary` does."""
        if not isinstance(task, SummaryTask):
            versions = await self.versions_to_summarize(task)
            task = SummaryTask(versions, focus=focus, max_words=max_words)
        return await self.make_summary(task, await self.plan_summary(task))

    def check_summary(self, task: SummaryTask) -> None:
        """Raise InvalidRequest for what can not be done.

        No document, a budget in which nothing can be done, a blank focus, or a model that is wanted
        and not there.
        """
        self._summaries.check(task)

    async def plan_summary(self, task: SummaryTask) -> Plan | None:
        """What a model is to read for a summary, None where none does; raises InvalidRequest."""
        return await asyncio.to_thread(self._summaries.plan, task, self._writer)

    async def estimate_summary(self, task: SummaryTask) -> Estimate:
        """What a summary would take; raises as `plan_summary` does."""
        return await asyncio.to_thread(self._summaries.estimate, task, self._writer)

    async def make_summary(
        self,
        task: SummaryTask,
        plan: Plan | None,
        *,
        limit: asyncio.Semaphore | None = None,
        patience: float = 0.0,
        journal: Journal | None = None,
        progress: Progress | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> Summary:
        """The summary of a plan, by the model, or by quoting where the plan is None.

        `on_read` is told, in a thread, how many documents are read to be quoted; it may raise to
        stop. The rest is as in `Replies`. Raises ProviderError, or InvalidRequest without a model.
        """
        if plan is None:
            return await asyncio.to_thread(self._summaries.quote, task, on_read)
        if self._writer is None:
            raise InvalidRequest("It is planned for a model, and none is set. Set it, and retry.")
        replies = Replies(
            self._writer,
            limit=limit or asyncio.Semaphore(self.settings.llm_concurrency),
            width=self.settings.llm_concurrency,
            answer_tokens=self.settings.llm_max_tokens,
            budget=task.budget_tokens,
            patience=patience,
            journal=journal,
            progress=progress,
        )
        return await self._summaries.write(task, plan, replies)

    async def citation(self, citation_id: str) -> CitationState:
        """A citation as it stands today; raises NotFound."""
        return await asyncio.to_thread(citation_state, self._library, TENANT, citation_id)
