"""The embedded reader's weights: fitted, and measured on questions that they were not fitted on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from corpus.chunk import chunk
from corpus.ingest import Embed
from corpus.plain import read_plain
from corpus.tokens import token_counter
from corpus.types import Chunk, Document, Passage
from evals.benchmarks.qa import QaQuestion
from evals.metrics import balanced_accuracy
from rag.evidence import candidates
from rag.features import features

Floats = NDArray[np.float64]

_PASSAGE_TOKENS = 400  # to which passages grow when they are retrieved
# Of standardized features. On folds of ClapNQ an answering sentence comes first for .792 with 0.02,
# .803 with this and .806 with 0.2, which is worse on QuoteSum (.895 and .883).
_RIDGE = 0.1
_AS_GOOD = 0.005  # thresholds this near to the best are averaged


@dataclass(frozen=True, slots=True)
class Case:
    """A question as the reader sees it.

    `columns`: features [n, k] of its n sentences. `plain`: cosine [n] of the question and each
    sentence behind its title. `answers`: which of them answer [n].
    """

    question: str
    columns: Floats
    plain: Floats
    answers: Floats
    answerable: bool


@dataclass(frozen=True, slots=True)
class Model:
    """Weights [k + 1], intercept last, and the least logit of the best sentence to answer by."""

    weights: Floats
    enough: float

    def scores(self, case: Case) -> Floats:
        """Logit [n] of each sentence, less what is enough."""
        return np.asarray(case.columns @ self.weights[:-1] + self.weights[-1] - self.enough)


def case(question: QaQuestion, embed: Embed) -> Case:
    """The features of a question's sentences."""
    passages: list[Passage] = []
    texts: dict[tuple[str, int], Document] = {}
    count = token_counter()
    for number, source in enumerate(question.sources):
        document = _document(str(number), source.title, source.text)
        texts[document.id, 1] = document
        for piece in chunk(read_plain(source.text), count, _PASSAGE_TOKENS):
            stored = replace(piece, id=len(passages), document_id=document.id, version=1)
            passages.append(_passage(stored, document))
    found = candidates(question.question, passages, texts)
    answers = [question.answers(int(item.document.id), item.text) for item in found]
    titled = [f"{item.document.title}\n{item.text}".strip() for item in found]
    vectors = np.asarray(embed([question.question, *titled]), float)
    return Case(
        question.question,
        features(question.question, found, embed),
        vectors[1:] @ vectors[0],
        np.array(answers, float),
        question.answerable,
    )


def fit(cases: Sequence[Case]) -> Model:
    """Logistic regression of "answers" on the features, and the threshold that separates best.

    A question weighs as the root of how many sentences it has. Answerable questions of which no
    sentence is known to answer are left out.
    """
    known = [one for one in cases if len(one.answers) and one.answers.any() == one.answerable]
    rows = np.vstack([one.columns for one in known])
    truth = np.concatenate([one.answers for one in known])
    share = np.concatenate([np.full(len(one.answers), len(one.answers) ** -0.5) for one in known])
    weights = _regression(rows, truth, share / share.sum())
    model = Model(weights, 0.0)
    return Model(weights, threshold([model.scores(one) for one in cases], cases))


def _regression(rows: Floats, truth: Floats, share: Floats) -> Floats:
    """By Newton's method, of rows [n, k] that have shares [n] of 1; intercept last."""
    mean, spread = share @ rows, rows.std(axis=0) + 1e-9
    standard = np.c_[(rows - mean) / spread, np.ones(len(rows))]
    ridge = np.diag([*[_RIDGE] * rows.shape[1], 1e-6])
    weights = np.zeros(rows.shape[1] + 1)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(standard @ weights, -30, 30)))
        gradient = standard.T @ (share * (chance - truth)) + ridge @ weights
        curvature = (standard * (share * chance * (1 - chance))[:, None]).T @ standard + ridge
        weights = weights - np.linalg.solve(curvature, gradient)
    slopes = weights[:-1] / spread
    return np.array([*slopes, weights[-1] - slopes @ mean])


def threshold(scores: Sequence[Floats], cases: Sequence[Case]) -> float:
    """The least score of the best sentence that separates answerable questions best.

    `scores` are of each case's sentences. It is halfway between scores that occur, and the mean of
    those that are about as good as the best.
    """
    best = np.array([max(one, default=-np.inf) for one in scores])
    known = np.sort(best[np.isfinite(best)])
    between = np.array([*(known[1:] + known[:-1]) / 2, known[-1] + 1])
    answerable = np.array([one.answerable for one in cases], float)
    reached = [balanced_accuracy((best >= at).astype(float), answerable) for at in between]
    return float(between[np.array(reached) >= max(reached) - _AS_GOOD].mean())


def folds(cases: Sequence[Case], count: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold, 0 to `count` - 1, of each case; cases of one question are in the same."""
    asked = sorted({one.question for one in cases})
    fold = dict(
        zip(
            np.random.default_rng(seed).permutation(asked),
            itertools.cycle(range(count)),
            strict=False,
        )
    )
    return np.array([fold[one.question] for one in cases])


def _passage(piece: Chunk, document: Document) -> Passage:
    return Passage(piece, document.title, None, piece.span.of(document.text), 0.0, 1, {})


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
