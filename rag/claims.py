"""What documents say, as claims that carry the sentences they rest on from step to step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from corpus.ingest import Embed
from rag.conflicts import differ
from rag.instructions import speaks_to_a_model
from rag.marked import MarkedText, Written
from rag.offer import Guard
from rag.prompts import prompt
from rag.sanitize import for_prompt, visible
from rag.verify import is_claim
from rag.words import stems

SAME_CLAIM = 0.92  # cosine from which two claims say the same, if their figures do
_CONTESTED = 0.75  # cosine from which other figures are for the same thing
_SHARED_WORDS = 0.5  # and the share of the words, figures apart, that both have
_MOST_CONTESTED = 4
_BLOCK = 512  # rows of the claims' likeness that are held at once

Ref = tuple[int, int]  # a document's place in a plan, and which of its sentences


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that documents say, and the sentences that it rests on."""

    text: str
    refs: tuple[Ref, ...]


def map_prompt(
    lines: Sequence[str], most: int, focus: str | None, guard: Guard
) -> list[BaseMessage]:
    """What asks for the claims of sentences, which are numbered from 1; a line may be a heading."""
    return _numbered("map", lines, most, focus, guard)


def reduce_prompt(
    claims: Sequence[Claim], most: int, focus: str | None, guard: Guard
) -> list[BaseMessage]:
    """What asks for fewer claims, which are numbered from 1."""
    lines = [numbered(at, claim.text) for at, claim in enumerate(claims, start=1)]
    return _numbered("reduce", lines, most, focus, guard)


def numbered(number: int, text: str) -> str:
    """A line of a prompt that can be named by its number."""
    return f"{number}|{for_prompt(text)}"


def from_line(title: str) -> str:
    """A line of a prompt that says of what document the following are."""
    return f"|From: {for_prompt(title)}"


def _numbered(
    name: str, lines: Sequence[str], most: int, focus: str | None, guard: Guard
) -> list[BaseMessage]:
    about = "" if focus is None else f" about: {visible(focus)}"
    system = prompt(name).fill(
        boundary=guard.boundary, canary=guard.canary, most=str(most), about=about
    )
    quoted = prompt("quoted").fill(boundary=guard.boundary, lines="\n".join(lines))
    return [SystemMessage(system), HumanMessage(quoted)]


def claims_of(completion: str, known: Mapping[int, Sequence[Ref]]) -> list[Claim]:
    """The claims that a model wrote, one to a line, resting on what the numbers in them stand for.

    One that rests on nothing which was offered is left out, and so is one that speaks to a model.
    """
    marked = MarkedText()
    claims: list[Claim] = []
    for line in _lines([*marked.feed(completion), *marked.end()]):
        text = " ".join(one.text for one in line)
        numbers = dict.fromkeys(number for one in line for number, _ in one.ids)
        refs = dict.fromkeys(ref for number in numbers for ref in known.get(number, ()))
        if refs and is_claim(text) and not speaks_to_a_model(text):
            claims.append(Claim(text, tuple(refs)))
    return claims


def _lines(items: Iterable[object]) -> list[list[Written]]:
    lines: list[list[Written]] = []
    for item in items:
        if isinstance(item, Written):
            if not lines or "\n" in item.lead:
                lines.append([])
            lines[-1].append(item)
    return lines


def without_repeats(claims: Sequence[Claim], embed: Embed) -> list[Claim]:
    """Claims that say the same made one, the longest of them, with the sentences of all."""
    if len(claims) < 2:
        return list(claims)
    vectors = embed([claim.text for claim in claims])
    same = np.arange(len(claims))
    for start in range(0, len(claims), _BLOCK):
        likeness = vectors[start : start + _BLOCK] @ vectors.T
        for row, column in np.argwhere(likeness >= SAME_CLAIM):
            at = start + int(row)
            other = int(same[int(column)])
            if other < at and same[at] == at and not differ(claims[at].text, claims[other].text):
                same[at] = other
    together: dict[int, list[Claim]] = {}
    for at, claim in enumerate(claims):
        together.setdefault(int(same[at]), []).append(claim)
    return [_one_of(group) for group in together.values()]


def _one_of(group: Sequence[Claim]) -> Claim:
    longest = max(group, key=lambda claim: len(claim.text))
    return Claim(longest.text, tuple(dict.fromkeys(ref for one in group for ref in one.refs)))


def contested(claims: Sequence[Claim], embed: Embed) -> list[tuple[int, int]]:
    """Pairs of claims of different documents that give different figures for the same thing.

    The likest first, and only a few.
    """
    if len(claims) < 2:
        return []
    vectors = embed([claim.text for claim in claims])
    words = [frozenset(_words(claim.text)) for claim in claims]
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(claims), _BLOCK):
        likeness = vectors[start : start + _BLOCK] @ vectors.T
        for row, column in np.argwhere(likeness >= _CONTESTED):
            at, other = start + int(row), int(column)
            if at < other and _contradict(claims[at], claims[other], words[at], words[other]):
                found.append((float(likeness[row, column]), at, other))
    found.sort(key=lambda one: (-one[0], one[1:]))
    return [(at, other) for _, at, other in found[:_MOST_CONTESTED]]


def _contradict(one: Claim, other: Claim, words: frozenset[str], others: frozenset[str]) -> bool:
    places = {place for place, _ in one.refs}, {place for place, _ in other.refs}
    if places[0] & places[1] or not differ(one.text, other.text):
        return False
    return len(words & others) >= _SHARED_WORDS * len(words | others)


def _words(text: str) -> list[str]:
    return [stem for stem in stems(text) if not any(letter.isdigit() for letter in stem)]
