"""Answers and summaries, in which every sentence points at its sources and carries a verdict.

All offsets are half-open and count code points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corpus.types import DocumentVersion, Passage, Span

EXTRACTIVE = "pincite-extractive"  # the model's name of what only quotes
SLACK = 0.15  # of the words that were asked for, by which a summary may miss them


class Verdict(StrEnum):
    """What the sources say of a sentence."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"
    NOT_A_CLAIM = "not_a_claim"


class Status(StrEnum):
    """Whether there is an answer."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    INCOMPLETE = "incomplete"  # it was cut off; what came of it is there


class Reason(StrEnum):
    """Why there is none, or not the whole of one."""

    NO_EVIDENCE = "no_evidence"  # no passage was found
    WEAK_EVIDENCE = "weak_evidence"  # passages were found, but none that answers
    CONFLICTING_EVIDENCE = "conflicting_evidence"  # the sources contradict each other
    OUT_OF_SCOPE = "out_of_scope"  # nothing that was found is about what was asked
    LENGTH = "length"  # the model reached its limit of tokens
    CONTENT_FILTER = "content_filter"  # the model's provider, or a check of ours, cut it off
    INTERRUPTED = "interrupted"  # the model's provider broke off


class Policy(StrEnum):
    """What becomes of a sentence that the sources do not support in full."""

    ANNOTATE = "annotate"  # it is said, with its verdict
    STRIP = "strip"  # it is left out
    REPAIR = "repair"  # cited anew, written anew, replaced by a quote, or left out
    ABSTAIN = "abstain"  # with it, nothing is answered


class Answering(StrEnum):
    """Who answers."""

    AUTO = "auto"  # the model that is configured, or else the embedded reader
    LLM = "llm"
    EXTRACTIVE = "extractive"  # the embedded reader, which quotes


class Role(StrEnum):
    """Who said something in a conversation."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before a question."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which documents, after which turns, and how it is to be answered.

    `where` is a filter, as `corpus.filters` describes them. `id` is the one that its answer has;
    None means a new one.
    """

    text: str
    collection: str = "default"
    where: Mapping[str, Any] | None = None
    history: tuple[Turn, ...] = ()
    answering: Answering = Answering.AUTO
    policy: Policy = Policy.ANNOTATE
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A pointer at the characters of a document version that support a sentence.

    `quote` is that version's text at `span`. `id` names the pointer for good; `marker` is its
    number in one answer, from 1. `page` is None for documents without pages.
    """

    id: str
    marker: int
    document_id: str
    version: int
    span: Span
    quote: str
    page: int | None
    title: str
    uri: str | None
    heading_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer or summary: `text` stands at `span` in it.

    `score` is the probability that the citations support it, 0 to 1, and `citations` are the
    markers of its citations.
    """

    text: str
    span: Span
    verdict: Verdict
    score: float
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two citations that state different figures for the same thing, by their markers."""

    citations: tuple[int, int]
    detail: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens: of the passages or documents that were read, and to and from a model."""

    read: int
    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, or why nothing was; `passages` are what was searched, nearest first.

    `timings` are seconds by step. `prompt_hash` is None when no prompt was used. `asked` is how it
    was asked, with what was read of the conversation; None where that was not kept. `confidence` is
    the embedded reader's probability that its best quote answers; None where it did not answer.
    """

    id: str
    question: str
    standalone_question: str
    status: Status
    reason: Reason | None
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    conflicts: tuple[Conflict, ...]
    usage: Usage
    timings: Mapping[str, float]
    model: str
    prompt_hash: str | None
    asked: Question | None = None
    confidence: float | None = None


class Style(StrEnum):
    """How a summary is laid out."""

    PARAGRAPH = "paragraph"  # sentence after sentence
    BULLETS = "bullets"  # a list with a sentence or two to each point
    BRIEF = "brief"  # the gist, in 40 words unless told otherwise


class SummaryStatus(StrEnum):
    """Whether a summary stands for all that it is of."""

    COMPLETE = "complete"
    PARTIAL = "partial"  # something was left out, as its `detail` says
    ABSTAINED = "abstained"  # there is none


@dataclass(frozen=True, slots=True)
class SummaryTask:
    """What is to be summarized, and how: the searchable chunks of versions of documents.

    `max_words` is kept within 15 % where the documents have enough to say; None stands for the
    style's own. `budget_tokens` is for prompts and completions together. `id` is the one that the
    summary has; None means a new one. Of documents that `since` has an earlier version of, only
    what that one does not say is summarized.
    """

    versions: tuple[DocumentVersion, ...]
    focus: str | None = None
    style: Style = Style.PARAGRAPH
    max_words: int | None = None
    answering: Answering = Answering.AUTO
    policy: Policy = Policy.ANNOTATE
    budget_tokens: int | None = None
    id: str | None = None
    since: tuple[DocumentVersion, ...] = ()

    @property
    def words(self) -> int:
        """How long the summary is to be."""
        if self.max_words is not None:
            return self.max_words
        return 40 if self.style is Style.BRIEF else 120


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a summary will take: calls of the model, tokens, and money where prices are set.

    `sources` are the tokens of the documents that are read.
    """

    calls: int
    sources: int
    prompt: int
    completion: int
    cost: float | None
    documents: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a summary made of one document, in sentences and table rows.

    `sentences` are all of them, `read` those that were looked at, and `cited` those that are cited.
    """

    document_id: str
    title: str
    read: int
    cited: int
    set_aside: Mapping[str, int]  # by reason, as `rag.material.Aside` has them
    version: int = 0
    sentences: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A text about documents, as an answer is about a question.

    `reason` says in a word why it is partial or none, or that it missed its length ("short" or
    "long"), and `detail` in a sentence. `cost` is None where no prices are set. `map_tokens` were
    sent to read the documents.
    """

    id: str
    document_ids: tuple[str, ...]
    focus: str | None
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    coverage: tuple[Coverage, ...]
    usage: Usage
    timings: Mapping[str, float]
    model: str
    prompt_hash: str | None
    style: Style = Style.PARAGRAPH
    status: SummaryStatus = SummaryStatus.COMPLETE
    reason: str | None = None
    detail: str | None = None
    conflicts: tuple[Conflict, ...] = ()
    calls: int = 0
    map_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class CitationState:
    """A citation looked up again.

    `status` is "current", "changed" (a newer version is searched) or "deleted". The quote is None,
    as title and URI are, where the text is gone: the document was deleted, or its version purged
    (then it is "changed").
    """

    id: str
    document_id: str
    version: int
    span: Span
    quote: str | None
    title: str | None
    uri: str | None
    status: str
