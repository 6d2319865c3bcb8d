"""Numbers with their units, and dates, as English writes them: read from text, and compared."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from babel.dates import get_month_names
from text_to_num import alpha2digit

from rag.units import same_unit, unit_names

_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12} | {
    "thousands": 1e3,
    "millions": 1e6,
    "billions": 1e9,
    "trillions": 1e12,
    "mn": 1e6,
    "mil": 1e6,
    "mln": 1e6,
    "bn": 1e9,
    "bln": 1e9,
    "tn": 1e12,
    "trn": 1e12,
}
_LETTER_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}  # of money, or with nothing between
_MONTHS = {
    name.lower().rstrip("."): month
    for width in ("wide", "abbreviated")
    for month, name in get_month_names(width, locale="en").items()
} | {"sept": 9}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>1\d{3}|20\d{2})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d-])(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>[12]\d|3[01]|0[1-9])(?!\d)",
        rf"\b{_MONTH} {_DAY}(?!\d)(?:,? {_YEAR}\b)?(?!\.?\d)",
        rf"(?<![\d.,]){_DAY}(?: of)? {_MONTH}(?:,? {_YEAR}\b)?",
        rf"\b{_MONTH}(?: of|,)? {_YEAR}\b",
    )
)
_SCALE_WORD = re.compile(
    r"(\S{0,20})(\s{1,3})(?=(?:thousand|million|billion|trillion)s?\b)", re.IGNORECASE
)
_KEEP = "\u02bc"  # a letter: before a word keeps text2num from taking it for a number
_NUMBER = re.compile(
    r"(?P<before>(?:(?:US|A|C|CA|NZ|HK|R|S)?\$|[€£¥₹₩₪₱]|\b[A-Z]{3}(?= ?\d)) ?)?"
    r"(?<![\w.])(?P<digits>\d{1,3}(?:[,\u2009\u202f]\d{3}){1,6}(?:\.\d{1,20})?"
    r"|\d{1,20}(?:\.\d{1,20})?|\.\d{1,20})(?!\d)"
    r"(?P<ordinal>st\b|nd\b|rd\b|th\b)?"
    r"(?P<decade>'?s\b)?"
)
_AFTER = re.compile(r"([ \u00a0\u2009\u202f-]?)([%€£¥°$]|°[CF]\b|[A-Za-z²³/µμ]+\.?)")
_LABEL = re.compile(
    r"(?:^|; |\n|(?<=: ))(?P<label>[^:;\n]{1,80}): (?P<cell>[^;\n]{1,40})(?=;|\n|$)"
)
_CAPTION = re.compile(r"[^\n;]{0,200}\(([^()\n]{1,40})\)\s?:\s+(?=[^:;\n]{1,80}: )")  # over a row
_IDIOMS = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"\b(?:a|one) dozen\b", "12"),
        (r"\bdozen\b(?! of)", "12"),
        (r"\bhalf an? (?=million|billion|trillion|dozen)", "0.5 "),
        (r"\bhalf an? (?=hour|day|year|mile|century)", "0.5 "),
        (r"\b(?:a|one) quarter of\b", "25% of"),
        (r"\bthree quarters of\b|\bthree-quarters of\b", "75% of"),
        (r"\bhalf of\b", "50% of"),
        (r"\ban? (?=(?:hundred|thousand|million|billion|trillion)\b)", "one "),
        (r"\btwice\b", "2 times"),
        (r"\bthrice\b", "3 times"),
    )
)
_LOOSELY = re.compile(
    r"(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|over|under|more than"
    r"|less than|up to|close to|circa|ca\.|~|an estimated|just) *$",
    re.IGNORECASE,
)
_TIMES = frozenset({"year", "month", "week", "day", "hour", "quarter"})  # labels of points in time
_SPELLED = 3  # text2num leaves lone words under it: "one" is a pronoun and "second" a noun
_UNIT_WORDS = 4  # the longest name of a unit, "miles per gallon"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, scaled, with its unit. `written` is as it stands in the text, numbers in digits.

    `counts` is the word after a number without a unit. `loose` says that the text rounds it.
    """

    value: float
    unit: str | None
    written: str
    counts: str | None = None
    loose: bool = False
    digits: int = 0  # significant ones
    spelled: bool = False  # in words


@dataclass(frozen=True, slots=True)
class Date:
    """A date, or what is given of one."""

    year: int | None
    month: int | None
    day: int | None
    written: str

    def agrees(self, other: "Date") -> bool:
        """Whether all that this one gives is given by the other, too."""
        return all(
            own is None or own == theirs
            for own, theirs in (
                (self.year, other.year),
                (self.month, other.month),
                (self.day, other.day),
            )
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """All quantities and dates of a text."""

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]


@lru_cache(maxsize=8192)
def figures(text: str) -> Figures:
    """The quantities and dates of a text; a year alone is a quantity without a unit.

    A table cell takes scale and unit from its label: "Budget (USD billion): 61.5".
    """
    plain = in_digits(text)
    if not any(map(str.isdigit, plain)):
        return Figures((), ())
    dates: list[Date] = []
    for pattern in _DATES:
        dates.extend(map(_date, pattern.finditer(plain)))
        plain = pattern.sub(lambda found: " " * len(found.group()), plain)
    labels = _labels(plain)
    return Figures(tuple(_quantities(plain, labels, text)), tuple(dates))


def in_digits(text: str) -> str:
    """The text with numbers in words as digits: "fifteen per cent" as "15 per cent"."""
    for idiom, plain in _IDIOMS:
        text = idiom.sub(plain, text)
    text = _SCALE_WORD.sub(_guarded, text)
    return str(alpha2digit(text, "en", threshold=_SPELLED)).replace(_KEEP, "")


def _guarded(found: re.Match[str]) -> str:
    """What stands before "million", which is kept as a word unless a number in words does."""
    return found.group() if is_numeral(found[1].lower()) else found.group() + _KEEP


@lru_cache(maxsize=4096)
def is_numeral(word: str) -> bool:
    """Whether a word, in lower case, is a number in letters, or part of one."""
    return not word[-1:].isdigit() and alpha2digit(word, "en", threshold=0) != word


def among(quantity: Quantity, others: Sequence[Quantity], dates: Sequence[Date] = ()) -> bool:
    """Whether a quantity is one of the others, or the year of one of the dates.

    A quantity that is given loosely, or in millions and the like, may be rounded from the other.
    """
    return any(_same(quantity, other) for other in others) or (
        quantity.unit is None and any(quantity.value == date.year for date in dates)
    )


def _same(one: Quantity, other: Quantity) -> bool:
    if not same_unit(one.unit, other.unit):
        return False
    if math.isclose(one.value, other.value, rel_tol=1e-9):
        return True
    rounds = one.loose or (one.digits > 1 and one.value >= 1e5)
    return (
        rounds
        and other.value != 0
        and math.isclose(one.value, _rounded(other.value, one.digits), rel_tol=1e-9)
    )


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{max(digits, 1) - 1}e}")


def _date(found: re.Match[str]) -> Date:
    parts = found.groupdict()
    month = parts["month"].lower().rstrip(".")
    return Date(
        int(parts["year"]) if parts.get("year") else None,
        int(month) if month.isdigit() else _MONTHS[month],
        int(parts["day"]) if parts.get("day") else None,
        found.group().strip(),
    )


def _labels(text: str) -> dict[int, tuple[float, str | None]]:
    """Scale and unit from the label of a table cell, by where the cell starts."""
    found = {}
    caption = _CAPTION.match(text)
    of_all = _named(caption[1]) if caption else (1.0, None)
    for match in _LABEL.finditer(text, caption.end() if caption else 0):
        scale, unit = _named(match["label"])
        if (scale, unit) == (1.0, None) and match["label"].lower() not in _TIMES:
            scale, unit = of_all
        if scale != 1.0 or unit is not None:
            found[match.start("cell")] = scale, unit
    return found


def _named(label: str) -> tuple[float, str | None]:
    """The scale and the unit that a label names."""
    scale, unit = 1.0, None
    for word in re.findall(r"[A-Za-z]+|[%€£¥$]", label):
        scale = _SCALES.get(word.lower(), scale)
        named = unit_names().get(word) or unit_names().get(word.lower())
        unit = unit if named in _TIMES else named or unit
    return scale, unit


def _quantities(
    text: str, labels: dict[int, tuple[float, str | None]], as_given: str
) -> Iterator[Quantity]:
    for found in _NUMBER.finditer(text):
        before = (found["before"] or "").strip()
        unit = unit_names().get(before) or unit_names().get(before.lower()) if before else None
        value = float(re.sub(r"[,\u2009\u202f]", "", found["digits"]))
        scale, named, end = _scale_and_unit(text, found.end(), money=unit is not None)
        counts = None
        if unit is None and named is None:
            word = re.match(r" ?-?([A-Za-z]+)", text[end : end + 30])
            counts = word[1].lower() if word else None
        of_label = labels.get(found.start()) or labels.get(found.start("digits"))
        if of_label is not None and scale == 1.0:
            scale = of_label[0]
        unit = unit or named or (of_label[1] if of_label else None)
        yield Quantity(
            value * scale,
            unit,
            " ".join(text[found.start() : end].split()),
            counts,
            bool(_LOOSELY.search(text[max(0, found.start() - 16) : found.start()])),
            len(found["digits"].replace(",", "").replace(".", "").strip("0")),
            found["digits"] not in as_given,
        )


def _scale_and_unit(text: str, start: int, *, money: bool) -> tuple[float, str | None, int]:
    """What is written after a number: its scale, its unit, and where they end."""
    scale, at = 1.0, start
    found = _AFTER.match(text, at)
    if found is not None:
        word = found[2].rstrip(".").lower()
        letter = _LETTER_SCALES.get(word) if money or not found[1] else None
        known = _SCALES.get(word) or letter
        if known is not None and not (word == "m" and not money):
            scale, at = known, found.end() - (found[2].endswith("."))
    words: list[str] = []
    ends: list[int] = []
    after = at
    while len(words) < _UNIT_WORDS and (found := _AFTER.match(text, after)) is not None:
        words.append(found[2].rstrip("."))
        after = found.end()
        ends.append(after - found[2].endswith("."))
    names = unit_names()
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        unit = names.get(name) or names.get(name.lower())
        if unit is not None:
            return scale, unit, ends[count - 1]
    return scale, None, at
