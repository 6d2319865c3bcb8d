"""The vector index on a real Chroma folder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.errors import DataFolderInUse
from corpus.vectors import VectorIndex

ROOT = Path(__file__).parents[2]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    opened = VectorIndex(tmp_path, "model-1")
    yield opened
    opened.close()


def _vectors(count: int, size: int = 8) -> NDArray[np.float32]:
    made = np.random.default_rng(1).normal(size=(count, size)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def test_the_nearest_come_first(index: VectorIndex) -> None:
    vectors = _vectors(50)
    index.upsert("t", "news", range(100, 150), vectors)
    expected = [100 + int(at) for at in np.argsort(-(vectors @ vectors[7]))[:5]]
    assert index.search("t", "news", vectors[7], 5) == expected
    assert expected[0] == 107


def test_more_vectors_than_chroma_takes_at_once_are_all_there(index: VectorIndex) -> None:
    count = index._batch + 10
    vectors = _vectors(count, 2)
    index.upsert("t", "news", range(count), vectors)
    assert index.count("t", "news") == count
    index.delete("t", "news", range(count))
    assert index.count("t", "news") == 0


def test_putting_a_vector_again_replaces_it(index: VectorIndex) -> None:
    vectors = _vectors(3)
    index.upsert("t", "news", [1, 2], vectors[:2])
    index.upsert("t", "news", [1], vectors[2:])
    assert index.count("t", "news") == 2
    assert index.search("t", "news", vectors[2], 1) == [1]


def test_another_tenant_or_collection_finds_nothing(index: VectorIndex) -> None:
    vectors = _vectors(3)
    index.upsert("t", "news", [1, 2, 3], vectors)
    for tenant, collection in (("other", "news"), ("t", "archive")):
        assert index.search(tenant, collection, vectors[0], 3) == []
        assert index.count(tenant, collection) == 0
        index.delete(tenant, collection, [1])
    assert index.count("t", "news") == 3


def test_fewer_vectors_than_asked_for_and_unknown_ids_do_no_harm(index: VectorIndex) -> None:
    vectors = _vectors(2)
    index.upsert("t", "news", [1, 2], vectors)
    assert sorted(index.search("t", "news", vectors[0], 10)) == [1, 2]
    index.delete("t", "news", [2, 77])
    assert index.search("t", "news", vectors[0], 10) == [1]


def test_vectors_are_there_after_the_folder_is_opened_again(tmp_path: Path) -> None:
    vectors = _vectors(2)
    first = VectorIndex(tmp_path, "model-1")
    first.upsert("t", "news", [1, 2], vectors)
    first.close()
    second = VectorIndex(tmp_path, "model-1")
    assert second.search("t", "news", vectors[1], 1) == [2]
    second.close()


@pytest.mark.usefixtures("index")
def test_a_folder_is_opened_once_in_a_process(tmp_path: Path) -> None:
    with pytest.raises(DataFolderInUse, match=str(tmp_path)):
        VectorIndex(tmp_path, "model-1")


@pytest.mark.usefixtures("index")
def test_a_folder_is_opened_by_one_process(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from corpus.vectors import VectorIndex; "
        "VectorIndex(pathlib.Path(sys.argv[1]), 'model-1')"
    )
    ended = subprocess.run(  # noqa: S603 - a real second process
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode != 0
    assert "DataFolderInUse" in ended.stderr
