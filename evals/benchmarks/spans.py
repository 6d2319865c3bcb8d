"""The set `spans`: questions with the exact excerpts that answer them, in five long texts.

brandonstarxel/chunking_evaluation (Smith and Troynikov, Evaluating Chunking Strategies for
Retrieval, 2024). Their own figures are of the first 5 passages, whatever their length, by another
embedding model, so that they say nothing here; those that are given were measured as ours are.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.parse import canonical
from corpus.types import Span
from evals.benchmarks.published import MEASURED, Published
from evals.cases import rows_of

FOLDER = "spans"
LICENCE = "MIT"
PITFALLS = (
    "a model wrote the questions and chose the excerpts, so they share words, which favours "
    "lexical search; an excerpt may be one of several places that say the same"
)

# Tokens -> recall of the excerpts' characters of pipelines by LangChain, all-MiniLM-L6-v2 (int8).
PUBLISHED: Mapping[int, tuple[Published, ...]] = {
    250: (
        Published("LangChain, 500 characters, dense + BM25", 0.612, MEASURED),
        Published("LangChain, 1000/200 characters, dense", 0.461, MEASURED),
    ),
    500: (
        Published("LangChain, 500 characters, dense + BM25", 0.751, MEASURED),
        Published("LangChain, 1000/200 characters, dense", 0.641, MEASURED),
    ),
    1000: (
        Published("LangChain, 500 characters, dense + BM25", 0.853, MEASURED),
        Published("LangChain, 1000/200 characters, dense", 0.781, MEASURED),
    ),
}
ALL_PUBLISHED = (
    Published("LangChain, 1000/200 characters, dense + BM25", 0.763, MEASURED),
    Published("LangChain, 1000/200 characters, dense", 0.706, MEASURED),
)


@dataclass(frozen=True, slots=True)
class SpanQuestion:
    """A question, and where in the text called `source` its answer stands."""

    question: str
    source: str
    references: tuple[Span, ...]


def read_texts(data: Path) -> Mapping[str, str]:
    """Name to text of the five texts."""
    paths = sorted((data / FOLDER).glob("*.md.gz"))
    return {
        path.name.removesuffix(".md.gz"): canonical(gzip.decompress(path.read_bytes()).decode())
        for path in paths
    }


def read_questions(data: Path) -> Sequence[SpanQuestion]:
    """The questions, in the file's order."""
    return [_question(row) for _, row in rows_of(data / FOLDER / "questions.jsonl.gz")]


def _question(row: Mapping[str, object]) -> SpanQuestion:
    references = row["references"]
    assert isinstance(references, list)  # noqa: S101 -- of a published format
    spans = tuple(Span(one["start_index"], one["end_index"]) for one in references)
    return SpanQuestion(str(row["question"]), str(row["corpus"]), spans)
