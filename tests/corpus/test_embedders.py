"""Another embedder takes over: at once for each collection, and never with mixed vectors."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.backlog import mark_embedded, unembedded, waiting
from corpus.embedders import incomplete, is_complete, start_over, take_over
from corpus.errors import IncompatibleData
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.search import by_words, found_chunks
from corpus.types import Outcome
from corpus.vectors import VectorIndex

Count = Callable[[str], int]
SIZES = {"model-1": 8, "model-2": 5}  # dimensions, which Chroma does not mix


class Stopped(Exception):
    """Indexing was stopped between two batches."""


def embed(model: str) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        made = [np.random.default_rng(len(text)).normal(size=SIZES[model]) for text in texts]
        return np.asarray(made, np.float32)

    return vectors


class Store:
    """A library and the vectors in a folder, opened with one model or the other."""

    def __init__(self, database: Path | str, folder: Path, count_tokens: Count) -> None:
        self.database, self.folder, self.count_tokens = database, folder, count_tokens
        self.opened: list[Library | VectorIndex] = []

    def open(self, model: str) -> tuple[Library, VectorIndex]:
        self.close()
        library, vectors = Library(self.database, model), VectorIndex(self.folder, model)
        self.opened = [library, vectors]
        return library, vectors

    def add(self, library: Library, text: str, collection: str = "news") -> Outcome:
        upload = Upload(text, "text/plain", "a.txt", collection)
        return add(library, "t", upload, count_tokens=self.count_tokens).outcome

    def close(self) -> None:
        for one in self.opened:
            one.close()
        self.opened = []


@pytest.fixture
def store(database: Path | str, tmp_path: Path, count_tokens: Count) -> Iterator[Store]:
    """Two collections with vectors of model-1."""
    made = Store(database, tmp_path, count_tokens)
    library, vectors = made.open("model-1")
    for number in range(3):
        made.add(library, f"Boat {number} sails.")
    made.add(library, "A boat of old.", "archive")
    index(library, vectors, embed("model-1"))
    yield made
    made.close()


def _dense(library: Library, vectors: VectorIndex, collection: str = "news") -> list[int]:
    found = vectors.search("t", collection, np.ones(SIZES[library.fingerprint], np.float32), 10)
    return sorted(found_chunks(library, "t", collection, found))


def test_until_all_vectors_are_new_a_collection_is_searched_by_words_only(store: Store) -> None:
    library, vectors = store.open("model-2")
    assert take_over(library)
    assert not take_over(library)
    assert incomplete(library, "t") == ["archive", "news"]
    assert not is_complete(library, "t", "news")
    assert is_complete(library, "t", "empty")
    assert is_complete(library, "other", "news")
    assert waiting(library) == 4
    assert len(by_words(library, "t", "news", ["boat"], 10)) == 3
    assert library.counts("t") == (4, 4)
    assert _dense(library, vectors) == []
    index(library, vectors, embed("model-2"))
    assert incomplete(library, "t") == []
    assert _dense(library, vectors) == sorted(by_words(library, "t", "news", ["boat"], 10))
    assert len(_dense(library, vectors, "archive")) == 1


def test_the_old_vectors_are_removed_when_the_new_are_complete(store: Store) -> None:
    library, vectors = store.open("model-2")
    take_over(library)
    old = VectorIndex.count
    assert old(vectors, "t", "news") == 0
    names = {one.name for one in vectors._client.list_collections()}
    assert len(names) == 2
    index(library, vectors, embed("model-2"))
    left = {one.name for one in vectors._client.list_collections()}
    assert len(left) == 2
    assert not names & left


def test_a_change_that_was_stopped_goes_on_and_each_collection_changes_over_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.ingest._BATCH", 3)

    def stop(_done: int, _known: int) -> None:
        raise Stopped

    library, vectors = store.open("model-2")
    take_over(library)
    with pytest.raises(Stopped):
        index(library, vectors, embed("model-2"), stop)
    assert incomplete(library, "t") == ["archive"]
    library, vectors = store.open("model-2")
    assert not take_over(library)
    assert index(library, vectors, embed("model-2")) == 1
    assert incomplete(library, "t") == []


def test_going_back_before_the_change_is_complete_finds_the_old_vectors(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.ingest._BATCH", 1)

    def stop(_done: int, _known: int) -> None:
        raise Stopped

    library, vectors = store.open("model-2")
    take_over(library)
    with pytest.raises(Stopped):
        index(library, vectors, embed("model-2"), stop)
    library, vectors = store.open("model-1")
    assert take_over(library)
    assert incomplete(library, "t") == []
    assert len(_dense(library, vectors)) == 3
    index(library, vectors, embed("model-1"))
    assert {one.metadata["embedder"] for one in vectors._client.list_collections()} == {"model-1"}


def test_what_comes_in_meanwhile_is_embedded_first(store: Store) -> None:
    library, vectors = store.open("model-2")
    take_over(library)
    store.add(library, "Herring is cheap.")
    assert [item.text for item in unembedded(library, 1)] == ["Herring is cheap."]
    index(library, vectors, embed("model-2"))
    assert len(_dense(library, vectors)) == 4


def test_a_deleted_collection_does_not_stay_behind(store: Store) -> None:
    library, vectors = store.open("model-2")
    take_over(library)
    for document in library.documents("t", "archive", 10)[0]:
        library.delete("t", document.id)
    index(library, vectors, embed("model-2"))
    assert incomplete(library, "t") == []


def test_a_process_with_the_old_embedder_stores_no_more_vectors(store: Store) -> None:
    library, vectors = store.open("model-1")
    newer = Library(store.database, "model-2")
    try:
        store.add(library, "Herring is cheap.")
        take_over(newer)
        with pytest.raises(IncompatibleData, match="Another process"):
            index(library, vectors, embed("model-1"))
        assert waiting(newer) == 5
        assert is_complete(library, "t", "news")  # it may go on to search by its own
        assert len(_dense(library, vectors)) == 3
        mark_embedded(newer, [item.chunk_id for item in unembedded(newer, 9)])
    finally:
        newer.close()


def test_all_vectors_are_made_again_from_sql(store: Store) -> None:
    library, vectors = store.open("model-1")
    ids = _dense(library, vectors)
    vectors.delete("t", "news", ids[:2])
    vectors.upsert("t", "news", [999], np.ones((1, 8), np.float32))
    start_over(library)
    assert incomplete(library, "t") == ["archive", "news"]
    assert index(library, vectors, embed("model-1")) == 4
    assert incomplete(library, "t") == []
    assert _dense(library, vectors) == ids
    assert vectors.count("t", "news") == 3
