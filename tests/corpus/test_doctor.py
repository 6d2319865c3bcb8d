"""Everything that can be wrong with a store is found and says how it is mended."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text as sql

from corpus.doctor import examine
from corpus.embedders import start_over, take_over
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.vectors import VectorIndex

Count = Callable[[str], int]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.ones((len(texts), 4), np.float32)


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[VectorIndex]:
    opened = VectorIndex(tmp_path, "model-1")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def documents(library: Library, vectors: VectorIndex, count_tokens: Count) -> list[str]:
    """Two documents that can be searched, and one vector less than there was."""
    uploads = [Upload(f"Boat {at} sails.", "text/plain", "a.txt") for at in range(3)]
    ids = [add(library, "t", one, count_tokens=count_tokens).id for one in uploads]
    index(library, vectors, embed)
    library.delete("t", ids.pop())
    index(library, vectors, embed)
    return ids


def kinds(library: Library, vectors: VectorIndex) -> list[str]:
    found = examine(library, vectors)
    for one in found:
        assert one.detail.endswith(".")
        assert one.remedy.endswith(".")
    return [one.kind for one in found]


def test_nothing_is_wrong_with_a_store_that_was_used(
    library: Library, vectors: VectorIndex
) -> None:
    assert kinds(library, vectors) == []


def test_a_lost_vector_is_found_and_made_again(library: Library, vectors: VectorIndex) -> None:
    vectors.delete("t", "default", [1])
    (found,) = examine(library, vectors)
    assert (found.kind, found.detail[:8]) == ("missing_vectors", "1 chunks")
    assert "pincite reindex" in found.remedy
    start_over(library)
    index(library, vectors, embed)
    assert kinds(library, vectors) == []


def test_a_lost_index_is_found(library: Library, vectors: VectorIndex) -> None:
    vectors.drop("t", "default", "model-1")
    (found,) = examine(library, vectors)
    assert (found.kind, found.detail[:8]) == ("missing_vectors", "2 chunks")


@pytest.mark.parametrize(("tenant", "collection"), [("t", "default"), ("nobody", "nothing")])
def test_a_vector_of_no_chunk_is_found(
    library: Library, vectors: VectorIndex, tenant: str, collection: str
) -> None:
    vectors.upsert(tenant, collection, [999], embed(["x"]))
    (found,) = examine(library, vectors)
    assert (found.kind, found.detail[:9]) == ("orphan_vectors", "1 vectors")


def test_an_index_of_an_embedder_that_is_gone_is_found(
    library: Library, vectors: VectorIndex
) -> None:
    vectors._fingerprint = "model-0"
    vectors.upsert("t", "default", [1], embed(["x"]))
    vectors._fingerprint = "model-1"
    assert kinds(library, vectors) == ["orphan_vectors"]


def test_what_is_left_to_do_is_found_and_no_orphan(
    library: Library, vectors: VectorIndex, documents: list[str], count_tokens: Count
) -> None:
    library.delete("t", documents[0])
    assert kinds(library, vectors) == ["unremoved_vectors"]
    add(library, "t", Upload("New.", "text/plain", "b"), count_tokens=count_tokens)
    assert kinds(library, vectors) == ["waiting_chunks", "unremoved_vectors"]
    index(library, vectors, embed)
    assert kinds(library, vectors) == []


def test_another_embedder_is_found_before_and_after_it_took_over(
    library: Library, vectors: VectorIndex
) -> None:
    newer = Library(library.engine.url.render_as_string(hide_password=False), "model-2")
    try:
        assert kinds(newer, vectors) == ["embedder_mismatch"]
        assert kinds(library, vectors) == []  # nothing was changed by looking
        take_over(newer)
        assert kinds(newer, vectors) == ["embedder_mismatch", "waiting_chunks"]
    finally:
        newer.close()


def test_damage_in_sql_is_found(library: Library, vectors: VectorIndex) -> None:
    with library.engine.begin() as connection:
        connection.execute(sql("DELETE FROM files"))
        connection.execute(sql("DELETE FROM chunks_text WHERE rowid = 1"))
    (found,) = examine(library, vectors)
    assert found.kind == "damaged_sql"
    assert "1 chunks" in found.detail
    assert "2 versions" in found.detail


def test_a_process_that_was_killed_is_named(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "pincite.pid").write_text("4711")
    vectors = VectorIndex(folder, "model-1")
    try:
        found = examine(library, vectors)[0]
    finally:
        vectors.close()
    assert (found.kind, found.detail[:12]) == ("stale_lock", "Process 4711")
    assert found.remedy.startswith("Nothing")
    assert not (folder / "pincite.pid").exists()
