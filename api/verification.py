"""The JSON of verification: a text and its sources, and what they say of each sentence."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from api.requests import Request
from api.schemas import Citation, Span
from rag.sources import Source
from rag.types import Verdict
from rag.verify import CheckedText

MOST_SOURCES = 50
MOST_CHARACTERS = 1_000_000  # of all sources together

Id = Annotated[str, Field(min_length=1, max_length=100)]


class SourceRequest(Request):
    """A source: a text with an id of its own, or the id of a stored document."""

    id: Id | None = None
    text: Annotated[str, Field(min_length=1)] | None = None
    document_id: Id | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.document_id is not None and self.id is None and self.text is None:
            return self
        if self.document_id is None and self.id is not None and self.text is not None:
            return self
        raise ValueError("a source is either {id, text} or {document_id}")

    def source(self) -> Source:
        """The source that is meant."""
        return Source(self.document_id or self.id or "", self.text)


class VerificationRequest(Request):
    """A text to be verified, and what it is verified by."""

    text: Annotated[str, Field(max_length=50_000)]
    sources: list[SourceRequest] = Field(min_length=1, max_length=MOST_SOURCES)

    @model_validator(mode="after")
    def _is_not_too_long(self) -> Self:
        given = sum(len(one.text or "") for one in self.sources)
        if given > MOST_CHARACTERS:
            raise ValueError(
                f"the sources have {given:,} characters, and at most {MOST_CHARACTERS:,} are read"
            )
        return self


class VerifiedSentence(BaseModel):
    """A sentence of the text, at `span` in it, with the markers of its citations.

    `score` is the probability that the sources support all of it; `reasons` say what speaks
    against it.
    """

    text: str
    span: Span
    verdict: Verdict
    score: float
    citations: list[int]
    reasons: list[str]


class Verification(BaseModel):
    """The text as it was given, its sentences, and the citations that they have.

    A citation of a source that came with the request has the source's id as its document, and
    version 0.
    """

    text: str
    sentences: list[VerifiedSentence]
    citations: list[Citation]


def verification(given: CheckedText) -> Verification:
    """What was found, for the wire."""
    return Verification(
        text=given.text,
        sentences=[
            VerifiedSentence(
                text=one.text,
                span=Span.model_validate(one.span),
                verdict=one.verdict,
                score=one.score,
                citations=list(one.citations),
                reasons=list(reasons),
            )
            for one, reasons in zip(given.sentences, given.reasons, strict=True)
        ],
        citations=[Citation.model_validate(one) for one in given.citations],
    )
