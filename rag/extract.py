"""The embedded reader: answers by quoting the sentences or table rows that answer.

It writes nothing of its own. Where a document corrects itself, the correction is quoted in place of
what it corrects; where two documents give different figures, both are quoted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.ingest import Embed
from corpus.types import Chunk, Document, Passage, Span
from rag.answer_kinds import asks_for_one_thing
from rag.citations import CitedText, Pointer, Statement, write
from rag.conflicts import CONTRARY, SAME, conflicts_in, differ, figures
from rag.evidence import Candidate, Texts, candidates, unit_text
from rag.features import features
from rag.offer import harmless
from rag.types import Conflict, Reason
from rag.verify import evidence_of

# Logistic regression of "this sentence answers" on the columns of `features.COLUMNS`, then the
# intercept. Fitted on ClapNQ dev-a and QuoteSum dev; then set on evals/samples.jsonl, for which 10
# passages are read each: `rank`, which sets of questions that come with their sources do not have,
# `rest` and `words` (raised by 15 %), `number` and `source` (from -0.30 and -0.39), the intercept
# to suit, and `ENOUGH` (from 0.37). `pincite eval qa` prints the fit, what these score, and what
# fits score where they were not fitted. On RGB, where nothing was fitted, an answering sentence
# comes first for .872 of the questions, with the plain cosine for .830.
WEIGHTS = (2.11, 2.44, 1.22, 1.36, 0.17, 0.62, 0.38, -0.60, -0.60, -0.40, -4.15)
ENOUGH = 0.26  # least probability of the best sentence; below it the reader abstains

_MOST = 3  # sentences of an answer
_NEAR = 0.9  # a further sentence has at least this share of the best one's probability,
_SURE = 0.5  # and at least this probability

Chunks = Callable[[str], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found: a cited text, or the reason why there is none.

    `confidence` is the probability that the best of what is quoted answers.
    """

    cited: CitedText
    reason: Reason | None
    conflicts: tuple[Conflict, ...] = ()
    confidence: float | None = None


def read(
    question: str, passages: Sequence[Passage], texts: Texts, chunks: Chunks, embed: Embed
) -> Reading:
    """Answer a question from passages.

    `texts` holds the passages' documents; `chunks` gives all chunks of a document by its id.
    """
    if not passages:
        return Reading(write([]), Reason.NO_EVIDENCE)
    found = _candidates(question, passages, texts)
    if not found:
        return Reading(write([]), Reason.WEAK_EVIDENCE)
    chances = answer_chances(features(question, found, embed))
    order = [int(at) for at in np.argsort(-chances, kind="stable")]
    if chances[order[0]] < ENOUGH:
        return Reading(write([]), Reason.WEAK_EVIDENCE)
    chosen = _choose(found, chances, order, embed, one=asks_for_one_thing(question))
    statements: list[Statement] = []
    for item in chosen:
        for statement in _corrected(item, chunks):
            if statement.text not in {old.text for old in statements}:
                statements.append(statement)
    cited = write(statements[:_MOST])
    conflicts = conflicts_in(cited.sentences, cited.citations, embed)
    return Reading(cited, None, conflicts, float(chances[order[0]]))


def weigh(
    question: str, passages: Sequence[Passage], texts: Texts, embed: Embed
) -> list[tuple[Candidate, float]]:
    """What could answer a question in passages, each with the probability that it does."""
    found = _candidates(question, passages, texts)
    chances = answer_chances(features(question, found, embed))
    return list(zip(found, map(float, chances), strict=True))


def _candidates(question: str, passages: Sequence[Passage], texts: Texts) -> list[Candidate]:
    """The candidates without those that speak to a model, which answer nobody."""
    spoken: set[tuple[str, Span]] = set()
    for chunk in (one.chunk for one in passages):
        units = evidence_of(texts[chunk.document_id, chunk.version], chunk.units)
        judged = zip(units, harmless(units), strict=True)
        spoken |= {(unit.document.id, unit.spans[0]) for unit, safe in judged if not safe}
    return [
        one
        for one in candidates(question, passages, texts)
        if (one.document.id, one.unit.span) not in spoken
    ]


def answer_chances(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that each candidate answers, from its features."""
    return np.asarray(1 / (1 + np.exp(-(columns @ np.array(WEIGHTS[:-1]) + WEIGHTS[-1]))))


def _choose(
    found: Sequence[Candidate],
    chances: NDArray[np.float64],
    order: Sequence[int],
    embed: Embed,
    *,
    one: bool,
) -> list[Candidate]:
    """The best candidate, and those nearly as good that add something: at most three.

    With `one`, what adds to the best is left out, and only what contradicts it is taken.

    A sentence that repeats a chosen one is passed over, unless another document has it with other
    figures: then it is wanted even if it is less near.
    """
    best = chances[order[0]]
    near = [at for at in order if chances[at] >= max(ENOUGH, CONTRARY * best)][:8]
    vectors = embed([found[at].text for at in near])
    chosen = [0]
    for at, vector in enumerate(vectors[1:], start=1):
        item, chance = found[near[at]], chances[near[at]]
        twins = [found[near[old]] for old in chosen if float(vector @ vectors[old]) >= SAME]
        adds = not one and not twins and chance >= max(_SURE, _NEAR * best)
        if adds or (twins and all(_disagree(item, twin) for twin in twins)):
            chosen.append(at)
        if len(chosen) == _MOST:
            break
    return [found[near[at]] for at in chosen]


def _disagree(one: Candidate, other: Candidate) -> bool:
    return one.document.id != other.document.id and differ(one.text, other.text)


def _corrected(item: Candidate, chunks: Chunks) -> list[Statement]:
    """The candidate as a statement, or in its place its document's correction, whole.

    The correction is taken when the candidate is of it, or has a figure that it takes up.
    """
    parts = chunks(item.document.id)
    note = [
        (unit, chunk) for chunk in parts for unit in chunk.units if unit.corrects and unit.quotable
    ]
    taken_up = frozenset[str]().union(
        *(figures(unit_text(item.document, unit)) for unit, _ in note)
    )
    if note and (item.unit.corrects or figures(item.text) & taken_up):
        return [
            _statement(item.document, (unit.span,), chunk, unit_text(item.document, unit))
            for unit, chunk in note
        ]
    # A passage may have grown over several headings.
    own = next((one for one in parts if one.span.end > item.unit.span.start), item.passage.chunk)
    return [_statement(item.document, item.spans, own, item.text)]


def _statement(document: Document, spans: Sequence[Span], chunk: Chunk, text: str) -> Statement:
    return Statement(
        text, tuple(Pointer(document, span, chunk.heading_path) for span in spans), 1.0
    )
