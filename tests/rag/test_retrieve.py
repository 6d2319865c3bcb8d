"""A question finds the passages that are true now, in rank order, whatever it is made of."""

from collections.abc import Callable
from itertools import combinations

import pytest

from corpus.errors import InvalidRequest
from corpus.types import Passage
from rag import Mode, Pipeline, Upload
from tests.rag.reading import Shelf, run

WEIRD = [
    "?",
    "...",
    '"',
    '""',
    '"unclosed',
    "'",
    "NEAR(",
    "NEAR(ferry, 5)",
    "*",
    "ferry*",
    "AND",
    "ferry AND",
    "OR NOT AND",
    "body:ferry",
    "heading : ferry",
    "^ferry",
    "-ferry",
    "ferry + tram",
    "{ferry}: tram",
    "(((",
    "; DROP TABLE chunks; --",
    "%_%",
    "ferry\0tram",
    "👩‍👩‍👧🇳🇴👍🏽",
    "e\u0301\u0301",
    "\u202eyrref",
    "日本語の文章です",
    "ferry\r\n\ttram\u2028",
    "x" * 20_000,
]


def _ids(passages: list[Passage]) -> list[int]:
    return [passage.chunk.id for passage in passages]


def _search(shelf: Shelf, query: str, mode: Mode = Mode.HYBRID) -> list[Passage]:
    return run(shelf.pipeline.search(query, collection=shelf.collection, mode=mode))


def test_passages_come_best_first_and_are_numbered(pipeline: Pipeline) -> None:
    found = run(pipeline.search("ferry budget 2026", k=7))
    assert [passage.rank for passage in found] == list(range(1, 8))
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)
    assert len(set(_ids(found))) == 7


def test_a_passage_is_its_document_s_text(pipeline: Pipeline) -> None:
    for passage in run(pipeline.search("herring quota")):
        document = run(pipeline.document(passage.chunk.document_id, passage.chunk.version))
        assert passage.chunk.span.of(document.text) == passage.text
        assert passage.title == document.title


@pytest.mark.parametrize(("mode", "half"), [(Mode.DENSE, "dense"), (Mode.LEXICAL, "lexical")])
def test_one_half_alone_ranks_by_itself(pipeline: Pipeline, mode: Mode, half: str) -> None:
    found = run(pipeline.search("hosepipe ban", mode=mode))
    assert set(found[0].ranks_by) == {half}
    assert all(set(passage.ranks_by) <= {half} for passage in found)


def test_both_halves_are_fused(pipeline: Pipeline) -> None:
    found = run(pipeline.search("hosepipe ban in Lissow", k=100))
    assert set(found[0].ranks_by) == {"dense", "lexical"}
    assert {half for passage in found for half in passage.ranks_by} == {"dense", "lexical"}


def test_chunks_side_by_side_are_one_passage(pipeline: Pipeline) -> None:
    found = run(pipeline.search("hosepipe ban in Lissow", k=100))
    for one, other in combinations(found, 2):
        if one.chunk.document_id == other.chunk.document_id:
            first, second = sorted((one.chunk.span, other.chunk.span))
            assert first.end < second.start
    assert any(passage.chunk.token_count > pipeline.settings.chunk_tokens for passage in found)
    assert max(passage.chunk.token_count for passage in found) <= 400


@pytest.mark.parametrize("max_tokens", [1, 100, 400, 1000])
def test_passages_keep_a_budget_of_tokens(
    pipeline: Pipeline, count_tokens: Callable[[str], int], max_tokens: int
) -> None:
    found = run(pipeline.search("ferry budget 2026", k=100, max_tokens=max_tokens))
    assert found, "the first chunk is given whatever its size"
    assert len(found) == 1 or sum(count_tokens(one.text) for one in found) <= max_tokens


def test_a_document_has_no_more_passages_than_it_may(pipeline: Pipeline) -> None:
    found = run(pipeline.search("ferry budget 2026", k=20, per_document=1))
    names = [passage.chunk.document_id for passage in found]
    assert len(names) == len(set(names)) > 1


def test_what_two_documents_have_in_common_is_found_once(shelf: Shelf) -> None:
    wire = "The lighthouse keeper paints the herring barrels blue every ninth year."
    for number in range(3):
        shelf.add(f"{wire} {'Again. ' * number}", external_id=str(number))
    shelf.add("The keeper of the lighthouse has twelve barrels for the herring.")
    texts = [passage.text for passage in _search(shelf, "lighthouse herring barrels")]
    assert [text[:20] for text in sorted(texts)] == [
        "The keeper of the li",
        "The lighthouse keepe",
    ]


def test_words_are_found_in_other_forms_and_without_accents(shelf: Shelf) -> None:
    name = shelf.add("Councillor Brück was voting against every subsidy that day.")
    for query in ("Bruck", "BRÜCK", "votes", "subsidies"):
        (found,) = _search(shelf, query, Mode.LEXICAL)
        assert found.chunk.document_id == name


def test_meaning_is_found_without_a_common_word(shelf: Shelf) -> None:
    shelf.add("The orchestra played a long symphony to a full house last night.", "music.txt")
    wanted = shelf.add("A dog chased the postman down our street this morning.", "dogs.txt")
    assert _search(shelf, "puppy running after a mail carrier", Mode.LEXICAL) == []
    assert _search(shelf, "puppy running after a mail carrier")[0].chunk.document_id == wanted


@pytest.mark.parametrize("k", [1, 3, 20])
def test_k_passages_are_found_where_there_are_as_many(pipeline: Pipeline, k: int) -> None:
    assert len(run(pipeline.search("crowns", k=k))) == k
    assert len(run(pipeline.search("crowns", k=100))) < 100


def test_the_settings_say_how_many_without_k(pipeline: Pipeline) -> None:
    assert len(run(pipeline.search("crowns"))) == pipeline.settings.passages


@pytest.mark.parametrize("mode", Mode)
def test_an_empty_collection_has_nothing(shelf: Shelf, mode: Mode) -> None:
    assert _search(shelf, "ferry", mode) == []


@pytest.mark.parametrize("mode", Mode)
def test_another_collection_is_not_searched(shelf: Shelf, mode: Mode) -> None:
    wanted = shelf.add("The lighthouse keeper paints the herring barrels blue.")
    found = _search(shelf, "ferry subsidy lighthouse herring", mode)
    assert {passage.chunk.document_id for passage in found} == {wanted}
    elsewhere = run(shelf.pipeline.search("lighthouse keeper herring barrels", k=100, mode=mode))
    assert wanted not in {passage.chunk.document_id for passage in elsewhere}


@pytest.mark.parametrize("mode", Mode)
def test_a_deleted_document_is_not_found_while_its_vectors_are_there(
    shelf: Shelf, mode: Mode
) -> None:
    name = shelf.add("The lighthouse keeper paints the herring barrels blue.")
    shelf.pipeline._library.delete("default", name)
    assert shelf.pipeline._vectors.count("default", shelf.collection) == 1
    assert _search(shelf, "lighthouse keeper", mode) == []


def test_deleting_takes_the_vectors_away(shelf: Shelf) -> None:
    name = shelf.add("The lighthouse keeper paints the herring barrels blue.")
    run(shelf.pipeline.delete(name))
    assert shelf.pipeline._vectors.count("default", shelf.collection) == 0
    assert _search(shelf, "lighthouse keeper") == []


@pytest.mark.parametrize("mode", Mode)
def test_an_updated_document_is_found_by_its_new_text(shelf: Shelf, mode: Mode) -> None:
    old = shelf.add("The lighthouse was painted blue.", external_id="a")
    new = shelf.add("The orchestra played a symphony.", external_id="a")
    assert old == new
    (found,) = _search(shelf, "orchestra symphony", mode)
    assert (found.text, found.chunk.version) == ("The orchestra played a symphony.", 2)
    texts = [passage.text for passage in _search(shelf, "lighthouse painted blue", mode)]
    assert "The lighthouse was painted blue." not in texts


def test_a_document_is_found_only_once_it_is_indexed(shelf: Shelf) -> None:
    shelf.add("The lighthouse was painted blue.", external_id="a")
    upload = Upload("The lighthouse was painted red.", "text/plain", "a.txt", shelf.collection, "a")
    run(shelf.pipeline.add([upload]))
    assert [item.text for item in _search(shelf, "lighthouse")] == [
        "The lighthouse was painted blue."
    ]
    run(shelf.pipeline.index())
    assert [item.text for item in _search(shelf, "lighthouse")] == [
        "The lighthouse was painted red."
    ]


@pytest.mark.parametrize("mode", Mode)
def test_no_query_fails(pipeline: Pipeline, mode: Mode) -> None:
    async def search_all() -> None:
        for query in WEIRD:
            for passage in await pipeline.search(query, mode=mode):
                assert passage.text

    run(search_all())


@pytest.mark.parametrize("mode", Mode)
def test_a_query_of_ten_thousand_words_does_not_fail(pipeline: Pipeline, mode: Mode) -> None:
    words = [f"ferry{number}" for number in range(9_999)]
    found = run(pipeline.search(" ".join(["lighthouse", *words]), mode=mode))
    assert mode is Mode.DENSE or any("lighthouse" in item.text.lower() for item in found)


@pytest.mark.parametrize("query", ["", " ", "\n\t", "\u00a0\u3000"])
def test_a_blank_query_is_refused(pipeline: Pipeline, query: str) -> None:
    with pytest.raises(InvalidRequest, match="blank"):
        run(pipeline.search(query))
    with pytest.raises(InvalidRequest, match="blank"):
        run(pipeline.ask(query))


def test_a_lone_surrogate_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRequest):
        run(pipeline.search("ferry \ud800"))
