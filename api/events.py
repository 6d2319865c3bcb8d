"""The JSON of an answer's events, and of lists of answers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from api import schemas
from rag.events import Answered, Began, Checked, Delta, Event, Found, Replaced, Stage
from rag.types import Reason, Status, Verdict


class StatusEvent(schemas.Wire):
    """A stage begins."""

    stage: Annotated[Stage, WithJsonSchema({"type": "string", "enum": list(Stage)})]


class PassagesEvent(schemas.Wire):
    """The passages that the answer is made from, nearest first."""

    passages: list[schemas.Passage]


class DeltaEvent(schemas.Wire):
    """More of the answer's text."""

    text: str


class SentenceEvent(schemas.Wire):
    """A sentence of the text so far, checked."""

    index: int
    span: schemas.Span
    verdict: Verdict
    score: float
    markers: list[int] = Field(description="The markers of its citations.")
    citations: list[schemas.Citation] = Field(
        description="Those of its citations that no sentence before it had."
    )


class ReplaceEvent(schemas.Wire):
    """The model's sentence `index`, from 0, is not said, but `text` in its place."""

    index: int
    text: str
    reason: str


class ErrorEvent(schemas.Wire):
    """Why there is no answer, of the types that problems have."""

    type: str
    title: str
    detail: str


class AnswerEntry(schemas.Wire):
    """An answer in a list, without its citations and passages."""

    id: str
    created_at: str
    question: str
    status: Status
    reason: Reason | None
    text: str
    model: str


class AnswerPage(schemas.Wire):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[AnswerEntry]
    next_cursor: str | None


MODELS: Mapping[str, type[BaseModel]] = {
    "status": StatusEvent,
    "passages": PassagesEvent,
    "delta": DeltaEvent,
    "sentence": SentenceEvent,
    "replace": ReplaceEvent,
    "answer": schemas.Answer,
    "error": ErrorEvent,
}


def named(event: Event) -> tuple[str, BaseModel]:
    """What an event is called, and what it says."""
    match event:
        case Began():
            return "status", StatusEvent.model_validate(event)
        case Found():
            return "passages", PassagesEvent.model_validate(event)
        case Delta():
            return "delta", DeltaEvent.model_validate(event)
        case Checked(index, sentence, citations):
            return "sentence", SentenceEvent(
                index=index,
                span=schemas.Span.model_validate(sentence.span),
                verdict=sentence.verdict,
                score=sentence.score,
                markers=list(sentence.citations),
                citations=[schemas.Citation.model_validate(one) for one in citations],
            )
        case Replaced():
            return "replace", ReplaceEvent.model_validate(event)
        case Answered(answer):
            return "answer", schemas.answer(answer)


def described() -> dict[str, Any]:
    """OpenAPI's description of the stream: what each event has, by its name."""
    return {
        "itemSchema": {
            "type": "object",
            "required": ["id", "event", "data"],
            "properties": {
                "id": {"type": "string", "description": "For Last-Event-ID."},
                "event": {"type": "string", "enum": list(MODELS)},
                "data": {"type": "string", "contentMediaType": "application/json"},
            },
            "oneOf": [_described(name, model) for name, model in MODELS.items()],
        }
    }


def _described(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    schema.pop("$defs", None)  # the routes that answer JSON have described them
    return {"properties": {"event": {"const": name}, "data": {"contentSchema": schema}}}
