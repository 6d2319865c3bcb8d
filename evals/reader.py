"""The embedded reader on ClapNQ: which sentence it takes, and whether it takes one at all.

    python -m evals.reader --data FOLDER

FOLDER holds `qa/clapnq-dev-a.jsonl.gz`. The weights are fitted on a random half of the questions
and measured on the other, ten times, so that those figures are of questions that nothing was
fitted on. Then come the figures of the weights that `rag.extract` ships, and the fit on all.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.chunk import chunk
from corpus.embed import MiniLM
from corpus.ingest import Embed
from corpus.plain import read_plain
from corpus.tokens import token_counter
from corpus.types import Chunk, Document, Passage
from rag.evidence import candidates, features
from rag.extract import ENOUGH, WEIGHTS

Floats = NDArray[np.float64]

_SPLITS = 5
_PASSAGE_TOKENS = 400  # to which passages grow when they are retrieved
_RIDGE = 1e-3  # keeps the fit finite; not tuned


@dataclass(frozen=True, slots=True)
class Case:
    """One question: features [n, 4] of its sentences, which of them answer [n], and if any does."""

    columns: Floats
    answers: Floats
    answerable: bool


def clapnq(path: Path, embed: Embed) -> list[Case]:
    """The questions of a ClapNQ file, each with its own passage only."""
    with gzip.open(path) as lines:
        return [_case(json.loads(line), embed) for line in lines]


def _case(row: dict[str, Any], embed: Embed) -> Case:
    passages: list[Passage] = []
    texts: dict[tuple[str, int], Document] = {}
    count = token_counter()
    for source in row["passages"]:
        text = source["text"].strip()
        document = _document(f"doc_{len(texts)}", source["title"] or "", text)
        texts[document.id, 1] = document
        for piece in chunk(read_plain(text), count, _PASSAGE_TOKENS):
            stored = _stored(piece, document.id, len(passages))
            passages.append(Passage(stored, document.title, None, stored.span.of(text), 0.0, 1, {}))
    found = candidates(row["question"], passages, texts)
    selected = [" ".join(sentence.split()) for sentence in row["selected"] or []]
    answers = [
        any(item.text in sentence or sentence in item.text for sentence in selected)
        for item in found
    ]
    columns = features(row["question"], found, embed)
    return Case(columns, np.array(answers, float), bool(row["answerable"]))


def fit(cases: Sequence[Case]) -> Floats:
    """Logistic regression of "answers" on the features, by Newton's method; intercept last."""
    rows = np.vstack([case.columns for case in cases])
    rows = np.c_[rows, np.ones(len(rows))]
    truth = np.concatenate([case.answers for case in cases])
    weights = np.zeros(rows.shape[1])
    ridge = _RIDGE * np.eye(len(weights))
    for _ in range(50):
        chance = _sigmoid(rows @ weights)
        gradient = rows.T @ (chance - truth) / len(truth) + ridge @ weights
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows / len(truth) + ridge
        weights = weights - np.linalg.solve(curvature, gradient)
    return np.asarray(weights)


def measure(cases: Sequence[Case], weights: Floats, enough: float) -> tuple[float, float, float]:
    """An answering sentence first; among the first three; balanced accuracy of answering at all.

    The first two are over the questions that have an answering sentence.
    """
    first, three = [], []
    for case in cases:
        if case.answerable and case.answers.any():
            order = np.argsort(-_chances(case, weights), kind="stable")
            first.append(case.answers[order[0]] > 0)
            three.append(case.answers[order[:3]].any())
    return float(np.mean(first)), float(np.mean(three)), _balanced(cases, weights, enough)


def threshold(cases: Sequence[Case], weights: Floats) -> float:
    """The least chance of the best sentence that separates answerable questions best."""
    chances = {max(_chances(case, weights), default=0.0) for case in cases}
    return max(sorted(chances), key=lambda enough: _balanced(cases, weights, enough))


def _balanced(cases: Sequence[Case], weights: Floats, enough: float) -> float:
    answered = np.array([max(_chances(case, weights), default=0.0) >= enough for case in cases])
    answerable = np.array([case.answerable for case in cases])
    return float((np.mean(answered[answerable]) + np.mean(~answered[~answerable])) / 2)


def _chances(case: Case, weights: Floats) -> Floats:
    return _sigmoid(case.columns @ weights[:-1] + weights[-1])


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


def _document(name: str, title: str, text: str) -> Document:
    return Document(
        id=name,
        tenant="",
        collection="",
        external_id=None,
        version=1,
        uri=None,
        title=title,
        media_type="text/plain",
        metadata={},
        content_hash="",
        status="ready",
        created_at="",
        updated_at="",
        text=text,
    )


def _stored(piece: Chunk, document_id: str, number: int) -> Chunk:
    return replace(piece, id=number, document_id=document_id, version=1)


def main() -> int:
    """Print the figures; exit code 2 when the data is not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    path = parser.parse_args().data / "qa" / "clapnq-dev-a.jsonl.gz"
    if not path.exists():
        print(f"There is no {path}.", file=sys.stderr)
        return 2
    model = MiniLM()
    cases = clapnq(path, model.embed)
    model.close()
    random = np.random.default_rng(0)
    figures = []
    for _ in range(_SPLITS):
        order = random.permutation(len(cases))
        halves = [cases[at] for at in order[::2]], [cases[at] for at in order[1::2]]
        for train, test in (halves, halves[::-1]):
            weights = fit(train)
            figures.append(measure(test, weights, threshold(train, weights)))
    first, three, balanced = np.mean(figures, axis=0)
    print(f"{len(cases)} questions, {2 * _SPLITS} held-out halves, means:")
    print(f"  answering sentence first       {first:.3f}")
    print(f"  among the first three          {three:.3f}")
    print(f"  answer or abstain, balanced    {balanced:.3f}")
    first, three, balanced = measure(cases, np.array(WEIGHTS), ENOUGH)
    print(f"as shipped, on all questions: {first:.3f}, {three:.3f}, {balanced:.3f}")
    weights = fit(cases)
    shown = ", ".join(f"{weight:.2f}" for weight in weights)
    print(f"fit on all: ({shown}), threshold {threshold(cases, weights):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
