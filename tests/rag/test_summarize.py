"""A summary quotes what stands for its documents, in their order, once each."""

from collections.abc import Mapping
from itertools import combinations

import pytest

from corpus.embed import MiniLM
from corpus.errors import InvalidRequest, NotFound
from corpus.types import UnitKind
from rag import Pipeline, Summary, SummaryStatus
from tests.rag.reading import SAMPLES, Samples, Shelf, assert_holds, run

NAMES = [path.name for path in SAMPLES]
STRIKE = ("ferry-strike-day-one.txt", "skarne-strike-island-view.txt")


def _words(summary: Summary) -> int:
    return sum(len(sentence.text.split()) for sentence in summary.sentences)


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_is_quoted(
    pipeline: Pipeline, summaries: Mapping[str, Summary], name: str
) -> None:
    summary = summaries[name]
    assert summary.sentences
    assert_holds(pipeline, summary)


@pytest.mark.parametrize("name", NAMES)
def test_sentences_come_in_document_order(summaries: Mapping[str, Summary], name: str) -> None:
    starts = [citation.span.start for citation in summaries[name].citations]
    assert starts == sorted(starts)


@pytest.mark.parametrize("name", NAMES)
def test_a_summary_has_no_leftover_of_a_chatbot(
    summaries: Mapping[str, Summary], name: str
) -> None:
    text = summaries[name].text.replace("’", "'")
    for leftover in ("If you'd like", "Just say the word", "Just let me know"):
        assert leftover not in text


@pytest.mark.parametrize("name", NAMES)
def test_table_rows_are_not_quoted(
    pipeline: Pipeline, summaries: Mapping[str, Summary], name: str
) -> None:
    summary = summaries[name]
    units = [
        unit for piece in run(pipeline.chunks(summary.document_ids[0])) for unit in piece.units
    ]
    kinds = {unit.span: unit.kind for unit in units}
    assert {kinds[item.span] for item in summary.citations} == {UnitKind.SENTENCE}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_twice(summaries: Mapping[str, Summary], model: MiniLM, name: str) -> None:
    vectors = model.embed([sentence.text for sentence in summaries[name].sentences])
    for one, other in combinations(vectors, 2):
        assert float(one @ other) < 0.75


def test_a_sentence_that_two_documents_share_is_quoted_once(shelf: Shelf) -> None:
    shared = "The council approved a new harbour for the town of Skarne on Monday."
    names = [
        shelf.add(f"{shared} The mayor called it a very good day for all fishermen.", "one.txt"),
        shelf.add(f"{shared} A protest by some residents is planned for Saturday noon.", "two.txt"),
    ]
    summary = run(shelf.pipeline.summarize(names))
    texts = [sentence.text for sentence in summary.sentences]
    assert texts.count(shared) == 1
    assert len(texts) == 3


@pytest.mark.parametrize("max_words", [25, 60, 120, 300])
def test_a_summary_is_as_long_as_it_is_to_be(samples: Samples, max_words: int) -> None:
    name = samples.ids["storm-ansgar-live.md"]
    summary = run(samples.pipeline.summarize([name], max_words=max_words))
    assert 0.85 * max_words <= _words(summary) <= 1.15 * max_words
    assert summary.reason is None


def test_summaries_have_120_words_unless_told(summaries: Mapping[str, Summary]) -> None:
    for summary in summaries.values():
        assert 0.85 * 120 <= _words(summary) <= 1.15 * 120


@pytest.mark.parametrize(
    ("max_words", "reason", "said"),
    [
        (60, "short", "It has 10 words of the 60 that were asked for: the documents have no more"),
        (5, "long", "It has 10 words of the 5 that were asked for: the documents have no shorter"),
    ],
)
def test_a_length_that_the_documents_do_not_allow_is_said(
    shelf: Shelf, max_words: int, reason: str, said: str
) -> None:
    name = shelf.add("The ferry leaves for the islands at noon every day.")
    summary = run(shelf.pipeline.summarize([name], max_words=max_words))
    assert (summary.status, summary.reason) == (SummaryStatus.COMPLETE, reason)
    assert (summary.detail or "").startswith(said)


def test_what_can_not_stand_by_itself_is_quoted_only_where_nothing_else_is(shelf: Shelf) -> None:
    label = "Third reason: the old ferry is too small for the islands."
    question = "Who will pay for the new ferry to the islands?"
    plain = "The council ordered a new ferry for the islands on Monday."
    both = shelf.add(f"{label} {question} {plain}", "both.txt")
    alone = shelf.add(f"{label} {question}", "alone.txt")
    assert [one.text for one in run(shelf.pipeline.summarize([both])).sentences] == [plain]
    assert [one.text for one in run(shelf.pipeline.summarize([alone])).sentences] == [
        label,
        question,
    ]


@pytest.mark.parametrize(
    ("name", "focus", "word"),
    [
        ("tram-line-3-cost.md", "tarry, polluted soil in Tanner Street", "Tanner"),
        ("ferry-budget-2026-approved.md", "the price of fuel and marine diesel", "fuel"),
        ("water-bills-2026.txt", "leaks and leakage of pipes", "leak"),
    ],
)
def test_a_focus_changes_what_is_quoted(
    samples: Samples, summaries: Mapping[str, Summary], name: str, focus: str, word: str
) -> None:
    summary = run(samples.pipeline.summarize([samples.ids[name]], focus=focus, max_words=60))
    assert_holds(samples.pipeline, summary)
    assert summary.focus == focus
    assert word in summary.text
    assert summary.text != summaries[name].text
    assert summaries[name].focus is None


@pytest.mark.parametrize("focus", ["?", "👩‍👩‍👧", '"NEAR(', "quark", "x" * 3000])
def test_a_focus_may_be_far_from_the_document(pipeline: Pipeline, shelf: Shelf, focus: str) -> None:
    name = shelf.add("The ferry leaves for the islands at noon every day.")
    summary = run(pipeline.summarize([name], focus=focus))
    assert [sentence.text for sentence in summary.sentences] == [
        "The ferry leaves for the islands at noon every day."
    ]


def test_a_focus_may_be_opposed_to_every_sentence(
    pipeline: Pipeline, shelf: Shelf, model: MiniLM
) -> None:
    text = "The ferry leaves for the islands at noon every day."
    name = shelf.add(text)
    words = ["quark", "genome", "tensor", "lattice gluon", "jurisprudence", "0x1f", "mitosis"]
    focus = min(words, key=lambda word: float(model.embed([word])[0] @ model.embed([text])[0]))
    assert float(model.embed([focus])[0] @ model.embed([text])[0]) < 0
    assert len(run(pipeline.summarize([name], focus=focus)).sentences) == 1


def test_several_documents_are_summarized_together_in_the_order_given(samples: Samples) -> None:
    names = [samples.ids[name] for name in STRIKE]
    for order in (names, names[::-1]):
        summary = run(samples.pipeline.summarize(order, max_words=200))
        assert_holds(samples.pipeline, summary)
        assert summary.document_ids == tuple(order)
        assert [item.document_id for item in summary.coverage] == order
        places = [(order.index(item.document_id), item.span.start) for item in summary.citations]
        assert places == sorted(places)
        assert {item.document_id for item in summary.citations} == set(names)


def test_a_document_that_is_named_twice_is_read_once(
    samples: Samples, summaries: Mapping[str, Summary]
) -> None:
    name = samples.ids["tram-night-service.html"]
    summary = run(samples.pipeline.summarize([name, name]))
    assert summary.document_ids == (name,)
    assert summary.text == summaries["tram-night-service.html"].text
    assert len(summary.coverage) == 1


@pytest.mark.parametrize("name", NAMES)
def test_coverage_adds_up(pipeline: Pipeline, summaries: Mapping[str, Summary], name: str) -> None:
    summary = summaries[name]
    (coverage,) = summary.coverage
    chunks = run(pipeline.chunks(coverage.document_id))
    units = [unit for piece in chunks for unit in piece.units]
    flaws = [unit.flaw.value for unit in units if unit.flaw is not None]
    assert coverage.document_id == summary.document_ids[0]
    assert coverage.title == summary.citations[0].title
    assert coverage.read == sum(u.kind in (UnitKind.SENTENCE, UnitKind.ROW) for u in units)
    assert coverage.cited == len(summary.sentences) == len(summary.citations)
    assert coverage.set_aside == {flaw: flaws.count(flaw) for flaw in set(flaws)}
    assert coverage.cited + sum(coverage.set_aside.values()) <= coverage.read
    assert summary.usage.read == sum(piece.token_count for piece in chunks)


def test_a_document_that_is_not_there_is_not_found(samples: Samples) -> None:
    known = samples.ids["tram-night-service.html"]
    for names in (["doc_00000000000000000000"], [known, "doc_x"], [""]):
        with pytest.raises(NotFound, match=repr(names[-1])):
            run(samples.pipeline.summarize(names))


def test_a_deleted_document_is_not_found(shelf: Shelf) -> None:
    name = shelf.add("The ferry leaves for the islands at noon every day.")
    run(shelf.pipeline.delete(name))
    with pytest.raises(NotFound):
        run(shelf.pipeline.summarize([name]))


def test_no_document_is_no_request(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRequest, match="at least one"):
        run(pipeline.summarize([]))


def test_the_same_request_has_the_same_summary(
    samples: Samples, summaries: Mapping[str, Summary]
) -> None:
    again = run(samples.pipeline.summarize([samples.ids["fare-cap-2025-vote.html"]]))
    first = summaries["fare-cap-2025-vote.html"]
    assert (again.text, again.citations) == (first.text, first.citations)
    assert again.id != first.id
