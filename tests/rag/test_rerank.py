"""A reranker gives passages their order, and can not make any."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document

from corpus.types import Passage
from rag import Pipeline, Settings, UnusableRanking, Upload
from rag.rerank import reranked
from tests.rag.reading import passage_of_tokens, run

TEXTS = [f"The ferry of line {at} sails {'often ' * at}to port {at}." for at in range(9)]


class Longest(BaseDocumentCompressor):
    """Puts the longest first, and leaves out those of a line."""

    without: str

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        assert callbacks is None
        assert "ferry" in query
        kept = [one for one in documents if self.without not in one.page_content]
        return sorted(kept, key=lambda one: len(one.page_content), reverse=True)


class Changing(BaseDocumentCompressor):
    """Returns what a function makes of the documents."""

    change: Callable[[list[Document]], list[Document]]

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        assert (query, callbacks) == ("query", None)
        return self.change(list(documents))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    opened = Pipeline(
        Settings(data_dir=tmp_path_factory.mktemp("reranked"), threads=2),
        reranker=Longest(without="line 8 "),
    )
    uploads = [
        Upload(text, "text/plain", f"{at}.txt", external_id=str(at))
        for at, text in enumerate(TEXTS)
    ]
    run(opened.add(uploads))
    run(opened.index())
    yield opened
    opened.close()


def test_the_order_is_the_reranker_s(pipeline: Pipeline) -> None:
    found = run(pipeline.search("ferry to port", k=3))
    assert [one.text for one in found] == [TEXTS[7], TEXTS[6], TEXTS[5]]
    assert [one.rank for one in found] == [1, 2, 3]


def test_what_it_leaves_out_is_left_out(pipeline: Pipeline) -> None:
    found = run(pipeline.search("ferry to port", k=9))
    assert [one.text for one in found] == TEXTS[7::-1]


def test_passages_are_cited_where_they_stand(pipeline: Pipeline) -> None:
    answer = run(pipeline.ask("Where does the ferry of line 8 sail?"))
    assert answer.passages
    for passage in answer.passages:
        document = run(pipeline.document(passage.chunk.document_id))
        assert passage.chunk.span.of(document.text) == passage.text
    assert TEXTS[8] not in {passage.text for passage in answer.passages}


def test_the_budget_is_kept_in_the_reranker_s_order(pipeline: Pipeline) -> None:
    whole = run(pipeline.search("ferry to port", k=9))
    size = whole[0].chunk.token_count + whole[1].chunk.token_count + 2
    found = run(pipeline.search("ferry to port", k=9, max_tokens=size))
    assert [one.text for one in found] == TEXTS[7:5:-1]
    (first,) = run(pipeline.search("ferry to port", k=9, max_tokens=1))
    assert first.text == TEXTS[7], "the first is given whatever its size"


def test_nothing_found_is_not_reranked(pipeline: Pipeline) -> None:
    assert run(pipeline.search("ferry", where={"year": 2024})) == []


def test_it_is_told_what_a_passage_is() -> None:
    seen: list[Document] = []

    def look(given: list[Document]) -> list[Document]:
        seen.extend(given)
        return given

    reranked(Changing(change=look), "query", _passages(2), 9, None)
    assert [one.metadata for one in seen] == [
        {"passage": at, "document_id": "doc_0", "title": "title", "uri": None, "span": [0, 1]}
        for at in range(2)
    ]


@pytest.mark.parametrize("metadata", [{}, *({"passage": one} for one in (7, -1, "0", None, [0]))])
def test_a_document_that_it_made_is_refused(metadata: dict[str, Any]) -> None:
    made = Document("x", metadata=metadata)
    with pytest.raises(UnusableRanking, match="passage="):
        reranked(Changing(change=lambda given: [*given, made]), "query", _passages(3), 3, None)


def test_a_document_that_it_repeats_is_refused() -> None:
    repeating = Changing(change=lambda given: [given[0], given[0]])
    with pytest.raises(UnusableRanking, match="passage=0"):
        reranked(repeating, "query", _passages(3), 3, None)


def test_a_document_that_it_rewrote_is_refused() -> None:
    def rewrite(given: list[Document]) -> list[Document]:
        return [given[1].model_copy(update={"page_content": "y"})]

    with pytest.raises(UnusableRanking, match="its text begins 'y'"):
        reranked(Changing(change=rewrite), "query", _passages(3), 3, None)


def test_its_own_error_is_not_hidden() -> None:
    def fail(_given: list[Document]) -> list[Document]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        reranked(Changing(change=fail), "query", _passages(1), 1, None)


def _passages(count: int) -> list[Passage]:
    return [passage_of_tokens(10, at) for at in range(1, count + 1)]
