"""What a claim and its evidence share, as marks that the claim model reads beside the words.

The model was trained with these marks, so they are as its card and the code beside it define them:
its own stems, numbers and names, and not those of `rag.words` or `rag.quantities`.
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache


class Mark(IntEnum):
    """The kind of a character; the numbers are the model's token types."""

    EVIDENCE = 0
    CLAIM = 1
    ABSENT_WORD = 2  # of the claim, and not in the evidence
    ABSENT_NUMBER = 3
    ABSENT_NAME = 4
    SHARED_WORD = 5  # of the evidence, and in the claim
    SHARED_NUMBER = 6  # of the claim, and in the evidence


_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"\b[a-zA-Z]+\b")
_NUMBER = re.compile(
    r"(?<![\w.])[$£€]?\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(st|nd|rd|th|s|k|m|bn|b|mn|%)?(?![\d])(?:\s?(thousand|million|billion|trillion|bn|mn|tn))?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_DECADE = re.compile(r"\b(?:1[0-9]|20)\d\d(?=s\b)")
_NAME = re.compile(r"(?<![\w'’])[A-Z][\w’'&.-]*[\w]|(?<![\w'’])[A-Z](?![\w])")
_CAPITAL_OR_DIGIT = re.compile(r"[A-Z0-9]")
_SENTENCE_START = re.compile(r"[.!?:;][\"”’)]*\s+[\"“‘(]*|\n+[\"“‘(]*|^[\"“‘(\s]+")

_STOP = frozenset(
    """a an the of in on at to for from by with and or but nor so as is are was were be been being
    am do does did has have had having will would shall should can could may might must it its it's
    this that these those he she they them his her their him i you we us our your my me who whom
    whose which what when where why how there here than then also not no n't into onto over under
    about after before during between through up down out off such per if while because since until
    although though very more most other some any all each both own same just only too s t re ve ll
    d""".split()
)
_NO_NAMES = frozenset(  # capitalized at the start of a sentence only
    """the a an in on at it he she they we you i this that these those there here when while after
    before as for from by with but and or if however although though since during according his her
    their its our my your one two three four some many most all both each other another such no not
    yes also then thus therefore meanwhile moreover furthermore additionally finally first second
    last new what who how why where which is are was were do does did has have had can could may
    might will would must should overall based let more""".split()
)
_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty""".split()
_TENS = "thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_COUNTED = {word: float(at) for at, word in enumerate(_ONES)} | {
    word: 30.0 + 10 * at for at, word in enumerate(_TENS)
}
_CARDINALS = frozenset(_COUNTED) - {"zero", "one"}
_NUMBER_WORDS = (
    _COUNTED
    | {word: float(at) for at, word in enumerate(_ORDINALS, start=1)}
    | {"hundred": 100.0, "thousand": 1000.0, "dozen": 12.0, "once": 1.0, "twice": 2.0}
    | {"half": 0.5, "single": 1.0, "pair": 2.0, "couple": 2.0}
)
_MONTHS = """january february march april may june july august september october november
    december""".split()
_MONTH_NUMBERS = (
    {word: float(at) for at, word in enumerate(_MONTHS, start=1)}
    | {word[:3]: float(at) for at, word in enumerate(_MONTHS, start=1)}
    | {"sept": 9.0}
)
_SCALES = {"thousand": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9} | {
    "trillion": 1e12,
    "tn": 1e12,
}
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}
_SUFFIXES = "ingly edly ations ation ings ing ies ied ers ed es er ly s".split()
_LONGEST_INTEGER = 15  # digits; longer ones are no quantities

Spelled = tuple[float, float, int, int]  # value, value without "million", start, end


def marks(claim: str, evidence: str) -> tuple[bytes, bytes]:
    """The mark of every character of a claim, and of its evidence."""
    own = bytearray([Mark.CLAIM]) * len(claim)
    other = bytearray([Mark.EVIDENCE]) * len(evidence)
    there = {word.lower() for word in _WORD.findall(evidence)}
    roots = {stem(word) for word in there}
    said: set[str] = set()
    for found in _WORD.finditer(claim):
        word = found.group().lower()
        if word not in _STOP:
            said.add(stem(word))
            if word not in there and stem(word) not in roots:
                _paint(own, *found.span(), Mark.ABSENT_WORD)
    known = _values(evidence)
    for value, written, start, end in _numbers(claim):
        shared = round(value, 6) in known or round(written, 6) in known
        _paint(own, start, end, Mark.SHARED_NUMBER if shared else Mark.ABSENT_NUMBER)
    for start, end in _names(claim):
        parts = [part.lower() for part in _WORD.findall(claim[start:end]) if len(part) > 1]
        if not all(part in there or stem(part) in roots for part in parts):
            _paint(own, start, end, Mark.ABSENT_NAME)
    for found in _WORD.finditer(evidence):
        word = found.group().lower()
        if word not in _STOP and stem(word) in said:
            _paint(other, *found.span(), Mark.SHARED_WORD)
    return bytes(own), bytes(other)


def _paint(painted: bytearray, start: int, end: int, mark: Mark) -> None:
    painted[start:end] = bytes([mark]) * (end - start)


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """The root of a lower-case word, by cutting endings."""
    word = word.removesuffix("'s")
    if len(word) <= 4:
        return word
    ending = next(
        (one for one in _SUFFIXES if word.endswith(one) and len(word) - len(one) >= 3), ""
    )
    word = word.removesuffix(ending)
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "ey" else word


def _numbers(text: str) -> Iterator[Spelled]:
    """Numbers in digits, then cardinals in words."""
    for found in _NUMBER.finditer(text):
        written = float(found[1].replace(",", ""))
        suffix, word = (found[2] or "").lower(), (found[3] or "").lower()
        scale = _SCALES.get(word) or _SHORT_SCALES.get(suffix, 1.0)
        yield written * scale, written, *found.span()
    for found in _LETTERS.finditer(text):
        word = found.group().lower()
        if word in _CARDINALS:
            yield _COUNTED[word], _COUNTED[word], *found.span()


def _values(text: str) -> set[float]:
    """All that a number of a claim may agree with."""
    values = {round(one, 6) for value, written, *_ in _numbers(text) for one in (value, written)}
    for word in set(_LETTERS.findall(text.lower())):
        if word in _NUMBER_WORDS or word in _MONTH_NUMBERS:
            values.add(_NUMBER_WORDS.get(word, _MONTH_NUMBERS.get(word, 0.0)))
    values.update(float(run) for run in _DIGITS.findall(text) if len(run) <= _LONGEST_INTEGER)
    values.update(map(float, _DECADE.findall(text)))
    return values


def _names(text: str) -> Iterator[tuple[int, int]]:
    starts = {0} | {found.end() for found in _SENTENCE_START.finditer(text)}
    for found in _NAME.finditer(text):
        word, after = found.group(), text[found.end() : found.end() + 2]
        if word.lower() in _NO_NAMES or len(word) < 2:
            continue
        goes_on = len(after) == 2 and after[0] == " " and after[1].isupper()
        if found.start() in starts and not goes_on and not _CAPITAL_OR_DIGIT.search(word[1:]):
            continue
        yield found.span()
