"""Pincite as parts of LangChain: its search as a retriever, its answers as a runnable.

They work on an open Pipeline, which stays open until who opened it closes it. The plain methods
(`invoke`, `batch`) wait in a thread of their own, so they may be called anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda
from pydantic import ConfigDict

from corpus.types import Passage
from rag.citations import citation_id
from rag.events import Delta
from rag.pipeline import Pipeline
from rag.types import Answer, Question

T = TypeVar("T")


class PinciteRetriever(BaseRetriever):
    """Passages of one collection as LangChain documents.

    The metadata of each has `document_id`, `version`, `start` and `end` (the span, so that
    `document.text[start:end]` is the content), `citation_id`, `title`, `uri`, `heading_path` and
    `score`. `where` is a filter, as `corpus.filters` describes them; `k` as in Pipeline.search.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    pipeline: Pipeline
    collection: str = "default"
    where: dict[str, Any] | None = None
    k: int | None = None

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
    ) -> list[Document]:
        return await self._found(query)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
    ) -> list[Document]:
        return _wait(self._found(query))

    async def _found(self, query: str) -> list[Document]:
        passages = await self.pipeline.search(
            query, collection=self.collection, k=self.k, where=self.where
        )
        return [_document(one) for one in passages]


def answer_runnable(pipeline: Pipeline) -> Runnable[str | Question, Answer]:
    """A question to its Answer; raises what `Pipeline.answering` does."""

    async def answer(question: str | Question) -> Answer:
        return await pipeline.answer(_question(question))

    return RunnableLambda(lambda question: _wait(answer(question)), answer, name="pincite_answer")


def text_runnable(pipeline: Pipeline) -> Runnable[str | Question, str]:
    """A question to the text of its answer, markers and all, which `stream` gives as it comes."""

    async def stream(questions: AsyncIterator[str | Question]) -> AsyncIterator[str]:
        async for question in questions:
            async for event in pipeline.answering(_question(question)):
                if isinstance(event, Delta):
                    yield event.text

    def whole(questions: Iterator[str | Question]) -> Iterator[str]:
        for question in questions:
            yield _wait(pipeline.answer(_question(question))).text

    return RunnableGenerator(whole, stream, name="pincite_text")


def _question(asked: str | Question) -> Question:
    return Question(asked) if isinstance(asked, str) else asked


def _document(passage: Passage) -> Document:
    chunk = passage.chunk
    return Document(
        id=citation_id(chunk.document_id, chunk.version, chunk.span),
        page_content=passage.text,
        metadata={
            "document_id": chunk.document_id,
            "version": chunk.version,
            "start": chunk.span.start,
            "end": chunk.span.end,
            "citation_id": citation_id(chunk.document_id, chunk.version, chunk.span),
            "title": passage.title,
            "uri": passage.uri,
            "heading_path": list(chunk.heading_path),
            "score": passage.score,
        },
    )


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, whether or not an event loop runs here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
