"""Citations, and texts whose sentences carry them. Pure functions.

A citation is made from a document's text and a span, never from a quote, so that its quote is the
text at its span by construction.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.errors import NotFound
from corpus.types import Document, Span
from rag.types import Citation, Sentence, Verdict

_ID = re.compile(r"cit_([0-9a-f]{20})_([1-9][0-9]{0,8})_(0|[1-9][0-9]{0,11})_([1-9][0-9]{0,11})")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A span of a document version that supports a sentence."""

    document: Document
    span: Span
    heading_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence to be written, what supports it, and the probability that it does."""

    text: str
    pointers: tuple[Pointer, ...]
    score: float
    verdict: Verdict = Verdict.SUPPORTED


@dataclass(frozen=True, slots=True)
class CitedText:
    """A text, its sentences with their spans in it, and its citations in the order of markers."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]


def citation_id(document_id: str, version: int, span: Span) -> str:
    """The name of a pointer, from which it can be resolved again."""
    return f"cit_{document_id.removeprefix('doc_')}_{version}_{span.start}_{span.end}"


def parse_citation_id(name: str) -> tuple[str, int, Span]:
    """Document, version and span of a citation; raises NotFound for what is no citation's name."""
    match = _ID.fullmatch(name)
    if match is None or int(match[3]) >= int(match[4]):
        raise NotFound(f"There is no citation {name!r}.")
    return f"doc_{match[1]}", int(match[2]), Span(int(match[3]), int(match[4]))


def cite(pointer: Pointer, marker: int) -> Citation:
    """The citation of a pointer; raises ValueError when its span leaves the document's text."""
    document = pointer.document
    return Citation(
        id=citation_id(document.id, document.version, pointer.span),
        marker=marker,
        document_id=document.id,
        version=document.version,
        span=pointer.span,
        quote=pointer.span.of(document.text),
        page=document.page_at(pointer.span.start),
        title=document.title,
        uri=document.uri,
        heading_path=pointer.heading_path,
    )


def write(statements: Sequence[Statement], separator: str = "\n", lead: str = "") -> CitedText:
    """Statements as a text: each behind a `lead` and followed by its markers, "Sentence. [1][2]".

    A pointer that occurs twice has one citation; markers count from 1 in order of appearance.
    """
    citations: dict[str, Citation] = {}
    sentences: list[Sentence] = []
    text = ""
    for statement in statements:
        markers = []
        for pointer in statement.pointers:
            name = citation_id(pointer.document.id, pointer.document.version, pointer.span)
            if name not in citations:
                citations[name] = cite(pointer, len(citations) + 1)
            markers.append(citations[name].marker)
        text += (separator if text else "") + lead
        span = Span(len(text), len(text) + len(statement.text))
        sentences.append(
            Sentence(statement.text, span, statement.verdict, statement.score, tuple(markers))
        )
        text += statement.text + (" " if markers else "")
        text += "".join(f"[{marker}]" for marker in markers)
    return CitedText(text, tuple(sentences), tuple(citations.values()))
