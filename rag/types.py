"""Answers and summaries, in which every sentence points at its sources and carries a verdict.

All offsets are half-open and count code points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corpus.types import Passage, Span

EXTRACTIVE = "pincite-extractive"  # the model's name of what only quotes


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

    `timings` are seconds by step. `prompt_hash` is None when no prompt was used.
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


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a summary made of one document, in sentences and table rows."""

    document_id: str
    title: str
    read: int
    cited: int
    set_aside: Mapping[str, int]  # by reason: residue, duplicate, garbled


@dataclass(frozen=True, slots=True)
class Summary:
    """A text about documents, as an answer is about a question."""

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
