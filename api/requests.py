"""The JSON of requests."""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import InvalidRequest
from corpus.filters import read_filter
from corpus.types import DocumentVersion
from rag import (
    Answering,
    Mode,
    Pipeline,
    Policy,
    Question,
    Role,
    Style,
    SummaryTask,
    Turn,
)


def _storable(metadata: dict[str, Any]) -> dict[str, Any]:
    """Metadata that can be written as JSON in UTF-8: no NaN, no lone surrogate."""
    try:
        json.dumps(metadata, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it can not be kept as JSON ({type(error).__name__})") from error
    return metadata


Collection = Annotated[str, Field(min_length=1, max_length=100)]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable)]
Filter = Annotated[
    dict[str, Any],
    Field(
        description="Conditions on documents by field, all of which must hold: a value, a list of "
        "values, or an object of eq, ne, in, contains, gt, gte, lt, lte.",
        examples=[{"author": "A. Holm", "date": {"gte": "2024-01-01", "lt": "2025-01-01"}}],
    ),
]
Phrase = Annotated[str, Field(max_length=4000)]


def filter_of_json(text: str) -> dict[str, Any]:
    """A filter that comes as text; raises InvalidRequest unless it is a JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The filter is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequest('The filter is not a JSON object. Write it as {"field": "value"}.')
    return found


class Request(BaseModel):
    """A body that may have no other fields, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class DocumentRequest(Request):
    """A document as text."""

    text: str
    title: Phrase | None = None
    uri: Phrase | None = None
    external_id: Phrase | None = None
    metadata: Metadata = Field(default_factory=dict)
    collection: Collection = "default"
    media_type: str = "text/plain"


class DocumentChanges(Request):
    """Metadata to set, by name; null takes it away (RFC 7396)."""

    metadata: Metadata


class UploadFields(Request):
    """The form fields beside the files of a multipart upload."""

    title: Phrase | None = None
    uri: Phrase | None = None
    external_id: Phrase | None = None
    metadata: Metadata = Field(default_factory=dict)
    collection: Collection = "default"


class SearchRequest(Request):
    """What to look for, and in which documents.

    At most `k` passages are wanted, `per_document` of one document, of `max_tokens` together.
    """

    query: Phrase
    collection: Collection = "default"
    filter: Filter | None = None
    k: int | None = Field(None, ge=1, le=100)
    max_tokens: int | None = Field(None, ge=1, le=100_000)
    per_document: int | None = Field(None, ge=1, le=100)
    mode: Mode = Mode.HYBRID


class Message(Request):
    """What was said before the question."""

    role: Role
    content: str = Field(max_length=100_000)


class AnswerRequest(Request):
    """A question, and how it is to be answered."""

    question: Phrase
    collection: Collection = "default"
    filter: Filter | None = None
    history: list[Message] = Field(default_factory=list, max_length=1000)
    mode: Answering = Answering.AUTO
    policy: Policy = Policy.ANNOTATE
    stream: bool = Field(default=False, description="Whether the answer comes as events.")

    def asked(self) -> Question:
        """The question for the pipeline."""
        history = tuple(Turn(one.role, one.content) for one in self.history)
        return Question(
            self.question, self.collection, self.filter, history, self.mode, self.policy
        )

    def sha256(self) -> str:
        """Tells the question from others, however its answer is to come.

        Raises InvalidRequest for what is no filter.
        """
        read_filter(self.filter)
        asked = json.dumps(self.model_dump(mode="json", exclude={"stream"}), sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()


class SummaryFields(Request):
    """Which documents to summarize, and how."""

    document_ids: list[Annotated[str, Field(max_length=100)]] | None = Field(
        None, min_length=1, max_length=10_000
    )
    collection: Collection | None = None
    filter: Filter | None = None
    focus: Phrase | None = None
    style: Style = Style.PARAGRAPH
    max_words: int | None = Field(
        None,
        ge=20,
        le=1000,
        description="The length, which is kept within 15 %; 120 by default, or 40 for brief.",
    )
    mode: Answering = Answering.AUTO
    policy: Policy = Policy.ANNOTATE
    budget_tokens: int | None = Field(
        None,
        ge=1,
        description="Most tokens, sent and written, after which the summary is of what was read.",
    )


class SummaryRequest(SummaryFields):
    """What to summarize, documents by their ids or a collection, and how."""

    dry_run: bool = Field(
        default=False, description="Whether only to say what it would take, in calls and tokens."
    )

    async def task(
        self, pipeline: Pipeline, versions: Sequence[DocumentVersion] | None = None
    ) -> SummaryTask:
        """The task for the pipeline: of the documents as they are now, or of these versions.

        Raises NotFound, and InvalidRequest where there is nothing to summarize or it can not be
        done.
        """
        if versions is None:
            versions = await self._versions(pipeline)
        task = SummaryTask(
            tuple(versions),
            focus=self.focus,
            style=self.style,
            max_words=self.max_words,
            answering=self.mode,
            policy=self.policy,
            budget_tokens=self.budget_tokens,
        )
        pipeline.check_summary(task)
        return task

    async def _versions(self, pipeline: Pipeline) -> Sequence[DocumentVersion]:
        if (self.document_ids is None) == (self.collection is None):
            raise InvalidRequest(
                "Name either document_ids or a collection to summarize, which may have a filter."
            )
        if self.document_ids is not None and self.filter is not None:
            raise InvalidRequest(
                "A filter is for a collection. Leave it out, or name a collection in place of "
                "document_ids."
            )
        return await pipeline.versions_to_summarize(self.document_ids, self.collection, self.filter)

    def sha256(self) -> str:
        """Tells the request from others."""
        asked = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()


def summary_request(**fields: object) -> SummaryRequest:
    """A request from the command line; raises InvalidRequest that says what is wrong with it."""
    try:
        return SummaryRequest.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc']))} is {one['input']!r}: {one['msg']}"
            for one in error.errors()
        )
        raise InvalidRequest(f"{problems}.") from error
