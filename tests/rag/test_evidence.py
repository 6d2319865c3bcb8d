"""Sentences and table rows are evidence; headings, headers, code and front matter are not."""

from collections.abc import Mapping

import pytest

from corpus.types import UnitKind
from rag import Answer, Pipeline, Status
from tests.rag.reading import Shelf, assert_holds, rows_and_captions, run

MARKDOWN = """---
title: Notes of the yard
subject: The paint of the lighthouse costs 900 crowns
---

# The paint of the lighthouse costs 800 crowns

The paint of the lighthouse costs 700 crowns.

```
The paint of the lighthouse costs 600 crowns.
```

| What | Paint of the lighthouse (crowns) |
|---|---|
| Door | 55 |
"""


def test_only_sentences_and_rows_are_quoted(
    pipeline: Pipeline, answers: Mapping[str, Answer]
) -> None:
    for answer in answers.values():
        for sentence in answer.sentences:
            first = answer.citations[sentence.citations[0] - 1]
            kinds = {
                unit.span: unit.kind
                for piece in run(pipeline.chunks(first.document_id))
                for unit in piece.units
            }
            assert kinds[first.span] in (UnitKind.SENTENCE, UnitKind.ROW)


def test_a_header_and_a_caption_are_cited_only_after_their_row(
    pipeline: Pipeline, answers: Mapping[str, Answer]
) -> None:
    for answer in answers.values():
        for sentence in answer.sentences:
            cited = [answer.citations[marker - 1] for marker in sentence.citations]
            rows = rows_and_captions(pipeline, cited[0].document_id)
            assert [item.span for item in cited[1:]] == list(rows.get(cited[0].span, ()))


def test_headings_code_and_front_matter_are_not_quoted(shelf: Shelf) -> None:
    shelf.add(MARKDOWN, "notes.md")
    answer = shelf.ask("What does the paint of the lighthouse cost?")
    assert answer.status is Status.ANSWERED
    assert "700 crowns" in answer.text
    assert not any(figure in answer.text for figure in ("600", "800", "900"))


def test_a_sentence_over_several_lines_is_written_in_one(shelf: Shelf) -> None:
    text = "The paint of the lighthouse\r\ncosts   700 crowns\r\na year."
    document_id = shelf.add(text)
    answer = shelf.ask("What does the paint of the lighthouse cost?")
    assert answer.sentences[0].text == "The paint of the lighthouse costs 700 crowns a year."
    assert answer.citations[0].document_id == document_id
    assert answer.citations[0].quote == text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("question", "answering"),
    [
        ("Who painted the lighthouse?", "Marit Holm painted the lighthouse."),
        ("When was the lighthouse painted?", "The lighthouse was painted in May 2019."),
        (
            "Why was the lighthouse painted?",
            "The lighthouse was painted because salt had eaten the walls.",
        ),
        ("How many litres were used on the lighthouse?", "The lighthouse took 340 litres."),
        ("How often is the lighthouse painted?", "The lighthouse is painted every ninth year."),
    ],
)
def test_the_kind_of_answer_that_is_asked_for_is_given(
    shelf: Shelf, question: str, answering: str
) -> None:
    shelf.add(
        "Marit Holm painted the lighthouse. "
        "The lighthouse was painted in May 2019. "
        "The lighthouse was painted because salt had eaten the walls. "
        "The lighthouse took 340 litres. "
        "The lighthouse is painted every ninth year."
    )
    assert answering in [sentence.text for sentence in shelf.ask(question).sentences]


def test_a_word_is_known_by_others_of_its_family(shelf: Shelf) -> None:
    shelf.add(
        "Key recommendations for the keepers are outlined below:\n"
        "- Regular dialogue: Monthly ministerial video calls to keep in step.\n"
        "- Annual conferences: Progress is evaluated and adjusted there.\n"
    )
    answer = shelf.ask("How often should ministers call?")
    assert [item.quote[:17] for item in answer.citations] == ["Regular dialogue:"]


def test_a_question_without_words_is_answered_or_not_but_does_not_fail(
    pipeline: Pipeline, shelf: Shelf
) -> None:
    shelf.add("The lighthouse was painted in May 2019. 👩‍👩‍👧 e\u0301")
    for question in ("?", "!!! ???", "👩‍👩‍👧", '"', "NEAR(", "the and of", "2019", "x" * 5000):
        assert_holds(pipeline, shelf.ask(question))
