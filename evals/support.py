"""Whether texts support a claim, by `rag.verify`: what the scores of answers ask."""

from collections.abc import Sequence
from functools import lru_cache

from evals.scores import Supports
from rag.entailment import ClaimModel
from rag.sources import read_source
from rag.types import Verdict
from rag.verify import Evidence, judge

_KEPT = 4096  # questions of which the answer is kept, since ALCE's scores ask the same ones


def supports_by(model: ClaimModel) -> Supports:
    """A function that says whether texts, read together, support the whole of a claim.

    It raises UnreadableDocument for a text that can not be read, as an empty one.
    """

    @lru_cache(_KEPT)
    def asked(texts: tuple[str, ...], claim: str) -> bool:
        return judge(claim, evidence_in(texts), model=model).verdict is Verdict.SUPPORTED

    def supports(texts: Sequence[str], claim: str) -> bool:
        return asked(tuple(texts), claim)

    return supports


def evidence_in(texts: Sequence[str]) -> list[Evidence]:
    """The sentences of texts, as evidence in their order; raises UnreadableDocument."""
    return [
        one
        for number, text in enumerate(texts, 1)
        for one in read_source(str(number), text, "text/plain")
    ]
