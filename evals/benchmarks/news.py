"""The set `news`: real web articles of early 2024, and quiz questions about those weeks.

RealTimeQA (Kasai et al., NeurIPS 2023); no licence stated, and the articles are their publishers'.
Pitfalls: many questions are not answerable from the articles, so only those count whose answer
occurs in an article at all; an answer such as "four" occurs where it does not answer, too.
"""

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ARTICLES = Path("news") / "articles-2024q1.jsonl.gz"
QUESTIONS = Path("news") / "questions-2024q1.jsonl.gz"

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Article:
    """A page as it was scraped; `date` is as the site wrote it."""

    url: str
    title: str
    date: str
    text: str


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """A question and the text of its right choice."""

    question: str
    answer: str


def read_articles(data: Path, limit: int | None = None) -> Iterator[Article]:
    """The first `limit` articles, or all."""
    with gzip.open(data / ARTICLES) as lines:
        for line in islice(lines, limit):
            row = json.loads(line)
            yield Article(row["url"], row["title"], row["date"], row["text"])


def read_questions(data: Path) -> Sequence[QuizQuestion]:
    """All questions, each with its first right choice."""
    with gzip.open(data / QUESTIONS) as lines:
        rows = [json.loads(line) for line in lines]
    return [
        QuizQuestion(row["question_sentence"], row["choices"][int(row["answer"][0])])
        for row in rows
    ]


def contains(text: str, answer: str) -> bool:
    """Whether the answer occurs in the text, word for word, whatever the case and punctuation."""
    return f" {_words(answer)} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
