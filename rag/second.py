"""A second opinion on a claim, by a model, where the checks are in doubt."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from rag.asking import judge_prompt
from rag.calls import Calls
from rag.offer import Offer
from rag.types import Verdict
from rag.verify import Judgement

# What each verdict of a model is taken for, as a probability that the claim is supported.
_SCORES = {
    Verdict.SUPPORTED: 0.9,
    Verdict.PARTIAL: 0.4,
    Verdict.UNSUPPORTED: 0.1,
    Verdict.CONTRADICTED: 0.05,
}
_WORD = re.compile(r"\b(supported|partial|contradicted|unsupported)\b", re.IGNORECASE)

_log = logging.getLogger("pincite.judge")


async def second_opinion(
    calls: Calls, claim: str, offer: Offer, cited: Sequence[int], first: Judgement
) -> Judgement:
    """The judgement of the model; the first one stands when it gives none, and that is logged.

    It sees what the claim is said to rest on and what was found to support it, or all that was
    offered where that is nothing. Raises ProviderError.
    """
    shown = dict.fromkeys((*cited, *first.support)) or range(len(offer.evidence))
    sources = [offer.evidence[at].text for at in shown]
    said = await calls.complete(judge_prompt(claim, sources, calls.writer.guard))
    found = _WORD.search(said)
    if found is None:
        _log.warning("The model gave no verdict on a claim, but: %.80r", said)
        return first
    verdict = Verdict(found[1].lower())
    return replace(first, verdict=verdict, score=_SCORES[verdict], doubtful=False)
