"""The vector index on a real Chroma folder."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.errors import DataFolderInUse, IncompatibleData, IndexUnreachable, InvalidRequest
from corpus.vectors import VectorIndex
from tests.api.serving import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["embedded", "server"])
def server(request: pytest.FixtureRequest) -> str | None:
    """Where the index is: in a folder, or on a server."""
    if request.param == "embedded":
        return None
    url: str = request.getfixturevalue("chroma")
    return url


@pytest.fixture
def model() -> str:
    """An embedder of the test's own, since all tests share the server."""
    return uuid.uuid4().hex


@pytest.fixture
def index(tmp_path: Path, model: str, server: str | None) -> Iterator[VectorIndex]:
    opened = VectorIndex(tmp_path, model, server)
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


def test_of_a_few_hundred_none_is_missed(index: VectorIndex) -> None:
    random = np.random.default_rng(2)
    groups = random.normal(size=(20, 384))
    vectors = np.asarray(groups.repeat(20, axis=0) + random.normal(size=(400, 384)), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.upsert("t", "news", range(400), vectors)
    for query in vectors[::20]:
        expected = [int(at) for at in np.argsort(-(vectors @ query))[:100]]
        assert index.search("t", "news", query, 100) == expected


@pytest.mark.parametrize("allowed", [range(100, 101), range(140, 400), range(100, 1700, 2)])
def test_only_some_are_searched_and_none_is_missed(index: VectorIndex, allowed: range) -> None:
    vectors = _vectors(1600)
    index.upsert("t", "news", range(100, 1700), vectors)
    index.delete("t", "news", range(300, 320))
    left = [one for one in allowed if one not in range(300, 320)]
    order = sorted(left, key=lambda one: -float(vectors[one - 100] @ vectors[7]))
    assert index.search("t", "news", vectors[7], 5, allowed) == order[:5]
    assert len(index.search("t", "news", vectors[7], 2000, allowed)) == len(left)


def test_none_of_some_is_found(index: VectorIndex) -> None:
    vectors = _vectors(3)
    assert index.search("t", "news", vectors[0], 5, [1]) == []
    index.upsert("t", "news", [1, 2, 3], vectors)
    assert index.search("t", "news", vectors[0], 5, []) == []
    assert index.search("t", "news", vectors[0], 5, [77]) == []
    assert index.search("t", "news", vectors[0], 5, range(4, 1000)) == []


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


def test_vectors_of_another_dimension_are_an_error_that_says_what_to_do(
    index: VectorIndex,
) -> None:
    index.upsert("t", "c", [1, 2], _vectors(2))
    other = _vectors(1, size=9)
    with pytest.raises(IncompatibleData, match="pincite reindex"):
        index.upsert("t", "c", [3], other)
    with pytest.raises(IncompatibleData, match="dimension"):
        index.search("t", "c", other[0], 1)
    assert index.count("t", "c") == 2


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


def test_vectors_are_there_after_the_folder_is_opened_again(
    tmp_path: Path, model: str, server: str | None
) -> None:
    vectors = _vectors(2)
    first = VectorIndex(tmp_path, model, server)
    first.upsert("t", "news", [1, 2], vectors)
    first.close()
    second = VectorIndex(tmp_path, model, server)
    assert second.search("t", "news", vectors[1], 1) == [2]
    second.close()


def test_vectors_are_copied_from_chunk_to_chunk(index: VectorIndex) -> None:
    vectors = _vectors(3)
    assert index.copy("t", "news", {7: 1}) == set()
    index.upsert("t", "news", [1, 2, 3], vectors)
    assert index.copy("t", "news", {7: 1, 8: 2, 9: 77, 10: 1}) == {7, 8, 10}
    assert sorted(index.search("t", "news", vectors[0], 3)) == [1, 7, 10]
    assert index.count("t", "news") == 6


def test_the_index_of_an_embedder_is_dropped_alone(index: VectorIndex, model: str) -> None:
    index.upsert("t", "news", [1], _vectors(1))
    index.upsert("t", "archive", [2], _vectors(1))
    index.drop("t", "news", "another-model")
    index.drop("other", "news", model)
    assert index.count("t", "news") == 1
    index.drop("t", "news", model)
    assert (index.count("t", "news"), index.count("t", "archive")) == (0, 1)


def test_a_folder_is_opened_once_in_a_process(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path, "model-1")
    try:
        with pytest.raises(DataFolderInUse, match=rf"process {os.getpid()}.*{tmp_path}"):
            VectorIndex(tmp_path, "model-1")
    finally:
        index.close()


_OPEN = (
    "import sys, pathlib, os, signal; from corpus.vectors import VectorIndex; "
    "VectorIndex(pathlib.Path(sys.argv[1]), 'model-1'); os.kill(os.getpid(), signal.SIGKILL)"
)


def test_a_folder_is_opened_by_one_process(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path, "model-1")
    ended = subprocess.run(  # noqa: S603 - a real second process
        [sys.executable, "-c", _OPEN, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    index.close()
    assert ended.returncode == 1
    assert "DataFolderInUse" in ended.stderr


def test_a_process_that_was_killed_does_not_keep_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _OPEN, str(tmp_path)], cwd=ROOT) as process:  # noqa: S603
        assert process.wait(60) == -signal.SIGKILL
    index = VectorIndex(tmp_path, "model-1")
    assert index.left_by == str(process.pid)
    index.close()
    again = VectorIndex(tmp_path, "model-1")
    assert again.left_by is None
    again.close()


def test_a_server_takes_any_number(tmp_path: Path, chroma: str, model: str) -> None:
    opened = [VectorIndex(tmp_path, model, chroma) for _ in range(3)]
    for at, one in enumerate(opened):
        one.upsert("t", "news", [at], _vectors(1))
    assert [one.count("t", "news") for one in opened] == [3, 3, 3]
    for one in opened:
        one.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["s3cret", "ftp://s3cret@host", "http://", "http://s3cret@h:port"])
def test_what_is_no_url_of_a_server_is_an_error_without_its_token(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidRequest, match="PINCITE_CHROMA_URL") as caught:
        VectorIndex(tmp_path, "model-1", url)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_an_error_that_names_it(
    tmp_path: Path, chroma: str, model: str
) -> None:
    nobody = f"http://s3cret@127.0.0.1:{free_port()}"
    with pytest.raises(IndexUnreachable, match="chroma run") as caught:
        VectorIndex(tmp_path, model, nobody)
    assert "s3cret" not in str(caught.value)
    index = VectorIndex(tmp_path, model, chroma)
    index._client._server._api_url = nobody  # type: ignore[attr-defined]
    with pytest.raises(IndexUnreachable, match=chroma):
        index.search("t", "news", _vectors(1)[0], 1)
    index.close()
