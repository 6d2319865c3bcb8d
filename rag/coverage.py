"""What a summary made of each document, and what it had to leave out."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from rag.material import Aside
from rag.plan import Plan
from rag.types import EXTRACTIVE, SLACK, Coverage, Summary, SummaryStatus

_UNREAD = (Aside.BUDGET, Aside.WITHHELD, Aside.CHANGED)

WHY = {
    "no_evidence": "The documents have no sentence that may be quoted.",
    "weak_evidence": "The documents do not say what was asked for, or do not support what was "
    "written.",
    "conflicting_evidence": "The documents contradict each other.",
    "content_filter": "The model's provider, or a check of ours, cut the text off.",
    "length": "The model reached its limit of tokens. Raise PINCITE_LLM_MAX_TOKENS.",
    "interrupted": "The model's provider broke off.",
}
_WHY_LEFT = {
    Aside.BUDGET: "The budget of tokens left {0:,} sentences of {1:,} documents unread.",
    Aside.WITHHELD: "A filter kept {0:,} sentences of {1:,} documents from being read.",
    Aside.CHANGED: "{1:,} documents were changed or deleted meanwhile, and not read.",
}
_SHORT, _LONG = "short", "long"
_WHY_MISSED = {
    _SHORT: "the documents have no more sentences that may be quoted and fit",
    _LONG: "the documents have no shorter sentences that may be quoted",
}
_NOT_MERGED = "The budget of tokens was spent before all that was noted had been merged."


def covered(
    plan: Plan,
    aside: Mapping[int, Mapping[str, int]],
    gone: Collection[int],
    cited: Mapping[int, int],
) -> tuple[Coverage, ...]:
    """What became of each document of a plan, all by their places in it.

    `aside` is what was set aside beside what the plan does, `gone` are documents that changed
    meanwhile, and `cited` the numbers of cited sentences.
    """
    coverage = []
    for place, reading in enumerate(plan.readings):
        reasons = Counter(reading.aside) + Counter(aside.get(place, {}))
        if place in gone:
            reasons[Aside.CHANGED.value] = reading.sentences
        unread = sum(reasons[one.value] for one in _UNREAD)
        coverage.append(
            Coverage(
                document_id=reading.document_id,
                title=reading.title,
                read=max(0, reading.sentences - unread),
                cited=cited.get(place, 0),
                set_aside=dict(+reasons),
                version=reading.version,
                sentences=reading.sentences,
            )
        )
    return tuple(coverage)


def marked(
    summary: Summary, asked: int, reason: str | None = None, *, unmerged: bool = False
) -> Summary:
    """The summary, marked as none or as partial where it is, and with the reason.

    `asked` are the words that it was to have, and one that misses them says so. `reason` is why the
    writing ended early, and `unmerged` whether notes were left out.
    """
    if not summary.sentences:
        why = reason or "weak_evidence"
        return replace(summary, status=SummaryStatus.ABSTAINED, reason=why, detail=WHY[why])
    reasons = {} if reason is None else {reason: WHY[reason]}
    for aside, said in _WHY_LEFT.items():
        left = [one.set_aside.get(aside.value, 0) for one in summary.coverage]
        if any(left):
            reasons[aside.value] = said.format(sum(left), sum(map(bool, left)))
    if unmerged:
        reasons.setdefault(Aside.BUDGET.value, _NOT_MERGED)
    status = SummaryStatus.PARTIAL if reasons else SummaryStatus.COMPLETE
    reasons |= _missed(summary, asked)
    if not reasons:
        return summary
    return replace(
        summary,
        status=status,
        reason=next(iter(reasons)),
        detail=" ".join(reasons.values()),
    )


def _missed(summary: Summary, asked: int) -> dict[str, str]:
    """That the length was missed, and why, where it was."""
    words = sum(len(one.text.split()) for one in summary.sentences)
    if abs(words - asked) <= SLACK * asked:
        return {}
    missed = _SHORT if words < asked else _LONG
    said = f"It has {words:,} words of the {asked:,} that were asked for"
    if summary.model == EXTRACTIVE:
        said += f": {_WHY_MISSED[missed]}"
    return {missed: f"{said}."}
