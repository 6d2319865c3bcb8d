"""Question answering sets: which sentences of the sources of a question answer it.

Each file's name begins with its set's. ClapNQ (Rosenthal et al., 2025): a question of a search
engine with one passage, and the sentences that a person chose to answer it by, if any does.
QuoteSum (Schuster et al., 2024): a question with up to 8 sources, answers written by people, and
the spans that they quote. RGB (Chen et al., 2024): search results that hold the answer, that hold a
false one in its place, and that hold none.

What is published of the three is of answers that models wrote. Which sentence answers, and whether
any does, is another task, so that no figure of it stands beside ours.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.ingest import Embed
from evals.cases import rows_of

FOLDER = "qa"
LICENCES = {"clapnq": "Apache-2.0", "quotesum": "CC BY-SA", "rgb": "CC BY-NC-SA"}
PITFALLS = {
    "clapnq": "one passage each, so that nothing has to be found",
    "quotesum": "every question is answerable; the others are pairs with sources of another one",
    "rgb": "few questions; a sentence answers when the answer's name is in it, whatever it says",
}

_QUOTED = re.compile(r"\[ (\d+) (.*?) \]")
_OVERLAP = 10  # characters of a quoted span, or half of a short one, that make a sentence answer


@dataclass(frozen=True, slots=True)
class Source:
    """A text to answer from, of which no line is broken; without a title it is blank."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class QaQuestion:
    """A question with its sources; `answers` says of a source's number and sentence if it does."""

    question: str
    sources: tuple[Source, ...]
    answerable: bool
    answers: Callable[[int, str], bool]


def files(data: Path, name: str) -> list[Path]:
    """The files of the set of a name, such as "clapnq"."""
    return sorted((data / FOLDER).glob(f"{name}*.jsonl.gz"))


def read_clapnq(path: Path, _: Embed) -> list[QaQuestion]:
    """The questions of a ClapNQ file."""

    def question(row: dict[str, Any]) -> QaQuestion:
        selected = [_line(sentence) for sentence in row["selected"] or []]

        def answers(_: int, text: str) -> bool:
            return any(text in sentence or sentence in text for sentence in selected)

        return QaQuestion(row["question"], _sources(row), bool(row["answerable"]), answers)

    return [question(row) for row in _rows(path)]


def read_quotesum(path: Path, embed: Embed) -> list[QaQuestion]:
    """The questions of a QuoteSum file, each also with sources that do not answer it.

    Those are the sources of the question most like it that shares no title with it. The set itself
    has no question without an answer. A sentence answers if any of the people quoted from it.
    """
    spans: dict[str, list[tuple[int, str]]] = {}
    sources: dict[str, tuple[Source, ...]] = {}
    for row in _rows(path):
        sources[row["question"]] = _sources(row)
        quoted = [found for answer in row["answers"] for found in _QUOTED.findall(answer)]
        spans.setdefault(row["question"], []).extend(
            (int(number) - 1, _line(text)) for number, text in quoted
        )
    asked = list(sources)
    vectors = embed(asked)
    found = []
    for at, question in enumerate(asked):
        own = sources[question]
        found.append(
            QaQuestion(question, own, answerable=True, answers=_quotes(own, spans[question]))
        )
        titles = {source.title for source in own}
        for other in (-(vectors @ vectors[at])).argsort(kind="stable"):
            others = sources[asked[other]]
            if other != at and titles.isdisjoint(source.title for source in others):
                found.append(QaQuestion(question, others, answerable=False, answers=_never))
                break
    return found


def _quotes(
    sources: Sequence[Source], spans: Sequence[tuple[int, str]]
) -> Callable[[int, str], bool]:
    def answers(number: int, sentence: str) -> bool:
        text = sources[number].text
        at = text.find(sentence)
        end = at + len(sentence)
        return at >= 0 and any(
            min(end, start + len(span)) - max(at, start) >= min(_OVERLAP, len(span) / 2)
            for source, span in spans
            if source == number and span
            for start in _starts(text, span)
        )

    return answers


def _starts(text: str, span: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(span), text))


def read_rgb(path: Path, _: Embed) -> list[QaQuestion]:
    """The questions of an RGB file, with the results that hold the answer and with the others."""
    found = []
    for row in _rows(path):
        said = _contains([name for one in row["answers"] for name in _names(one)])
        for key, answers in (("positive", said), ("negative", _never)):
            results = tuple(Source("", _line(text)) for text in row[key])
            found.append(QaQuestion(row["question"], results, key == "positive", answers))
    return found


def read_rgb_false(path: Path) -> list[QaQuestion]:
    """The questions of an RGB file with results that hold a false answer, which "answers" here."""
    return [
        QaQuestion(
            row["question"],
            tuple(Source("", _line(text)) for text in row["positive_wrong"]),
            answerable=True,
            answers=_contains(_names(row["fake"])),
        )
        for row in _rows(path)
    ]


def _contains(names: Sequence[str]) -> Callable[[int, str], bool]:
    return lambda _, sentence: any(name.lower() in sentence.lower() for name in names)


def _names(answer: str | list[str]) -> list[str]:
    return [answer] if isinstance(answer, str) else answer


def _never(_: int, __: str) -> bool:
    return False


def _sources(row: dict[str, Any]) -> tuple[Source, ...]:
    return tuple(Source(one["title"] or "", _line(one["text"])) for one in row["passages"])


def _line(text: str) -> str:
    return " ".join(text.split())


def _rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in rows_of(path)]
