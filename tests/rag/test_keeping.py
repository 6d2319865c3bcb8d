"""An answer comes back from its JSON as it was."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag import Answer, Status
from rag.keeping import answer_of_json, json_of_answer

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_every_answer_comes_back_equal(answers: Mapping[str, Answer]) -> None:
    assert {one.status for one in answers.values()} == {Status.ANSWERED, Status.ABSTAINED}
    for answer in answers.values():
        assert answer_of_json(json_of_answer(answer)) == answer
        assert hash(answer_of_json(json_of_answer(answer)).citations) == hash(answer.citations)


@given(
    TEXTS,
    st.dictionaries(TEXTS, st.floats(allow_nan=False, allow_infinity=False)),
    st.floats(0, 1),
)
def test_any_text_and_any_figures_come_back_equal(
    answers: Mapping[str, Answer], text: str, timings: dict[str, float], score: float
) -> None:
    answer = next(one for one in answers.values() if one.passages and one.sentences)
    sentences = tuple(replace(one, score=score) for one in answer.sentences)
    passages = tuple(replace(one, text=text) for one in answer.passages)
    changed = replace(answer, text=text, timings=timings, sentences=sentences, passages=passages)
    assert answer_of_json(json_of_answer(changed)) == changed
