"""What a system said to a case, in one shape, whether it was Pincite or another system."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from corpus.sentences import sentence_spans
from corpus.types import DocumentVersion, Span
from evals.cases import Case
from evals.scores import Cited, Pointed
from evals.support import evidence_in
from rag import Answer, Status, Summary, Usage, Verdict
from rag.entailment import ClaimModel
from rag.verify import is_claim, judge_all

Place = tuple[str, Span]  # a document's id, and characters of it

_MARKER = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
_SOURCES = (
    r"(the|these|this) ((provided|given|retrieved) )?"
    r"(context|document|source|passage|text|information)s?( (provided|given))?"
)
# How systems say that they do not answer. Pincite's answers say so by their status. What a document
# does not do, or is not, may be an answer.
_DECLINES = re.compile(
    r"\W*((unfortunately|sorry)\b\W*(but\b\W*)?)?"
    rf"((based on|according to|from|given) {_SOURCES}\W+)?"
    r"(i (do not|don['’]t) know|i(['’]m| am) (sorry|unable|not able)"
    r"|i (can ?not|can['’]t|could not|couldn['’]t) (answer|find|determine)"
    r"|(there is )?(no|not enough) (answer|information|mention)\b"
    rf"|{_SOURCES} (do not|does not|don['’]t|doesn['’]t|can ?not) "
    r"(address|answer|contain|discuss|give|have|include|mention|provide|say|specify|state|tell)\b"
    rf"|{_SOURCES} (is|are) not (clear|enough|relevant|sufficient)\b"
    r"|the answer (is not|can ?not)\b"
    r"|((it|this) is )?not (answerable|enough|given|mentioned|specified|stated)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, as the scores look at it.

    `verdicts` has one for each claim, in the order of `statements`; none where there were no
    sources. `cited` is where the citations point. `texts` are those of the passages that it was
    made from, best first, `places` where they stand, and `tokens` how long they are. Of another
    system's answer it is not known where anything stands. `confidence` is the probability that its
    quote answers, or else that its weakest claim is supported. Of a summary, `coverage` tells of
    each document whether it is cited, and `read` how many sentences they have.
    """

    text: str
    abstained: bool
    statements: tuple[Cited, ...]
    verdicts: tuple[Verdict, ...]
    pointers: tuple[Pointed, ...]
    cited: tuple[Place, ...] | None = None
    texts: tuple[str, ...] = ()
    places: tuple[Place, ...] | None = None
    tokens: tuple[int, ...] = ()
    confidence: float | None = None
    usage: Usage | None = None
    coverage: tuple[bool, ...] = ()
    read: int = 0

    @property
    def claims(self) -> list[str]:
        """The sentences that state something."""
        return [one.claim for one in self.statements]


def of_answer(answer: Answer, texts: Mapping[DocumentVersion, str]) -> Outcome:
    """The outcome of an answer of Pincite; `texts` are those of the documents that it cites."""
    cited = _of_cited(answer, texts)
    return replace(
        cited,
        confidence=cited.confidence if answer.confidence is None else round(answer.confidence, 6),
        abstained=answer.status is Status.ABSTAINED,
        cited=tuple((one.document_id, one.span) for one in answer.citations),
        texts=tuple(one.text for one in answer.passages),
        places=tuple((one.chunk.document_id, one.chunk.span) for one in answer.passages),
        tokens=tuple(one.chunk.token_count for one in answer.passages),
    )


def of_summary(summary: Summary, texts: Mapping[DocumentVersion, str]) -> Outcome:
    """The outcome of a summary of Pincite; `texts` are those of the documents that it cites."""
    return replace(
        _of_cited(summary, texts),
        coverage=tuple(one.cited > 0 for one in summary.coverage),
        read=sum(one.read for one in summary.coverage),
    )


def _of_cited(made: Answer | Summary, texts: Mapping[DocumentVersion, str]) -> Outcome:
    said = [one for one in made.sentences if one.verdict is not Verdict.NOT_A_CLAIM]
    pointers = tuple(
        Pointed(one.quote, _text_at(texts.get((one.document_id, one.version)), one.span))
        for one in made.citations
    )
    shown = {one.marker: pointed for one, pointed in zip(made.citations, pointers, strict=True)}
    return Outcome(
        text=without_markers(made.text),
        abstained=False,
        statements=tuple(
            Cited(one.text, tuple(shown[marker].text or "" for marker in one.citations))
            for one in said
        ),
        verdicts=tuple(one.verdict for one in said),
        pointers=pointers,
        confidence=min((one.score for one in said), default=None),
        usage=made.usage,
    )


def of_case(case: Case, model: ClaimModel) -> Outcome:
    """The outcome of an answer that came with a case; its claims are judged by its contexts."""
    answer = case.answer or ""
    abstained = declines(answer)
    statements, pointers = [], []
    for sentence, markers in cited_sentences(answer):
        quotes = []
        for marker in markers:
            there = 1 <= marker <= len(case.contexts)
            text = case.contexts[marker - 1] if there else ""
            quotes.append(text)
            pointers.append(Pointed(text, text if there else None))
        if is_claim(sentence) and not abstained:
            statements.append(Cited(sentence, tuple(quotes)))
    claims = [one.claim for one in statements]
    evidence = evidence_in([one for one in case.contexts if one.strip()])
    judged = judge_all(claims, evidence, model=model) if evidence and claims else []
    return Outcome(
        text=without_markers(answer),
        abstained=abstained,
        statements=tuple(statements),
        verdicts=tuple(one.verdict for one in judged),
        pointers=tuple(pointers),
        texts=tuple(case.contexts),
        confidence=min((one.score for one in judged), default=None),
    )


def declines(answer: str) -> bool:
    """Whether an answer of another system is empty, or begins by saying that it can not answer."""
    return not answer.strip() or _DECLINES.match(answer) is not None


def cited_sentences(answer: str) -> list[tuple[str, list[int]]]:
    """The sentences of an answer without their markers, and the numbers in those.

    Markers after the full stop belong to the sentence before them.
    """
    plain, markers = "", []
    last = 0
    for found in _MARKER.finditer(answer):
        plain += answer[last : found.start()]
        markers.append((len(plain), [int(number) for number in found[1].split(",")]))
        last = found.end()
    plain += answer[last:]
    spans = sentence_spans(plain)
    own: list[list[int]] = [[] for _ in spans]
    for place, numbers in markers:
        before = [at for at, span in enumerate(spans) if span.start < place]
        if before:
            own[before[-1]].extend(number for number in numbers if number not in own[before[-1]])
    return [(span.of(plain), numbers) for span, numbers in zip(spans, own, strict=True)]


def without_markers(text: str) -> str:
    """A text without [1] or [1, 2] in it."""
    return _MARKER.sub("", text)


def _text_at(text: str | None, span: Span) -> str | None:
    return None if text is None or span.end > len(text) else span.of(text)
