"""The reader's evaluation: its arithmetic, and its way from a data set's row to a case."""

import gzip
import json
from pathlib import Path

import numpy as np

from corpus.embed import MiniLM
from evals.reader import Case, clapnq, fit, measure, threshold


def cases() -> list[Case]:
    """Twenty questions whose first sentence answers, and twenty that none does."""
    yes = Case(
        np.array([[0.9, 0.8, 0.7, 1.0], [0.1, 0.8, 0.0, 0.0]]),
        np.array([1.0, 0.0]),
        answerable=True,
    )
    no = Case(np.array([[0.2, 0.3, 0.1, 0.0]]), np.array([0.0]), answerable=False)
    return [yes, no] * 20


def test_a_fit_on_separable_questions_separates_them() -> None:
    weights = fit(cases())
    assert measure(cases(), weights, threshold(cases(), weights)) == (1.0, 1.0, 1.0)


def test_weights_turned_round_take_the_wrong_sentence_first() -> None:
    weights = -fit(cases())
    first, three, _ = measure(cases(), weights, 0.5)
    assert (first, three) == (0.0, 1.0)


def test_the_selected_sentence_of_a_row_is_what_answers(tmp_path: Path) -> None:
    row = {
        "question": "Where does the ferry go?",
        "passages": [{"title": "Ferry", "text": "It is an old ship. The ferry goes to Sandel."}],
        "answerable": True,
        "selected": ["The ferry goes to Sandel."],
    }
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(row) + "\n")
    model = MiniLM(threads=1)
    (case,) = clapnq(path, model.embed)
    model.close()
    assert case.answers.tolist() == [0.0, 1.0]
    assert case.columns.shape == (2, 4)
