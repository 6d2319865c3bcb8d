"""The events of an answer say the same as the answer."""

from rag import Question
from rag.events import Answered, Began, Checked, Delta, Event, Found, Stage
from tests.rag.reading import Shelf, run


def events_of_question(shelf: Shelf, text: str) -> list[Event]:
    async def collect() -> list[Event]:
        question = Question(text, collection=shelf.collection)
        return [event async for event in shelf.pipeline.answering(question)]

    return run(collect())


def test_deltas_are_the_text_and_each_sentence_comes_with_its_citations(shelf: Shelf) -> None:
    shelf.add("The lighthouse was painted in May 2019. It is white.", title="Lighthouse")
    events = events_of_question(shelf, "When was the lighthouse painted?")
    last = events[-1]
    assert isinstance(last, Answered)
    assert "".join(one.text for one in events if isinstance(one, Delta)) == last.answer.text
    checked = [one for one in events if isinstance(one, Checked)]
    assert tuple(one.sentence for one in checked) == last.answer.sentences
    assert [one.index for one in checked] == list(range(len(checked)))
    cited = tuple(citation for one in checked for citation in one.citations)
    assert cited == last.answer.citations
    assert cited


def test_retrieving_comes_first_and_then_what_was_found(shelf: Shelf) -> None:
    shelf.add("The lighthouse was painted in May 2019.", title="Lighthouse")
    began, found, *_ = events_of_question(shelf, "When was the lighthouse painted?")
    assert began == Began(Stage.RETRIEVING)
    assert isinstance(found, Found)
    assert [one.title for one in found.passages] == ["Lighthouse"]


def test_an_abstention_has_no_text(shelf: Shelf) -> None:
    shelf.add("The lighthouse was painted in May 2019.", title="Lighthouse")
    events = events_of_question(shelf, "Who won the cup?")
    assert not [one for one in events if isinstance(one, Delta | Checked)]
    assert isinstance(events[-1], Answered)
