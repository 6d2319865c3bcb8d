"""Deterministic checks of a claim against evidence: figures, names, negations, words, quotations.

A finding says what of the claim the evidence lacks, or has otherwise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.quantities import Date, Quantity, among
from rag.terms import Terms, terms
from rag.units import same_unit
from rag.wording import ABSOLUTE, OPPOSITES, PARTIAL

_QUOTED = re.compile(r"[\"“]([^\"“”]{8,})[\"”]")
_SAME_STATEMENT = 0.7  # share of the words that a sentence of the evidence has of the claim
_AS_NEAR = 0.5  # share of the nearest sentence's words that makes another as good
_WINDOW = 3  # sentences that may carry a claim together, and more of them
_WINDOW_WORDS = 60  # up to so many different words: the lines of a dialogue are short
_PART = re.compile(r"[^\W_]+")
_NAME_ROOT = 4  # letters that a name and what is derived from it share
_COUNTED = 12  # the most things that a text lists and another gives the number of
_THAN = "than"  # what is compared with may stand on either side
_INITIALS = re.compile(r"[A-Z]{2,6}s?")


class Aspect(StrEnum):
    """What of a claim was checked."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    NEGATION = "negation"
    QUANTIFIER = "quantifier"
    OPPOSITE = "opposite"
    QUOTATION = "quotation"


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a claim.

    `contradicted` when the evidence says the same with something else in its place, else what the
    claim says is only missing. `reason` is a clause in words.
    """

    aspect: Aspect
    contradicted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """The findings, and how much of the claim's words the evidence has.

    `covered` is the share of its content words that are there at all, `together` the most that
    neighbouring sentences have; `nearest` is the index of the sentence with most of them, None when
    none has any. `absent` are the words that are nowhere.
    """

    findings: tuple[Finding, ...]
    covered: float
    together: float
    alone: float
    nearest: int | None
    absent: tuple[str, ...]


def check(claim: str, evidence: Sequence[str]) -> Check:
    """Check a claim against the sentences of the evidence, in the order of their texts."""
    said = terms(claim)
    texts = [terms(text) for text in evidence]
    shared = [frozenset(stem for stem in said.stems if text.has(stem)) for text in texts]
    total = max(len(said.stems), 1)
    there = frozenset[str]().union(*shared)
    together = max((len(words) for words in _neighbours(shared, texts)), default=0)
    nearest = max(range(len(shared)), key=lambda at: len(shared[at]), default=None)
    if nearest is not None and not shared[nearest]:
        nearest = None
    best = None if nearest is None else texts[nearest]
    alone = 0.0 if nearest is None else len(shared[nearest]) / total
    same = alone >= _SAME_STATEMENT
    near = [
        text
        for text, words in zip(texts, shared, strict=True)
        if len(words) >= _AS_NEAR * alone * total
    ]
    findings = [
        *_numbers(said, texts, best, same=same),
        *_dates(said, texts, best, same=same),
        *_missing_names(said, texts, evidence),
        *_quotations(claim, evidence),
        *(() if best is None else _turned(said, best, near, same=same)),
    ]
    return Check(
        tuple(findings),
        len(there) / total,
        together / total,
        alone,
        nearest,
        tuple(word for stem, word in said.stems.items() if stem not in there),
    )


def _neighbours(
    shared: Sequence[frozenset[str]], texts: Sequence[Terms]
) -> Iterator[frozenset[str]]:
    """What each sentence and those read together with it share with the claim."""
    for start in range(len(texts)):
        stop, size = start, 0
        while stop < len(texts) and (stop < start + _WINDOW or size < _WINDOW_WORDS):
            size += len(texts[stop].words)
            stop += 1
        yield frozenset[str]().union(*shared[start:stop])


def _numbers(
    said: Terms, texts: Sequence[Terms], best: Terms | None, *, same: bool
) -> Iterator[Finding]:
    there = [quantity for text in texts for quantity in text.figures.quantities]
    dates = [date for text in texts for date in text.figures.dates]
    for quantity in said.figures.quantities:
        if among(quantity, there, dates):
            continue
        other = _in_its_place(quantity, said, best)
        if _may_be_counted(quantity) and other is None:
            continue
        reason = f"{quantity.written} is not in the evidence"
        if other is not None:
            reason += f"; it has {other.written}"
        yield Finding(Aspect.NUMBER, same and other is not None, reason)


def _may_be_counted(quantity: Quantity) -> bool:
    """Whether it may be a pronoun, or what a reader counts: "three of its services"."""
    return quantity.unit is None and (
        quantity.value in {0.0, 1.0} or (quantity.spelled and quantity.value <= _COUNTED)
    )


def _in_its_place(quantity: Quantity, said: Terms, best: Terms | None) -> Quantity | None:
    """The number of the nearest sentence that is of the same kind and not in the claim."""
    if best is None:
        return None
    for other in best.figures.quantities:
        alike = (
            same_unit(quantity.unit, other.unit)
            and (quantity.unit is None) == (other.unit is None)
            and (quantity.unit is not None or quantity.counts == other.counts)
        )
        if alike and not among(other, said.figures.quantities):
            return other
    return None


def _dates(
    said: Terms, texts: Sequence[Terms], best: Terms | None, *, same: bool
) -> Iterator[Finding]:
    there = [date for text in texts for date in text.figures.dates]
    years = {quantity.value for text in texts for quantity in text.figures.quantities}
    for date in said.figures.dates:
        if any(date.agrees(other) for other in there) or _in_parts(date, there, years):
            continue
        other = next(
            (other for other in (best.figures.dates if best else ()) if not other.agrees(date)),
            None,
        )
        reason = f"{date.written} is not in the evidence"
        if other is not None:
            reason += f"; it has {other.written}"
        yield Finding(Aspect.DATE, same and other is not None, reason)


def _in_parts(date: Date, there: Sequence[Date], years: set[float]) -> bool:
    """Whether the day and month are there, and the year elsewhere."""
    day = Date(None, date.month, date.day, date.written)
    known = years | {float(other.year) for other in there if other.year is not None}
    return (date.year is None or float(date.year) in known) and any(
        day.agrees(other) for other in there
    )


def _missing_names(
    said: Terms, texts: Sequence[Terms], evidence: Sequence[str]
) -> Iterator[Finding]:
    for name in said.names:
        parts = [part for part in _PART.findall(name.lower()) if len(part) > 1]
        if not all(_is_named(part, texts) for part in parts) and not _is_short(
            name, said.names, evidence
        ):
            reason = f"{name} is not in the evidence"
            yield Finding(Aspect.NAME, contradicted=False, reason=reason)


def _is_named(part: str, texts: Sequence[Terms]) -> bool:
    """Whether a word of a name is there, or a relative: Norwegian, Norway."""
    root = part[:_NAME_ROOT]
    return any(text.has(part) for text in texts) or (
        len(part) > _NAME_ROOT
        and any(
            word.startswith(root) and len(word) > _NAME_ROOT
            for text in texts
            for word in text.words
        )
    )


def _is_short(name: str, names: Sequence[str], evidence: Sequence[str]) -> bool:
    """Whether the evidence has it shorter or longer: WHO, World Health Organization."""
    if _INITIALS.fullmatch(name):
        form = r"\b" + r"\w*[ -](?:(?:of|the|and|for)[ -])?".join(name.rstrip("s"))
    else:
        at = names.index(name)
        runs = (names[start : start + 2] for start in (at - 1, at) if start >= 0)
        initials = [[word[0] for word in run] for run in runs if len(run) == 2]
        form = "|".join(rf"\b{one}\.?{two}\b" for one, two in initials) or r"(?!)"
    return any(re.search(form, text) for text in evidence)


def _quotations(claim: str, evidence: Sequence[str]) -> Iterator[Finding]:
    whole = _plain(" ".join(evidence))
    for quoted in _QUOTED.findall(claim):
        if len(quoted.split()) > 2 and _plain(quoted) not in whole:
            yield Finding(
                Aspect.QUOTATION,
                contradicted=False,
                reason=f"the evidence does not have the words “{quoted}”",
            )


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _turned(said: Terms, best: Terms, near: Sequence[Terms], *, same: bool) -> Iterator[Finding]:
    """What turns the meaning of the nearest sentence, and no other near one has as the claim."""
    yield from _negations(said, best, near, same=same)
    words = frozenset[str]().union(*(text.words for text in near))
    compared = _THAN in said.words | best.words
    for sides in () if compared or said.negative or best.negative else OPPOSITES:
        for own, other in (sides, sides[::-1]):
            mine, theirs = own & said.words, other & best.words
            if mine and theirs and not own & words and not other & said.words:
                reason = f"the evidence says “{min(theirs)}”, not “{min(mine)}”"
                yield Finding(Aspect.OPPOSITE, same, reason)
    strong = {of: word for word, of in said.quantified if word in ABSOLUTE}
    weak = {of: word for word, of in best.quantified if word in PARTIAL}
    for of in sorted(strong.keys() & weak.keys()):
        reason = f"the evidence says “{weak[of]}”, not “{strong[of]}”"
        yield Finding(Aspect.QUANTIFIER, same, reason)


def _negations(said: Terms, best: Terms, near: Sequence[Terms], *, same: bool) -> Iterator[Finding]:
    """What one of both denies and the other says, when only one of both is negative at all."""
    for stem in said.said if said.negative != best.negative else ():
        denies = stem in said.denied
        if stem not in best.said or denies == (stem in best.denied):
            continue
        if not any(stem in text.said and denies == (stem in text.denied) for text in near):
            who = "the claim denies" if denies else "the evidence denies"
            reason = f"{who} “{said.said[stem]}”, which the other does not"
            yield Finding(Aspect.NEGATION, same, reason)
            return
    if said.denied and not any(text.negative for text in near):
        word = said.said[min(said.denied)]
        reason = f"the evidence does not deny “{word}”"
        yield Finding(Aspect.NEGATION, contradicted=False, reason=reason)
