"""The reader's evaluation: its arithmetic, and its way from a question to a case."""

import numpy as np

from corpus.embed import MiniLM
from evals.benchmarks.qa import QaQuestion, Source
from evals.metrics import balanced_accuracy
from evals.reader import Case, case, fit, folds, threshold
from rag.features import COLUMNS


def cases() -> list[Case]:
    """Twenty questions whose first sentence answers, and twenty that none does."""
    yes = [
        Case(
            f"yes {number}",
            np.array([[0.9, 0.8, 0.7, 1.0], [0.1, 0.8, 0.0, 0.0]]),
            np.array([0.9, 0.1]),
            np.array([1.0, 0.0]),
            answerable=True,
        )
        for number in range(20)
    ]
    no = [
        Case(
            f"no {number}",
            np.array([[0.2, 0.3, 0.1, 0.0]]),
            np.array([0.2]),
            np.array([0.0]),
            answerable=False,
        )
        for number in range(20)
    ]
    return yes + no


def test_a_fit_on_separable_questions_separates_them() -> None:
    model = fit(cases())
    for one in cases():
        scores = model.scores(one)
        assert (max(scores) >= 0) == one.answerable
        if one.answerable:
            assert scores[0] > scores[1]


def test_an_answerable_question_without_a_known_sentence_teaches_nothing() -> None:
    unknown = Case(
        "unknown", np.full((2, 4), 0.5), np.full(2, 0.5), np.array([0.0, 0.0]), answerable=True
    )
    assert fit([*cases(), unknown]).weights.tolist() == fit(cases()).weights.tolist()


def test_the_threshold_is_between_what_is_answerable_and_what_is_not() -> None:
    scores = [one.plain for one in cases()]
    enough = threshold(scores, cases())
    assert 0.2 < enough < 0.9
    answered = np.array([max(own) >= enough for own in scores])
    assert balanced_accuracy(answered, np.array([one.answerable for one in cases()])) == 1


def test_the_cases_of_a_question_are_in_one_fold() -> None:
    twice = [*cases(), *cases()]
    found = folds(twice, 5)
    assert found[:40].tolist() == found[40:].tolist()
    assert sorted(np.bincount(found)) == [16] * 5


def test_a_case_has_a_row_for_each_sentence_and_knows_which_answers() -> None:
    question = QaQuestion(
        "Where does the ferry go?",
        (Source("Ferry", "It is an old ship. The ferry goes to Sandel."),),
        answerable=True,
        answers=lambda source, text: (source, text) == (0, "The ferry goes to Sandel."),
    )
    model = MiniLM(threads=1)
    found = case(question, model.embed)
    model.close()
    assert found.answers.tolist() == [0.0, 1.0]
    assert found.columns.shape == (2, len(COLUMNS))
    assert found.plain.shape == (2,)
    assert np.all(found.plain > 0.5), "both are about the ferry, by their title"
