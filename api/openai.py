"""OpenAI's routes: the models on offer, and chat completions.

The last message of the user is the question, those before it its history; instructions for a model
are passed over. What else a client sends is accepted and not used.
"""

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import schemas
from api.abstention import content_of, epilogue
from api.connections import unless_left
from api.conversation import Message, question_of
from api.deps import ThePipeline
from api.models import MODELS, PINCITE, chosen
from api.problems import openai_error, problem_in_stream
from api.requests import Collection, Filter, filter_of_json
from api.sse import DONE, ChatStream, data
from corpus.errors import InvalidRequest
from rag.events import Answered, Delta, Event, last_answer
from rag.types import Answer, Policy, Question, Reason, Status

router = APIRouter(prefix="/v1", tags=["OpenAI"])

_STARTED = int(time.time())


class StreamOptions(BaseModel):
    """What a stream has beside the answer."""

    include_usage: bool | None = None


class Wanted(BaseModel):
    """What counts of the metadata, whose values are strings in OpenAI's own API."""

    collection: Collection | None = None
    policy: Policy = Policy.ANNOTATE
    filter: Filter | str | None = Field(None, description="A filter, or its JSON.")


class ChatRequest(BaseModel):
    """OpenAI's request, as far as it is used."""

    model: str = Field(PINCITE, description="One of the models, or MODEL:COLLECTION.")
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    metadata: Wanted | None = None


@router.get("/models")
async def list_models() -> dict[str, Any]:
    """The models on offer."""
    return {"object": "list", "data": [_model(name) for name in MODELS]}


@router.get("/models/{name:path}")
async def read_model(name: str) -> dict[str, Any]:
    """A model, which may have a collection behind its name."""
    chosen(name)
    return _model(name)


@router.post("/chat/completions", response_model=None)
async def complete(sent: ChatRequest, request: Request, pipeline: ThePipeline) -> Response:
    """A chat completion whose content cites its sources, or a stream of its chunks.

    `annotations` give, for each citation of a sentence, the code points of the sentence in the
    content. The whole answer is in `pincite`.
    """
    events = pipeline.answer_and_keep(_question(sent))
    base = str(request.base_url)
    if sent.stream:
        usage = bool(sent.stream_options and sent.stream_options.include_usage)
        return ChatStream(
            _chunks(events, sent.model, base, include_usage=usage),
            lambda error: data(openai_error(problem_in_stream(request, error))),
        )
    answer = await unless_left(request, last_answer(events))
    message = {
        "role": "assistant",
        "content": content_of(answer),
        "refusal": None,
        "annotations": _annotations(answer, base),
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    head = _head("chat.completion", sent.model)
    return JSONResponse(
        head | {"choices": [choice], "usage": _usage(answer), "pincite": _whole(answer)}
    )


async def _chunks(
    events: AsyncGenerator[Event], model: str, base: str, *, include_usage: bool
) -> AsyncGenerator[bytes]:
    """The frames of a stream; the first is made when there is something to say."""
    head = _head("chat.completion.chunk", model)
    if include_usage:
        head["usage"] = None

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return data(head | {"choices": [choice]} | more)

    begun = False
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, (Delta, Answered)):
                continue
            if not begun:
                begun = True
                yield chunk({"role": "assistant", "content": ""})
            if isinstance(event, Delta):
                yield chunk({"content": event.text})
                continue
            answer = event.answer
            if more := epilogue(answer):
                yield chunk({"content": more})
            yield chunk({"annotations": _annotations(answer, base)})
            yield chunk({}, _finish(answer), pincite=_whole(answer))
            if include_usage:
                yield data(head | {"choices": [], "usage": _usage(answer)})
    yield DONE


def _question(sent: ChatRequest) -> Question:
    """What is asked; raises UnknownModel, and InvalidRequest for what can not be used."""
    answering, named = chosen(sent.model)
    text, history = question_of(sent.messages)
    wanted = sent.metadata or Wanted()
    if named and wanted.collection and named != wanted.collection:
        raise InvalidRequest(
            f"The model names the collection {named!r} and the metadata {wanted.collection!r}. "
            "Name one of them."
        )
    where = wanted.filter
    return Question(
        text,
        collection=wanted.collection or named or "default",
        where=filter_of_json(where) if isinstance(where, str) else where,
        history=history,
        answering=answering,
        policy=wanted.policy,
    )


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _STARTED, "owned_by": "pincite"}


def _head(kind: str, model: str) -> dict[str, Any]:
    name = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def _annotations(answer: Answer, base: str) -> list[dict[str, Any]]:
    """One for each citation of each sentence, with the sentence's span in the content."""
    cited = {one.marker: one for one in answer.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": sentence.span.start,
                "end_index": sentence.span.end,
                "url": schemas.citation_url(base, cited[marker].id),
                "title": cited[marker].title,
            },
        }
        for sentence in answer.sentences
        for marker in sentence.citations
    ]


def _finish(answer: Answer) -> str:
    """Why the text ends; an interruption has no word of its own, and "length" says it is cut."""
    if answer.status is not Status.INCOMPLETE:
        return "stop"
    return "content_filter" if answer.reason is Reason.CONTENT_FILTER else "length"


def _usage(answer: Answer) -> dict[str, int]:
    """Tokens to and from a language model."""
    prompt, completion = answer.usage.prompt, answer.usage.completion
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _whole(answer: Answer) -> dict[str, Any]:
    return schemas.answer(answer).model_dump(mode="json")
