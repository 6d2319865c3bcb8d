"""Which scores a case gets, what each is called, and which way is better."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corpus.errors import CorpusError
from corpus.types import Span
from evals import metrics, scores
from evals.cases import Case
from evals.outcomes import Outcome, Place
from evals.rouge import rouge
from evals.scores import Prices, Supports
from rag.verify import is_claim

BUDGET = 500  # tokens of the first passages, for the scores of spans
_DEPTH = 10  # passages
_NO_TEXTS = "there are no contexts to judge its claims by"


@dataclass(frozen=True, slots=True)
class Metric:
    """What a score says, and whether more of it is better; None where neither is.

    `share` says that it is a share, from 0 to 1. A gate looks at the `chief` ones.
    """

    says: str
    more_is_better: bool | None = True
    share: bool = True
    chief: bool = False


METRICS: Mapping[str, Metric] = {
    "right_abstention": Metric("answers just when the documents do", chief=True),
    "exact_match": Metric("is the reference answer, word for word"),
    "token_f1": Metric("shares words with the reference answer", chief=True),
    "claim_recall": Metric("states the reference facts", chief=True),
    "claim_precision": Metric("states only what is in the reference"),
    "forbidden": Metric("says what no answer may", more_is_better=False, chief=True),
    "recall@10": Metric("passages that have what supports the answer", chief=True),
    "mrr": Metric("1 / rank of the first such passage"),
    "ndcg@10": Metric("such passages come first"),
    f"span_recall@{BUDGET}": Metric(f"supporting characters in the first {BUDGET} tokens"),
    f"span_precision@{BUDGET}": Metric(f"share of those {BUDGET} tokens that supports"),
    f"span_iou@{BUDGET}": Metric("intersection over union of the two"),
    "support_recall": Metric("supporting spans that the answer cites", chief=True),
    "overlap@10": Metric("sentences found before, replayed, that are found again"),
    "first@10": Metric("1 / rank of what was found first before"),
    "citation_recall": Metric("claims that their citations support (ALCE)", chief=True),
    "citation_precision": Metric("citations that belong where they stand (ALCE)", chief=True),
    "over_citation": Metric("citations that are not needed", more_is_better=False),
    "pointer_validity": Metric("citations whose place exists", chief=True),
    "quote_exactness": Metric("citations whose quote stands there", chief=True),
    "supported": Metric("claims that the sources support", chief=True),
    "contradicted": Metric("claims that the sources contradict", more_is_better=False, chief=True),
    "judged_supported": Metric("claims that the LLM judge calls supported"),
    "judged_contradicted": Metric(
        "claims that the LLM judge calls contradicted", more_is_better=False
    ),
    "rouge1": Metric("words that a reference summary has (F1)"),
    "rouge2": Metric("pairs of words that it has (F1)"),
    "rougeL": Metric("longest common subsequence with it (F1)"),
    "compression": Metric("sentences of a summary by those of its documents", None),
    "coverage": Metric("documents that a summary cites"),
    "redundancy": Metric("sentences that the rest says", more_is_better=False),
    "answered": Metric("is answered at all", None),
    "prompt_tokens": Metric("tokens to the model", more_is_better=False, share=False),
    "completion_tokens": Metric("tokens from the model", more_is_better=False, share=False),
    "read_tokens": Metric("tokens of the passages", more_is_better=False, share=False),
    "cost": Metric("price of the tokens", more_is_better=False, share=False),
}


# What can not be scored where a text that is cited is gone.
OF_CITATIONS = (
    "citation_recall",
    "citation_precision",
    "over_citation",
    "pointer_validity",
    "quote_exactness",
)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores by metric, and why those that the case should have had are not there."""

    scores: dict[str, float]
    unscored: dict[str, str]


def scored(
    case: Case,
    outcome: Outcome,
    supports: Supports,
    places: Sequence[Place] | str,
    prices: Prices | None = None,
) -> Scored:
    """All scores that a case asks for.

    `places` are those of its supporting spans, or why they are not known.
    """
    found = Scored({}, {})

    def note(name: str, score: Callable[[], float | None]) -> None:
        try:
            value = score()
        except CorpusError as error:
            found.unscored[name] = str(error)
            return
        if value is not None:
            found.scores[name] = value

    if case.documents:
        note("coverage", lambda: sum(outcome.coverage) / len(outcome.coverage))
        note("compression", lambda: scores.compression(len(outcome.claims), outcome.read))
        note("redundancy", lambda: scores.redundancy(outcome.claims, supports))
        found.scores.update(rouge(outcome.text, case.references))
    else:
        note("answered", lambda: float(not outcome.abstained))
    if (expected := _abstains(case)) is not None:
        note(
            "right_abstention",
            lambda: scores.right_abstention(abstained=outcome.abstained, expected=expected),
        )
    _note_reference(case, outcome, supports, note)
    _note_retrieval(case, outcome, places, found)
    note("citation_recall", lambda: scores.citation_recall(_cited(outcome), supports))
    note("citation_precision", lambda: scores.citation_precision(_cited(outcome), supports))
    note("over_citation", lambda: scores.over_citation(_cited(outcome), supports))
    note("pointer_validity", lambda: scores.pointer_validity(outcome.pointers))
    note("quote_exactness", lambda: scores.quote_exactness(outcome.pointers))
    note("supported", lambda: scores.supported_share(outcome.verdicts))
    note("contradicted", lambda: scores.contradicted_share(outcome.verdicts))
    if outcome.claims and not outcome.verdicts:
        found.unscored.update(dict.fromkeys(("supported", "contradicted"), _NO_TEXTS))
    if (usage := outcome.usage) is not None:
        note("read_tokens", lambda: float(usage.read))
        note("prompt_tokens", lambda: float(usage.prompt))
        note("completion_tokens", lambda: float(usage.completion))
        if prices is not None:
            note("cost", lambda: scores.cost(usage.prompt, usage.completion, prices))
    return found


Note = Callable[[str, Callable[[], float | None]], None]


def _note_reference(case: Case, outcome: Outcome, supports: Supports, note: Note) -> None:
    """By the reference answer and the facts; who abstained has said nothing right."""
    said = "" if outcome.abstained else outcome.text
    reference = case.reference
    if reference is not None:
        note("exact_match", lambda: scores.exact_match(said, reference))
        note("token_f1", lambda: scores.token_f1(said, reference))
    note("forbidden", lambda: scores.forbidden(said, case.forbidden))
    note("claim_recall", lambda: scores.claim_recall(said, case.facts, supports))
    right = [*case.facts, *([reference] if reference is not None and is_claim(reference) else [])]
    note("claim_precision", lambda: scores.claim_precision(outcome.claims, right, supports))


def _note_retrieval(
    case: Case, outcome: Outcome, places: Sequence[Place] | str, found: Scored
) -> None:
    if not case.support:
        return
    ranked = [name for name in METRICS if name in ("recall@10", "mrr", "ndcg@10")]
    spans = [name for name in METRICS if name.startswith("span_")]
    number = len(case.support)
    if outcome.places is None or outcome.cited is None:
        hits = [
            frozenset(at for at, one in enumerate(case.support) if one.quote in text)
            for text in outcome.texts
        ]
    elif isinstance(places, str):
        found.unscored.update(dict.fromkeys(("support_recall", *ranked, *spans), places))
        return
    else:
        hits = hits_of(places, outcome.places)
        cited = hits_of(places, outcome.cited)
        found.scores["support_recall"] = metrics.recall_at(len(cited), cited, number)
        _note_spans(places, _within(outcome), found)
    found.scores.update(ranked_scores(hits, number))


def hits_of(wanted: Sequence[Place], found: Sequence[Place]) -> list[frozenset[int]]:
    """For each place that was found, which of the wanted ones it overlaps."""
    return [
        frozenset(at for at, place in enumerate(wanted) if _overlap(place, one)) for one in found
    ]


def ranked_scores(hits: Sequence[frozenset[int]], number: int) -> dict[str, float]:
    """The scores of passages by rank, of which each has those of `number` spans that are hit."""
    return {
        "recall@10": metrics.recall_at(_DEPTH, hits, number),
        "mrr": metrics.reciprocal_rank(hits[:_DEPTH]),
        "ndcg@10": metrics.ndcg_at(_DEPTH, hits, number),
    }


def _note_spans(wanted: Sequence[Place], got: Sequence[Place], found: Scored) -> None:
    """Scores of spans; each document has characters of its own, so one is laid behind the other."""
    ends: dict[str, int] = {}
    for name, span in (*wanted, *got):
        ends[name] = max(ends.get(name, 0), span.end)
    starts, total = {}, 0
    for name, end in ends.items():
        starts[name] = total
        total += end
    laid = [
        [Span(starts[name] + span.start, starts[name] + span.end) for name, span in side]
        for side in (wanted, got)
    ]
    found.scores[f"span_recall@{BUDGET}"] = metrics.span_recall(*laid)
    found.scores[f"span_precision@{BUDGET}"] = metrics.span_precision(*laid)
    found.scores[f"span_iou@{BUDGET}"] = metrics.span_iou(*laid)


def _within(outcome: Outcome) -> list[Place]:
    """The first passages that have at most the budget of tokens together."""
    kept: list[Place] = []
    used = 0
    for place, tokens in zip(outcome.places or (), outcome.tokens, strict=True):
        used += tokens
        if used > BUDGET:
            break
        kept.append(place)
    return kept


def _overlap(one: Place, other: Place) -> bool:
    same = one[0] == other[0]
    return same and one[1].start < other[1].end and other[1].start < one[1].end


def _abstains(case: Case) -> bool | None:
    """Whether the system should abstain; it should not where there is something right to say."""
    if case.documents:
        return None
    if case.abstain is None and (case.reference or case.facts or case.support):
        return False
    return case.abstain


def _cited(outcome: Outcome) -> tuple[scores.Cited, ...]:
    """The claims with their citations; none where the system cites nothing at all.

    An answer of another system that has no markers was not asked to cite.
    """
    uncited = outcome.usage is None and not outcome.pointers
    return () if uncited else outcome.statements
