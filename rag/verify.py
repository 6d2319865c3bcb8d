"""Claims against evidence: checks first, then the claim model, and a verdict of both."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from corpus.sentences import sentence_spans
from corpus.types import Document, Span, Unit, UnitKind
from rag.checks import Check, check
from rag.citations import Pointer, citation_id, cite
from rag.confidence import is_contradicted, is_doubtful, probability
from rag.entailment import ClaimModel
from rag.evidence import unit_text
from rag.types import Citation, Sentence, Verdict
from rag.windows import Window, windows

_BETWEEN = (UnitKind.HEADING, UnitKind.OTHER)
_SUPPORTED = 0.5
_PARTLY = 0.5  # share of a claim's words that the evidence has when a part of it may be supported
_MISSING = 0.2  # share of a claim's words that a figure or a name is worth
_MOST_WORDS = 5  # absent words that a reason names
_MOST_SUPPORT = 3  # pieces of evidence that a claim cites
_FRAME = re.compile(
    r"(here (is|are)|below (is|are)|the following|according to the (sources|documents|passages)"
    r"|(based on|from) the (sources|documents|passages|context)|in summary|sources?)\b[^.!?]*:\s*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"((hi|hello|hey|dear|sure|certainly|of course|okay|ok|yes|no|great question)\b[^.!?:;\s]*"
    r"(\s+\w+){0,2}|(thanks|thank you|you'?re welcome|good (morning|afternoon|evening)|i hope"
    r"|let me know|feel free|please let|i'?m sorry|i'?m happy to)\b[^.!?:;]{0,80})[.!,:]*",
    re.IGNORECASE,
)
_MARKERS = re.compile(r"\s*(\[[\d.,\s]+\])+")
_LETTER = re.compile(r"[^\W\d_]")
_HEADING = re.compile(r"\s*(#{1,6}\s|\*\*[^*]+\*\*:?\s*$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of a source: a sentence, or a table row as a sentence behind its table's caption.

    `spans` are what citations of it point at, in `document`.
    """

    text: str
    document: Document
    spans: tuple[Span, ...]
    heading_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence says of a claim.

    `score` is the probability that it supports all of it. `reasons` say in words what speaks
    against it. `support` are the indexes of the evidence that supports it, most important first.
    `doubtful` says that checks and model leave it open, so that a judge should be asked.
    """

    verdict: Verdict
    score: float
    reasons: tuple[str, ...]
    support: tuple[int, ...]
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found of a claim: by the checks, and by the model in each window that it read."""

    checked: Check
    read: tuple[Window, ...]
    logits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text as it was given, with a verdict for each of its sentences.

    `reasons` has an entry for each sentence.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    reasons: tuple[tuple[str, ...], ...]


def is_claim(sentence: str) -> bool:
    """Whether a sentence states something: no question, greeting, heading or announcement."""
    plain = _MARKERS.sub("", sentence).strip()
    if plain.endswith("?") or _HEADING.match(plain):
        return False
    words = _LETTER.findall(plain)
    if len(words) < 4 or _FRAME.match(plain) or _GREETING.fullmatch(plain):
        return False
    return not (plain.endswith(":") and len(plain.split()) <= 12)


def evidence_of(
    document: Document,
    units: Iterable[Unit],
    heading_path: tuple[str, ...] = (),
    *,
    headings: bool = False,
) -> list[Evidence]:
    """The quotable units of a document as evidence, in their order.

    With `headings` those as well, and what else is written between sentences, such as code.
    """
    found = []
    for unit in units:
        if unit.quotable or (headings and unit.kind in _BETWEEN):
            beside = tuple(span for span in (unit.header, unit.caption) if span is not None)
            text = unit_text(document, unit)
            if unit.caption is not None:
                text = f"{unit.caption.of(document.text)} {text}"
            found.append(Evidence(text, document, (unit.span, *beside), heading_path))
    return found


def weigh(
    claims: Sequence[str],
    texts: Sequence[str],
    *,
    cited: Sequence[int] = (),
    model: ClaimModel,
) -> list[Weighed]:
    """Check claims and read them with the evidence, of which there is some."""
    sizes = [model.count(text) for text in texts]
    reads = [windows(claim, texts, cited, sizes) for claim in claims]
    pairs = [
        (" ".join(texts[at] for at in window), claim)
        for claim, read in zip(claims, reads, strict=True)
        for window in read
    ]
    logits = iter(model.logits(pairs).tolist())
    return [
        Weighed(check(claim, texts), tuple(read), tuple(islice(logits, len(read))))
        for claim, read in zip(claims, reads, strict=True)
    ]


def judge(
    claim: str,
    evidence: Sequence[Evidence],
    *,
    cited: Sequence[int] = (),
    model: ClaimModel,
) -> Judgement:
    """Judge a claim by evidence, which is in the order of its documents.

    `cited` are the indexes of what the claim itself cites, which is read first.
    """
    (found,) = judge_all([claim], evidence, cited=cited, model=model)
    return found


def judge_all(
    claims: Sequence[str],
    evidence: Sequence[Evidence],
    *,
    cited: Sequence[int] = (),
    model: ClaimModel,
) -> list[Judgement]:
    """Judge several claims by the same evidence at once, which is quicker than one by one."""
    if not evidence:
        nothing = Judgement(Verdict.UNSUPPORTED, 0.0, ("there is no evidence",), (), doubtful=False)
        return [nothing] * len(claims)
    texts = [one.text for one in evidence]
    weighed = weigh(claims, texts, cited=cited, model=model)
    return [_judgement(claim, texts, one) for claim, one in zip(claims, weighed, strict=True)]


def _judgement(claim: str, texts: Sequence[str], weighed: Weighed) -> Judgement:
    score = probability(weighed.checked, weighed.logits)
    verdict = verdict_of(weighed.checked, score)
    support = () if verdict is Verdict.UNSUPPORTED else _support(claim, texts, weighed)
    return Judgement(
        verdict,
        score,
        _reasons(weighed.checked, verdict),
        support,
        is_doubtful(weighed.checked, score),
    )


def _reasons(checked: Check, verdict: Verdict) -> tuple[str, ...]:
    if checked.findings or verdict is Verdict.SUPPORTED:
        return tuple(finding.reason for finding in checked.findings)
    if checked.absent:
        words = ", ".join(f"“{word}”" for word in checked.absent[:_MOST_WORDS])
        return (f"the evidence does not have {words}",)
    return ("the evidence has its words, but does not say this with them",)


def verify_text(
    text: str,
    evidence: Sequence[Evidence],
    *,
    model: ClaimModel,
) -> CheckedText:
    """Judge every sentence of a text; what is no claim gets that verdict and no citation."""
    spans = sentence_spans(text)
    claims = [said for said in (span.of(text) for span in spans) if is_claim(said)]
    judgements = iter(judge_all(claims, evidence, model=model))
    sentences: list[Sentence] = []
    reasons: list[tuple[str, ...]] = []
    citations: dict[str, Citation] = {}
    for span in spans:
        said = span.of(text)
        if not is_claim(said):
            sentences.append(Sentence(said, span, Verdict.NOT_A_CLAIM, 0.0, ()))
            reasons.append(())
            continue
        found = next(judgements)
        pointers = [
            Pointer(evidence[at].document, part, evidence[at].heading_path)
            for at in found.support
            for part in evidence[at].spans
        ]
        markers = dict.fromkeys(_marker(pointer, citations) for pointer in pointers)
        sentences.append(Sentence(said, span, found.verdict, found.score, tuple(markers)))
        reasons.append(found.reasons)
    return CheckedText(text, tuple(sentences), tuple(citations.values()), tuple(reasons))


def _marker(pointer: Pointer, citations: dict[str, Citation]) -> int:
    """The marker of a pointer, which is cited now if it was not before."""
    name = citation_id(pointer.document.id, pointer.document.version, pointer.span)
    if name not in citations:
        citations[name] = cite(pointer, len(citations) + 1)
    return citations[name].marker


def verdict_of(checked: Check, score: float) -> Verdict:
    """The verdict of a probability, and of what was found."""
    if score >= _SUPPORTED:
        return Verdict.SUPPORTED
    if is_contradicted(checked):
        return Verdict.CONTRADICTED
    if checked.together >= _PARTLY:
        return Verdict.PARTIAL
    return Verdict.UNSUPPORTED


def _support(claim: str, texts: Sequence[str], weighed: Weighed) -> tuple[int, ...]:
    """Of the window that supports best, what has most of the claim, and what adds to that."""
    best = max(range(len(weighed.read)), key=lambda at: weighed.logits[at])
    chosen: list[int] = []
    had = -1.0
    while len(chosen) < _MOST_SUPPORT:
        gains = {
            at: _had(check(claim, [texts[one] for one in (*chosen, at)]))
            for at in weighed.read[best]
            if at not in chosen
        }
        at = max(gains, key=lambda one: gains[one], default=None)
        if at is None or gains[at] <= max(had, 0.0):
            break
        chosen.append(at)
        had = gains[at]
    return tuple(chosen)


def _had(checked: Check) -> float:
    """How much of a claim was found: the share of its words, and less for each thing missing."""
    return checked.covered - _MISSING * len(checked.findings)
