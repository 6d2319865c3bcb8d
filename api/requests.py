"""The JSON of requests."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rag import Mode


def _storable(metadata: dict[str, Any]) -> dict[str, Any]:
    """Metadata that can be written as JSON in UTF-8: no NaN, no lone surrogate."""
    try:
        json.dumps(metadata, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it can not be kept as JSON ({type(error).__name__})") from error
    return metadata


Collection = Annotated[str, Field(min_length=1, max_length=100)]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable)]
Phrase = Annotated[str, Field(max_length=4000)]


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
    """What to look for; `k` is how many passages are wanted."""

    query: Phrase
    collection: Collection = "default"
    k: int | None = Field(None, ge=1, le=100)
    mode: Mode = Mode.HYBRID


class AnswerRequest(Request):
    """A question. This version answers by quoting, which both modes stand for."""

    question: Phrase
    collection: Collection = "default"
    mode: Literal["auto", "extractive"] = "auto"


class SummaryRequest(Request):
    """The documents to summarize, in at most `max_words` words."""

    document_ids: list[Annotated[str, Field(max_length=100)]] = Field(min_length=1, max_length=20)
    focus: Phrase | None = None
    max_words: int = Field(120, ge=20, le=1000)
