"""The set `news`: real web articles of early 2024, and quiz questions about those weeks.

RealTimeQA (Kasai et al., NeurIPS 2023). What is published is the share of quiz questions that a
model answers rightly, which is another task: no figure of it stands beside ours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.cases import rows_of
from evals.sampling import sample

ARTICLES = Path("news") / "articles-2024q1.jsonl.gz"
QUESTIONS = Path("news") / "questions-2024q1.jsonl.gz"
LICENCE = "none stated, and the articles are their publishers'"
PITFALLS = (
    "many questions are not answerable from the articles, so only those count whose answer occurs "
    'in one; an answer such as "four" occurs where it does not answer, too'
)

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


def read_articles(data: Path, limit: int | None = None, seed: int = 0) -> list[Article]:
    """All articles, or `limit` of them, drawn by the seed."""
    rows = [row for _, row in rows_of(data / ARTICLES)]
    return [
        Article(row["url"], row["title"], row["date"], row["text"])
        for row in sample(rows, limit, seed)
    ]


def read_questions(data: Path) -> Sequence[QuizQuestion]:
    """All questions, each with its first right choice."""
    return [
        QuizQuestion(row["question_sentence"], row["choices"][int(row["answer"][0])])
        for _, row in rows_of(data / QUESTIONS)
    ]


def contains(text: str, answer: str) -> bool:
    """Whether the answer occurs in the text, word for word, whatever the case and punctuation."""
    return f" {_words(answer)} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
