"""Search, answers, and the citations of both answers and summaries."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import schemas
from api.connections import EventStream, unless_left
from api.deps import ThePipeline, TheStreams
from api.events import AnswerEntry, AnswerPage, described
from api.requests import AnswerRequest, SearchRequest
from api.stream import Stream
from corpus.answers import KeptAnswer
from corpus.errors import InvalidRequest
from rag.keeping import answer_of_json

router = APIRouter(prefix="/v1", tags=["answers"])

_EVENTS: dict[str, Any] = {
    "description": "The events of an answer, each with its JSON in `data`; `answer` or `error` is "
    "the last.",
    "content": {"text/event-stream": described()},
}
LastEventId = Annotated[
    str | None, Header(description="The `id` of the last event that came; gives those after it.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[ -~]+$",
        description="One of the client's own for each request: sent again with it, a request is "
        "answered as it was, or joins the answer under way.",
    ),
]


@router.post("/search")
async def search(request: SearchRequest, pipeline: ThePipeline) -> schemas.Search:
    """The passages nearest to a query."""
    found = await pipeline.search(
        request.query,
        collection=request.collection,
        k=request.k,
        mode=request.mode,
        max_tokens=request.max_tokens,
        per_document=request.per_document,
        where=request.filter,
    )
    return schemas.search(request.query, request.mode, found)


@router.post(
    "/answers",
    response_model=schemas.Answer,
    responses={200: {**_EVENTS, "description": "The answer; with `stream`, its events."}},
)
async def answer(
    asked: AnswerRequest,
    request: Request,
    streams: TheStreams,
    idempotency_key: IdempotencyKey = None,
    last_event_id: LastEventId = None,
) -> schemas.Answer | Response:
    """An answer that cites its sources; its status is "abstained" when they do not answer.

    With `stream` it comes as events while it is made. A client that lost its connection sends the
    same again with `Last-Event-ID`, within seconds, and gets the rest.
    """
    request_sha256 = asked.sha256()
    if asked.stream and last_event_id:
        stream = await streams.find(last_event_id.rpartition(":")[0])
        if stream.request_sha256 not in (None, request_sha256):
            raise InvalidRequest(
                f"Last-Event-ID is {last_event_id!r}, which is of the answer to another request. "
                "Send the same request again, or leave it out."
            )
        return _events(stream, last_event_id)
    stream = await streams.ask(
        asked.asked(), request_sha256, idempotency_key, resumable=asked.stream
    )
    if asked.stream:
        await unless_left(request, stream.begun())
        return _events(stream)
    return schemas.answer(await unless_left(request, stream.answered()))


@router.get("/answers")
async def list_answers(
    pipeline: ThePipeline,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> AnswerPage:
    """A page of the answers that were given, newest first."""
    found, following = await pipeline.kept_answers(limit, cursor)
    return AnswerPage(items=[_entry(one) for one in found], next_cursor=following)


@router.get("/answers/{answer_id}")
async def read_answer(answer_id: str, pipeline: ThePipeline) -> schemas.Answer:
    """An answer as it was given, whatever has become of its documents since."""
    kept = await pipeline.kept_answer(answer_id)
    return schemas.answer(answer_of_json(kept.content))


@router.get(
    "/answers/{answer_id}/events",
    response_class=StreamingResponse,
    responses={200: _EVENTS, 204: {"description": "Nothing is left."}},
)
async def follow_answer(
    answer_id: str, streams: TheStreams, last_event_id: LastEventId = None
) -> Response:
    """The events of an answer under way or given, from the first or from `Last-Event-ID` on.

    Long after an answer was given `Last-Event-ID` gives the whole of it, as one event. When nothing
    is left the status is 204, on which a browser does not come back.
    """
    return _events(await streams.find(answer_id), last_event_id)


@router.get("/citations/{citation_id}")
async def citation(citation_id: str, pipeline: ThePipeline) -> schemas.CitationState:
    """A citation that was given, and whether its document still says so."""
    return schemas.citation_state(await pipeline.citation(citation_id))


def _events(stream: Stream, last_event_id: str | None = None) -> Response:
    start = stream.after(last_event_id)
    if stream.ended and start == len(stream.events):
        return Response(status_code=204)
    return EventStream(stream.follow(start))


def _entry(kept: KeptAnswer) -> AnswerEntry:
    given = answer_of_json(kept.content)
    return AnswerEntry(
        id=given.id,
        created_at=kept.created_at,
        question=given.question,
        status=given.status,
        reason=given.reason,
        text=given.text,
        model=given.model,
    )
