"""What an answer is measured by. Pure functions, each of one case; None where there is no figure.

`Supports` is how a score asks whether texts, read together, support a claim: by `rag.verify` in
`evals.support`, by a judge, or by anything else.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.types import Verdict

Supports = Callable[[Sequence[str], str], bool]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalized(text: str) -> str:
    """Lower case, without punctuation, articles and superfluous space, as SQuAD's evaluation.

    Rajpurkar et al., SQuAD, 2016.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, reference: str) -> float:
    """1 where both are the same once normalized, else 0."""
    return float(normalized(answer) == normalized(reference))


def token_f1(answer: str, reference: str) -> float:
    """Harmonic mean of precision and recall of the normalized words, as SQuAD's evaluation."""
    said, wanted = normalized(answer).split(), normalized(reference).split()
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


def claim_recall(answer: str, facts: Sequence[str], supports: Supports) -> float | None:
    """Share of the reference facts that the answer states; 0 for an empty one."""
    if not facts:
        return None
    return sum(bool(answer.strip()) and supports([answer], fact) for fact in facts) / len(facts)


def claim_precision(
    claims: Sequence[str], references: Sequence[str], supports: Supports
) -> float | None:
    """Share of the answer's claims that the references, facts or a reference answer, support.

    A claim that is right but in no reference counts as wrong: complete references are needed.
    """
    if not claims or not references:
        return None
    return sum(supports(references, claim) for claim in claims) / len(claims)


def forbidden(answer: str, words: Sequence[str]) -> float | None:
    """Share of what no answer may have, figures or phrases, that the answer has.

    In any case of letters, but not as a part of a longer word or number.
    """
    if not words:
        return None
    said = " ".join(answer.split())
    return sum(_as_words(one).search(said) is not None for one in words) / len(words)


def _as_words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?<!\d[.,]){re.escape(text)}(?!\w)", re.IGNORECASE)


def right_abstention(*, abstained: bool, expected: bool) -> float:
    """1 where the system abstained just when it should, else 0."""
    return float(abstained == expected)


@dataclass(frozen=True, slots=True)
class Cited:
    """A claim, and the text that each of its citations points at; "" where it points at nothing."""

    claim: str
    quotes: tuple[str, ...]


def citation_recall(statements: Sequence[Cited], supports: Supports) -> float | None:
    """Share of the claims that their citations, read together, support.

    Gao et al., Enabling Large Language Models to Generate Text with Citations (ALCE), 2023.
    """
    if not statements:
        return None
    return sum(_holds(one.quotes, one.claim, supports) for one in statements) / len(statements)


def citation_precision(statements: Sequence[Cited], supports: Supports) -> float | None:
    """Share of the citations that belong where they stand, as in ALCE.

    One does where all citations of its claim support the claim, and it supports the claim alone,
    or the others do not without it.
    """
    cited = [one for one in statements if one.quotes]
    if not cited:
        return None
    right = 0
    for one in cited:
        if _holds(one.quotes, one.claim, supports):
            right += sum(
                _holds([quote], one.claim, supports)
                or not _holds(_without(one.quotes, at), one.claim, supports)
                for at, quote in enumerate(one.quotes)
            )
    return right / sum(len(one.quotes) for one in cited)


def over_citation(statements: Sequence[Cited], supports: Supports) -> float | None:
    """Share of the citations of supported claims that the claim stands without.

    They are taken away one after the other, the last first, as long as the rest supports the claim.
    """
    total = spare = 0
    for one in statements:
        if not _holds(one.quotes, one.claim, supports):
            continue
        left = list(one.quotes)
        for at in reversed(range(len(left))):
            if len(left) > 1 and _holds(_without(left, at), one.claim, supports):
                left = _without(left, at)
        total += len(one.quotes)
        spare += len(one.quotes) - len(left)
    return spare / total if total else None


@dataclass(frozen=True, slots=True)
class Pointed:
    """A citation's quote, and the text at which it points, None where there is no such place."""

    quote: str
    text: str | None


def pointer_validity(pointers: Sequence[Pointed]) -> float | None:
    """Share of the citations that point at a place which exists."""
    return _share([one.text is not None for one in pointers])


def quote_exactness(pointers: Sequence[Pointed]) -> float | None:
    """Share of the citations whose quote is, character by character, what stands there."""
    return _share([one.quote == one.text for one in pointers])


def supported_share(verdicts: Sequence[Verdict]) -> float | None:
    """Share of the claims that their sources support in full."""
    claims = [one for one in verdicts if one is not Verdict.NOT_A_CLAIM]
    return _share([one is Verdict.SUPPORTED for one in claims])


def contradicted_share(verdicts: Sequence[Verdict]) -> float | None:
    """Share of the claims that their sources contradict."""
    claims = [one for one in verdicts if one is not Verdict.NOT_A_CLAIM]
    return _share([one is Verdict.CONTRADICTED for one in claims])


def redundancy(claims: Sequence[str], supports: Supports) -> float | None:
    """Share of the claims that the others support, and so need not be said."""
    if not claims:
        return None
    return sum(
        _holds(_without(claims, at), claim, supports) for at, claim in enumerate(claims)
    ) / len(claims)


def compression(written: int, read: int) -> float | None:
    """What was written by what was read, in the same unit."""
    return written / read if read else None


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, to a model and from it, in any one currency."""

    prompt: float
    completion: float


def cost(prompt_tokens: int, completion_tokens: int, prices: Prices) -> float:
    """What tokens cost, in the prices' currency."""
    return (prompt_tokens * prices.prompt + completion_tokens * prices.completion) / 1_000_000


def _holds(quotes: Sequence[str], claim: str, supports: Supports) -> bool:
    """Whether there is any text, and it supports the claim."""
    texts = [one for one in quotes if one.strip()]
    return bool(texts) and supports(texts, claim)


def _without(quotes: Sequence[str], at: int) -> list[str]:
    return [one for index, one in enumerate(quotes) if index != at]


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
