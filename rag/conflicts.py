"""Sources that give different figures for the same thing."""

import re
from collections.abc import Callable, Collection, Sequence

from corpus.ingest import Embed
from rag.types import Citation, Conflict, Sentence
from rag.verify import Evidence

SAME = 0.62  # cosine from which two sentences say the same thing
CONTRARY = 0.6  # share of the best sentence's probability to answer that what contradicts it has
_MOST = 2  # sentences that are added for what they contradict
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_LOOSE = re.compile(r"(19|20)\d\d|\d")  # years and single digits, which agree by chance


def figures(text: str) -> frozenset[str]:
    """The numbers in a text that are no years and no single digits."""
    return frozenset(number for number in _NUMBER.findall(text) if not _LOOSE.fullmatch(number))


def differ(one: str, other: str) -> bool:
    """Whether both texts have figures, and none in common."""
    both = figures(one), figures(other)
    return all(both) and both[0].isdisjoint(both[1])


def conflicts_in(
    sentences: Sequence[Sentence], citations: Sequence[Citation], embed: Embed
) -> tuple[Conflict, ...]:
    """Pairs of sentences from different documents that say the same of different figures."""
    cited = [one for one in sentences if one.citations and figures(one.text)]
    if len(cited) < 2:
        return ()
    vectors = embed([sentence.text for sentence in cited])
    by_marker = {citation.marker: citation for citation in citations}
    conflicts: dict[tuple[int, int], Conflict] = {}
    for at, one in enumerate(cited):
        for later, other in enumerate(cited[at + 1 :], start=at + 1):
            first, second = by_marker[one.citations[0]], by_marker[other.citations[0]]
            if (
                first.document_id != second.document_id
                and float(vectors[at] @ vectors[later]) >= SAME
                and differ(one.text, other.text)
            ):
                pair = first.marker, second.marker
                detail = f"{first.title!r} and {second.title!r} give different figures."
                conflicts.setdefault(pair, Conflict(pair, detail))
    return tuple(conflicts.values())


def contrary_to(
    evidence: Sequence[Evidence],
    said: Collection[int],
    chances: Callable[[], Sequence[float]],
    embed: Embed,
) -> list[int]:
    """Where in the evidence other documents contradict what is said, most probable first.

    `said` are indexes of the evidence too. `chances` gives the probability that each of it answers
    what was asked, and is called only where figures differ: what answers nearly as well counts. At
    most two for all that is said.
    """
    rivals = {
        at: [old for old in said if _other_figures(evidence[at], evidence[old])]
        for at in range(len(evidence))
        if at not in said
    }
    rivals = {at: olds for at, olds in rivals.items() if olds}
    if not rivals:
        return []
    sure = chances()
    least = CONTRARY * max(sure, default=0.0)
    near = [at for at in rivals if sure[at] >= least]
    vectors = dict(
        zip((*near, *said), embed([evidence[at].text for at in (*near, *said)]), strict=True)
    )
    found = [
        at for at in near if any(float(vectors[at] @ vectors[old]) >= SAME for old in rivals[at])
    ]
    return sorted(found, key=lambda at: -sure[at])[:_MOST]


def _other_figures(one: Evidence, other: Evidence) -> bool:
    return one.document.id != other.document.id and differ(one.text, other.text)
