"""Units of passages as evidence for a question: what the embedded reader weighs."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.ingest import Embed
from corpus.tables import row_sentence, split_cells
from corpus.types import Document, Passage, Span, Unit, UnitKind
from rag.words import stems

_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
_TIME = re.compile(
    r"\b(1[89]\d\d|20\d\d|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer"
    r"|autumn|winter|noon|midnight|week|month|year|day|century|\d+ ?[ap]\.?m)",
    re.IGNORECASE,
)
_OFTEN = re.compile(
    r"\b(hourly|daily|weekly|monthly|quarterly|yearly|annual|annually|every|each|once|twice"
    r"|times|per|regularly)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(because|after|due|since|so that|as a result|owing|caused?|amid|over|to avoid|prompt\w*"
    r"|following|reason|blam\w+|therefore|led)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Z][a-zà-ÿ’'-]+ (?:[A-Z]\. )?[A-Z][a-zà-ÿ’'-]+")  # a full name
_QUANTITY_SAID = re.compile(
    r"(?<!\S)[^\w\s]?(?!(?:19|20)\d\ds?\b)\d[\d.,]*"  # years are none
    r"|\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh"
    r"|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|half)\b",
    re.IGNORECASE,
)
_DATELINE = re.compile(r"[A-ZÀ-Þ][A-ZÀ-Þ .’'-]+, [^–—-]{3,30} [–—-] ")
_LOWER = re.compile(r"\b[a-zà-ÿ]+\b")
_LEAST_WORDS = 4  # a shorter sentence is a source line or an exclamation
_LEAST_LOWER = 2  # a line without words in lower case is a dateline or a label
_ROOT = 5  # letters of a stem that are enough to tell a family of words
_QUANTITY = r"many|much|old|long|far|full|deep|high|large|big|tall|wide|fast|strong|percentage"
_EXPECTED: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"\bhow (often|frequently)\b", re.IGNORECASE), _OFTEN),
    (
        re.compile(rf"\bhow ({_QUANTITY})\b|\bwhat (percentage|share|number)\b", re.IGNORECASE),
        _QUANTITY_SAID,
    ),
    (
        re.compile(r"\bwhat\b.*\b(worth|cost|price|charge|fee|pay|budget|rate)\b", re.IGNORECASE),
        _QUANTITY_SAID,
    ),
    (re.compile(r"\bwhen\b|\b(what|which) (year|date|day|month|time)\b", re.IGNORECASE), _TIME),
    (re.compile(r"\bwho(m|se)?\b|\bwhat is the name\b|\bname of\b", re.IGNORECASE), _NAME),
    (re.compile(r"\bwhy\b|\bwhat caused\b", re.IGNORECASE), _CAUSE),
)

# These ask for one thing, which one sentence says; why something is so may take several.
_ONE_THING = tuple(asked for asked, expected in _EXPECTED if expected is not _CAUSE)

Texts = Mapping[tuple[str, int], Document]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quotable unit of a passage. `text` is the sentence, or the row as a sentence."""

    document: Document
    passage: Passage
    unit: Unit
    text: str

    @property
    def spans(self) -> tuple[Span, ...]:
        """What citations of it point at: the sentence; or the row, its header and its caption."""
        beside = (self.unit.header, self.unit.caption)
        return (self.unit.span, *(span for span in beside if span is not None))

    @property
    def in_context(self) -> str:
        """The text without a dateline, and a row behind its table's caption."""
        caption = self.unit.caption
        if caption is None:
            return _DATELINE.sub("", self.text, count=1)
        return f"{caption.of(self.document.text)} {self.text}"


def asks_for_one_thing(question: str) -> bool:
    """Whether one figure, time or name would answer."""
    return any(asked.search(question) for asked in _ONE_THING)


def candidates(question: str, passages: Sequence[Passage], texts: Texts) -> list[Candidate]:
    """The quotable units of the passages, in rank order.

    A document that lacks a number which the question names, such as a year, has none.
    """
    numbers = set(_FIGURE.findall(question))
    found: list[Candidate] = []
    for passage in passages:
        document = texts[passage.chunk.document_id, passage.chunk.version]
        if numbers <= set(_FIGURE.findall(document.text)):
            found.extend(
                Candidate(document, passage, unit, text)
                for unit in passage.chunk.units
                if unit.quotable and _says_something(unit, text := unit_text(document, unit))
            )
    return _rows_by_label(question, found)


def _says_something(unit: Unit, text: str) -> bool:
    return unit.kind is UnitKind.ROW or (
        len(text.split()) >= _LEAST_WORDS and len(_LOWER.findall(text)) >= _LEAST_LOWER
    )


def _rows_by_label(question: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Without the rows of a table whose first cell has less of the question than another's."""
    wanted = set(stems(question))
    shared: dict[tuple[str, Span], int] = {}
    for item in found:
        if item.unit.header is not None:
            table = item.document.id, item.unit.header
            shared[table] = max(shared.get(table, 0), _label_words(item, wanted))
    return [
        item
        for item in found
        if item.unit.header is None
        or _label_words(item, wanted) == shared[item.document.id, item.unit.header]
    ]


def _label_words(item: Candidate, wanted: set[str]) -> int:
    label = next(iter(split_cells(item.unit.span.of(item.document.text))), "")
    return len(wanted & set(stems(label)))


def unit_text(document: Document, unit: Unit) -> str:
    """A unit as it is read: a sentence as it stands, a row with each cell under its header."""
    text = unit.span.of(document.text)
    if unit.kind is UnitKind.ROW:
        return row_sentence(unit.header.of(document.text) if unit.header else None, text)
    return " ".join(text.split())


def features(question: str, found: Sequence[Candidate], embed: Embed) -> NDArray[np.float64]:
    """What speaks for each candidate, float [len(found), 4], each column in 0 to 1 or so.

    Cosine of the question and the candidate; the same of its whole passage with title and
    headings; share of the question's words, by weight, in the candidate; whether something of the
    kind that the question asks for is there and is not in the question.
    """
    if not found:
        return np.zeros((0, 4))
    passages = {item.passage.chunk.id: _whole(item.passage) for item in found}
    said = [item.in_context for item in found]
    vectors = embed([question, *said, *passages.values()])
    cosines = vectors[1:] @ vectors[0]
    nearness = dict(zip(passages, cosines[len(found) :], strict=True))
    wanted = stems(question)
    own = [_asked_for(wanted, stems(text)) for text in said]
    counts = Counter(word for words in own for word in words)
    weights = {word: math.log(1 + len(found) / (0.5 + counts[word])) for word in wanted}
    rows = [
        (
            float(cosines[at]),
            float(nearness[item.passage.chunk.id]),
            _covered(wanted, own[at], weights),
            _has_expected(question, said[at]),
        )
        for at, item in enumerate(found)
    ]
    return np.array(rows)


def _whole(passage: Passage) -> str:
    return "\n".join((passage.title, *passage.chunk.heading_path, passage.text))


def _asked_for(wanted: Sequence[str], words: Sequence[str]) -> set[str]:
    """Those of the wanted stems that stand among `words`, or one derived from them does.

    A stem that another begins with is taken for its root: minist(er) and ministeri(al).
    """
    return {
        stem
        for stem in wanted
        if any(
            word == stem
            or (
                min(len(word), len(stem)) >= _ROOT
                and (word.startswith(stem) or stem.startswith(word))
            )
            for word in words
        )
    }


def _covered(wanted: Sequence[str], words: set[str], weights: Mapping[str, float]) -> float:
    total = sum(weights.values())
    return sum(weights[word] for word in wanted if word in words) / total if total else 0.0


def _has_expected(question: str, text: str) -> float:
    """1 when the answer's kind (a number, a name ...) is there beyond the question's own, else 0.

    0.5 when the question does not say what kind it asks for.
    """
    for asked, expected in _EXPECTED:
        if asked.search(question):
            known = question.lower()
            found = (match.group().lower() for match in expected.finditer(text))
            return float(any(item not in known for item in found))
    return 0.5
