"""The JSON of summaries, beside `api.schemas`."""

from pydantic import BaseModel, Field

from api.schemas import Citation, Conflict, Sentence, Usage, Wire
from rag.types import Estimate as GivenEstimate
from rag.types import Style, SummaryStatus
from rag.types import Summary as GivenSummary


class Coverage(Wire):
    """What a summary made of one document, in sentences and table rows."""

    document_id: str
    version: int
    title: str
    sentences: int
    read: int
    cited: int
    set_aside: dict[str, int] = Field(
        description="Why some were not used: residue, duplicate, garbled, unchanged, boilerplate, "
        "speaks_to_a_model, budget, changed, withheld."
    )


class Summary(Wire):
    """A text about documents; `timings` are seconds by step."""

    id: str
    document_ids: list[str]
    focus: str | None
    style: Style
    status: SummaryStatus
    reason: str | None = Field(
        description="In a word, why it is partial or none, or that it is short or long: more than "
        "15 % off the length that was asked for."
    )
    detail: str | None = Field(description="The same in a sentence.")
    text: str
    sentences: list[Sentence]
    citations: list[Citation]
    coverage: list[Coverage]
    conflicts: list[Conflict]
    calls: int = Field(description="Of the model.")
    map_tokens: int = Field(description="Tokens sent to read the documents.")
    cost: float | None = Field(description="Null where no prices are set.")
    usage: Usage
    timings: dict[str, float]
    model: str
    prompt_hash: str | None


class SummaryEntry(BaseModel):
    """A summary in a list."""

    created_at: str
    summary: Summary


class SummaryPage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[SummaryEntry]
    next_cursor: str | None


class Estimate(Wire):
    """What a summary would take: calls of the model, and tokens sent and written.

    `sources` are the tokens of the documents that would be read.
    """

    documents: int
    calls: int
    sources: int
    prompt: int
    completion: int
    cost: float | None = Field(description="Null where no prices are set.")


def summary(given: GivenSummary) -> Summary:
    """A summary for the wire."""
    return Summary.model_validate(given)


def estimate(given: GivenEstimate) -> Estimate:
    """What a summary would take, for the wire."""
    return Estimate.model_validate(given)
