from dataclasses import replace

import pytest

from api.abstention import WHY, content_of, epilogue
from corpus.types import Chunk, Passage, Span
from rag.types import Answer, Reason, Status, Usage

ANSWER = Answer(
    id="ans_1",
    question="Why?",
    standalone_question="Why?",
    status=Status.ABSTAINED,
    reason=Reason.WEAK_EVIDENCE,
    text="",
    sentences=(),
    citations=(),
    passages=(),
    conflicts=(),
    usage=Usage(read=0),
    timings={},
    model="pincite-extractive",
    prompt_hash=None,
)


def passage(title: str, *headings: str) -> Passage:
    chunk = Chunk(
        id=1,
        document_id="doc_1",
        version=1,
        ordinal=0,
        span=Span(0, 1),
        token_count=1,
        heading_path=headings,
        units=(),
    )
    return Passage(chunk=chunk, title=title, uri=None, text="A", score=1, rank=1, ranks_by={})


def test_every_reason_has_words_of_its_own() -> None:
    assert set(WHY) == set(Reason)
    assert len(set(WHY.values())) == len(Reason)


def test_an_abstention_says_that_and_why_and_names_the_nearest_passages_once() -> None:
    found = (
        passage("Ferries", "Ferries", "Money"),
        passage("Ferries", "Money"),
        passage("Storm\nAnsgar"),
        passage("Tram"),
        passage("Herring"),
    )
    assert epilogue(replace(ANSWER, passages=found)) == (
        "The documents do not answer this question. "
        "The documents come near this, but do not say it.\n\n"
        "Nearest to it:\n- Ferries > Money\n- Storm Ansgar\n- Tram"
    )


def test_without_passages_and_reason_it_only_says_that() -> None:
    bare = replace(ANSWER, reason=None)
    assert content_of(bare) == "The documents do not answer this question."


def test_what_was_said_before_it_stays_where_it_is() -> None:
    said = content_of(replace(ANSWER, text="The ferry runs. [1]"))
    assert said.startswith("The ferry runs. [1]\n\nThe documents do not answer this question.")


@pytest.mark.parametrize("status", [Status.ANSWERED, Status.INCOMPLETE])
def test_an_answer_is_its_text(status: Status) -> None:
    assert content_of(replace(ANSWER, status=status, text="The ferry")) == "The ferry"


def test_an_answer_that_was_cut_off_before_its_text_says_why() -> None:
    silent = replace(ANSWER, status=Status.INCOMPLETE, reason=Reason.CONTENT_FILTER)
    assert content_of(silent) == WHY[Reason.CONTENT_FILTER]
