"""The pipeline: holds the settings, the library, the vectors and the model; thin methods only.

Methods are asynchronous and do the work, which is plain code, in threads.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from langchain_core.documents import BaseDocumentCompressor

from corpus.answers import Claim
from corpus.filters import Filter, read_filter
from corpus.types import DocumentVersion, Passage
from rag.answer import Sources, answering
from rag.calls import Writer
from rag.digest import summary_of_versions
from rag.entailment import ClaimModel
from rag.events import Answered, Event, last_answer
from rag.fusion import Fusion
from rag.holdings import TENANT, Holdings
from rag.llm import chat_model, close_model
from rag.offer import Guard
from rag.rerank import WIDER, reranked
from rag.resolve import citation_state
from rag.retrieve import FUSION, Mode, retrieve, usable_mode
from rag.settings import OPENAI_MODEL, Settings
from rag.summarize import summary_by_quoting
from rag.types import Answer, Answering, CitationState, Policy, Question, Summary, Turn
from rag.verify import Evidence, Judgement, judge
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
        self._loading = Lock()
        self._claims: ClaimModel | None = None
        self._writer = (
            None
            if model is None
            else Writer(
                model=model,
                name=settings.llm_model or OPENAI_MODEL,
                judge=self._judge,
                judges=settings.llm_judge,
                count_tokens=self._count_tokens,
                seconds=settings.llm_seconds,
                retries=settings.llm_retries,
                guard=Guard(),
            )
        )

    def close(self) -> None:
        """Close everything that is open; no thread and no process is left behind."""
        super().close()
        if self._claims is not None:
            self._claims.close()
        if self._writer is not None:
            close_model(self._writer.model)

    def _judge(self, claim: str, evidence: Sequence[Evidence], cited: Sequence[int]) -> Judgement:
        return judge(claim, evidence, cited=cited, model=self._claim_model())

    def _claim_model(self) -> ClaimModel:
        """The claim model, which is loaded when the first claim is judged."""
        with self._loading:
            if self._claims is None:
                self._claims = ClaimModel(self.settings.threads)
            return self._claims

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
            TENANT,
            document_ids,
            embed=self._model.embed,
            max_words=max_words,
            focus=focus,
        )

    async def summarize_versions(
        self,
        versions: Sequence[DocumentVersion],
        since: Sequence[DocumentVersion] = (),
        *,
        focus: str | None = None,
        max_words: int = 120,
    ) -> tuple[Summary | None, list[str]]:
        """Summarize versions by quoting; of documents in `since` only what that one did not say.

        Returns also the ids of those that were changed or deleted meanwhile.
        """
        return await asyncio.to_thread(
            partial(
                summary_of_versions,
                self._library,
                TENANT,
                versions,
                since,
                embed=self._model.embed,
                max_words=max_words,
                focus=focus,
            )
        )

    async def citation(self, citation_id: str) -> CitationState:
        """A citation as it stands today; raises NotFound."""
        return await asyncio.to_thread(citation_state, self._library, TENANT, citation_id)
