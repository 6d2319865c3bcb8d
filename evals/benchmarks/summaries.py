"""Sets of documents with summaries that people wrote: any file of `summaries/`, and QuoteSum.

A file `summaries/NAME.jsonl` or `NAME.jsonl.gz` is the set NAME. Each line is one summary's sources
and references: `{"id": "...", "documents": [{"title": "...", "text": "..."}], "references":
["..."]}`, and `focus` where they are summarized about a question. One document makes it
single-document summarization, several multi-document; `title` may be blank. CNN/DailyMail,
Multi-News, DUC and TAC can be written so.

Pitfalls: the references of CNN/DailyMail are the highlights beside the article, which follow its
first sentences, so that Lead-3 is hard to beat; those of Multi-News are as long as half of the
sources, so that systems differ little; with one reference ROUGE punishes what others would have
chosen.

QuoteSum (Schuster et al., 2024): a question with up to 8 sources, and answers by several people.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from evals.benchmarks import qa
from evals.cases import Strict, problems, rows_of
from evals.errors import InvalidCases

FOLDER = "summaries"
QUOTESUM = "quotesum"

_QUOTED = re.compile(r"\[ \d+ (.*?) \]")

_Text = Annotated[str, Field(pattern=r"\S")]


class SourceText(Strict):
    """A document to summarize, in plain text; its title may be blank."""

    title: str = ""
    text: _Text


class Referenced(Strict):
    """Documents to summarize together, about a question if there is one, and people's summaries."""

    id: str = Field(min_length=1)
    documents: tuple[SourceText, ...] = Field(min_length=1, strict=False)
    references: tuple[_Text, ...] = Field(min_length=1, strict=False)
    focus: str | None = None


def files(data: Path) -> list[Path]:
    """The files of sets in the folder of the data, by name."""
    found = (data / FOLDER).glob("*.jsonl*")
    return sorted(path for path in found if path.name.endswith((".jsonl", ".jsonl.gz")))


def name_of(path: Path) -> str:
    """The name of the set that a file is."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


def read_set(path: Path) -> list[Referenced]:
    """The rows of a file in its order.

    Raises InvalidCases, which names the line, for a row that is not as the module says, and where
    there is none; or OSError.
    """
    found: list[Referenced] = []
    for number, row in rows_of(path):
        try:
            found.append(Referenced.model_validate(row))
        except ValidationError as error:
            known = ", ".join(Referenced.model_fields)
            raise InvalidCases(f"{path}, line {number}: {problems(error, known)}") from None
    if not found:
        raise InvalidCases(f"{path} has no rows. Write one, or remove the file.")
    return found


def read_quotesum(path: Path) -> list[Referenced]:
    """The questions of a QuoteSum file with the answers to each, without the marks of quotes."""
    documents: dict[str, tuple[SourceText, ...]] = {}
    answers: dict[str, list[str]] = {}
    for _, row in rows_of(path):
        documents[row["question"]] = tuple(
            SourceText(title=one["title"] or "", text=one["text"]) for one in row["passages"]
        )
        answers.setdefault(row["question"], []).extend(
            _QUOTED.sub(r"\1", answer) for answer in row["answers"]
        )
    return [
        Referenced(id=question, documents=texts, references=said, focus=question)
        for question, texts in documents.items()
        if (said := tuple(answers[question]))
    ]


def quotesum_files(data: Path) -> list[Path]:
    """The files of QuoteSum in the folder of the data."""
    return qa.files(data, QUOTESUM)
