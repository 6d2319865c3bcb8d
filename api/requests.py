"""The JSON of requests."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from corpus.errors import InvalidRequest
from corpus.filters import read_filter
from rag import Answering, Mode, Policy, Question, Role, Turn


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


class SummaryRequest(Request):
    """The documents to summarize, in at most `max_words` words."""

    document_ids: list[Annotated[str, Field(max_length=100)]] = Field(min_length=1, max_length=20)
    focus: Phrase | None = None
    max_words: int = Field(120, ge=20, le=1000)
