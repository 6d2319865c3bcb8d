"""What the reader sees of a sentence."""

import math
from dataclasses import replace

import numpy as np
import pytest

from corpus.embed import MiniLM
from corpus.types import Document
from rag.evidence import candidates
from rag.features import COLUMNS, features
from tests.rag.reading import document_of, passages_of

TEXT = """# The ferry to Sandel

The ferry leaves at noon in 2024.

It is painted red by its crew.
"""


def _columns(
    question: str, model: MiniLM, *documents: Document, rank: int = 1
) -> list[dict[str, float]]:
    passages = [replace(passage, rank=rank) for one in documents for passage in passages_of(one)]
    texts = {(one.id, one.version): one for one in documents}
    found = candidates(question, passages, texts)
    return [dict(zip(COLUMNS, row, strict=True)) for row in features(question, found, model.embed)]


def test_words_of_the_title_count_for_every_sentence_under_it(model: MiniLM) -> None:
    leaves, painted = _columns(
        "When does the ferry to Sandel leave?", model, document_of(TEXT, "a.md")
    )
    assert leaves["words"] == 1
    assert painted["words"] == pytest.approx(2 / 3), "ferry and Sandel, but not leave"


def test_the_rest_of_a_question_is_what_its_title_does_not_say(model: MiniLM) -> None:
    question = "painted ferry Sandel"
    _, painted = _columns(question, model, document_of(TEXT, "a.md"))
    rest, sentence = model.embed(["painted", "It is painted red by its crew."])
    assert painted["rest"] == pytest.approx(float(rest @ sentence), abs=1e-6)
    assert painted["rest"] > painted["cosine"]


def test_a_question_that_the_title_repeats_is_taken_whole(model: MiniLM) -> None:
    for row in _columns("ferry Sandel", model, document_of(TEXT, "a.md")):
        assert row["rest"] == row["cosine"]


def test_a_number_of_the_question_may_be_missing_in_a_sentence_or_in_its_document(
    model: MiniLM,
) -> None:
    document = document_of(TEXT, "a.md")
    of_2024 = _columns("When did the ferry leave in 2024?", model, document)
    assert [(row["number"], row["source"]) for row in of_2024] == [(0, 0), (1, 0)]
    of_2019 = _columns("When did the ferry leave in 2019?", model, document)
    assert [(row["number"], row["source"]) for row in of_2019] == [(1, 1), (1, 1)]


def test_a_passage_found_later_has_a_higher_rank(model: MiniLM) -> None:
    found = _columns("When does it leave?", model, document_of(TEXT, "a.md"), rank=3)
    assert {row["rank"] for row in found} == {math.log(3)}


def test_nothing_has_no_features(model: MiniLM) -> None:
    assert features("When?", [], model.embed).shape == (0, len(COLUMNS))


@pytest.mark.parametrize("question", ["?", "the and of", "x" * 3000, "\N{SAILBOAT}"])
def test_features_are_numbers_whatever_is_asked(question: str, model: MiniLM) -> None:
    rows = _columns(question, model, document_of(TEXT, "a.md"))
    assert np.isfinite([list(row.values()) for row in rows]).all()
