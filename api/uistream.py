"""The AI SDK's UI message stream, version 1, which `useChat` reads as it is.

Its clients' schemas refuse part types and keys that they do not know, so only those are sent that
every version since 5 knows.
"""

import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api import schemas
from api.abstention import epilogue
from api.conversation import Message, question_of
from api.deps import ThePipeline
from api.lookup import file_name
from api.problems import problem_in_stream
from api.requests import Collection, Filter
from api.sse import DONE, ChatStream, data
from corpus.errors import NotFound
from rag import Pipeline
from rag.events import Answered, Began, Delta, Event
from rag.types import Answer, Answering, Citation, Policy, Question

router = APIRouter(prefix="/v1/chat", tags=["AI SDK"])

_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}


class UiRequest(BaseModel):
    """What `useChat` sends, as far as it is used, and what its `body` may add to that."""

    messages: list[Message] = Field(min_length=1)
    collection: Collection = "default"
    filter: Filter | None = None
    mode: Answering = Answering.AUTO
    policy: Policy = Policy.ANNOTATE


@router.post("/ui", response_model=None)
async def chat(sent: UiRequest, request: Request, pipeline: ThePipeline) -> Response:
    """An answer as a stream of the parts of a UI message.

    Its sources are parts after the text; its status, its sentences with their verdicts and its
    conflicts are the message's metadata.
    """
    text, history = question_of(sent.messages)
    question = Question(text, sent.collection, sent.filter, history, sent.mode, sent.policy)
    return ChatStream(
        _frames(pipeline, question, str(request.base_url)),
        lambda error: _error(problem_in_stream(request, error).detail),
        _HEADERS,
    )


async def _frames(pipeline: Pipeline, question: Question, base: str) -> AsyncGenerator[bytes]:
    started = written = False
    async with aclosing(pipeline.answer_and_keep(question)) as events:
        async for event in events:
            if not started:
                started = True
                yield data({"type": "start", "messageId": f"msg_{uuid.uuid4().hex}"})
                yield data({"type": "start-step"})
            if isinstance(event, Began):
                yield data(
                    {"type": "data-status", "data": {"stage": event.stage}, "transient": True}
                )
            text = _text(event)
            if text and not written:
                written = True
                yield data({"type": "text-start", "id": "text"})
            if text:
                yield data({"type": "text-delta", "id": "text", "delta": text})
            if isinstance(event, Answered):
                if written:
                    yield data({"type": "text-end", "id": "text"})
                for part in await _documents(pipeline, event.answer.citations):
                    yield data(part)
                for part in _citations(event.answer, base):
                    yield data(part)
                yield data({"type": "finish-step"})
                yield data({"type": "finish", "messageMetadata": _metadata(event.answer)})
    yield DONE


def _text(event: Event) -> str:
    if isinstance(event, Delta):
        return event.text
    return epilogue(event.answer) if isinstance(event, Answered) else ""


async def _documents(pipeline: Pipeline, citations: tuple[Citation, ...]) -> list[dict[str, Any]]:
    """The documents that are cited, without those that were deleted meanwhile."""
    parts = []
    for name, version in dict.fromkeys((one.document_id, one.version) for one in citations):
        with suppress(NotFound):
            document = await pipeline.document(name, version)
            cited = {"document_id": name, "version": version, "uri": document.uri}
            part = {
                "type": "source-document",
                "sourceId": f"{name}:{version}",
                "mediaType": document.media_type,
                "title": document.title,
                "providerMetadata": {"pincite": cited},
            }
            file = file_name(document.uri)
            parts.append(part | ({"filename": file} if file else {}))
    return parts


def _citations(answer: Answer, base: str) -> Iterator[dict[str, Any]]:
    for one in answer.citations:
        url = schemas.citation_url(base, one.id)
        yield {"type": "source-url", "sourceId": one.id, "url": url, "title": one.title}
    for one in answer.citations:
        cited = schemas.Citation.model_validate(one).model_dump(mode="json")
        yield {"type": "data-citation", "id": one.id, "data": cited}


def _metadata(answer: Answer) -> dict[str, Any]:
    """What is said of the message; without passages, since clients send it back at every turn."""
    whole = schemas.answer(answer).model_dump(mode="json")
    kept = ("status", "reason", "model", "sentences", "conflicts", "usage")
    return {"answer_id": answer.id} | {key: whole[key] for key in kept}


def _error(detail: str) -> bytes:
    return data({"type": "error", "errorText": detail}) + DONE
