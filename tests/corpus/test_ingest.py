"""Uploads become searchable once, whatever happens on the way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text as sql

from corpus.errors import EmptyDocument, NotUtf8, TooLarge, UnknownType
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.search import by_words, found_chunks
from corpus.types import Outcome
from corpus.vectors import VectorIndex

ROOT = Path(__file__).parents[2]
Count = Callable[[str], int]


def _embed(texts: Sequence[str]) -> NDArray[np.float32]:
    made = [np.random.default_rng(len(text)).normal(size=8) for text in texts]
    return np.asarray(made, np.float32)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library.sqlite", "model-1")
    yield opened
    opened.close()


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[VectorIndex]:
    opened = VectorIndex(tmp_path, "model-1")
    yield opened
    opened.close()


def _upload(data: bytes | str, name: str = "a.txt", external_id: str | None = None) -> Upload:
    return Upload(data, "text/plain", name, external_id=external_id)


def test_an_upload_is_searchable_after_it_was_indexed(
    library: Library, vectors: VectorIndex, count_tokens: Count
) -> None:
    accepted = add(library, "t", _upload("Herring is cheap."), count_tokens=count_tokens)
    assert (accepted.outcome, accepted.title) == (Outcome.CREATED, "a.txt")
    steps: list[tuple[int, int]] = []
    assert index(library, vectors, _embed, lambda done, known: steps.append((done, known))) == 1
    assert steps == [(1, 1)]
    ids = by_words(library, "t", "default", ["herring"], 5)
    assert len(ids) == vectors.count("t", "default") == 1
    assert index(library, vectors, _embed) == 0


def test_the_vectors_of_old_versions_and_deleted_documents_are_removed(
    library: Library, vectors: VectorIndex, count_tokens: Count
) -> None:
    add(library, "t", _upload("Herring is cheap.", external_id="a"), count_tokens=count_tokens)
    index(library, vectors, _embed)
    newer = _upload("Herring is dear.", external_id="a")
    accepted = add(library, "t", newer, count_tokens=count_tokens)
    index(library, vectors, _embed)
    assert vectors.count("t", "default") == 1
    library.delete("t", accepted.id)
    index(library, vectors, _embed)
    assert vectors.count("t", "default") == 0
    assert library.stale(1) == []


def test_a_vector_without_a_chunk_is_harmless(library: Library, vectors: VectorIndex) -> None:
    vectors.upsert("t", "default", [999], _embed(["x"]))
    found = vectors.search("t", "default", _embed(["x"])[0], 5)
    assert found == [999]
    assert found_chunks(library, "t", "default", found) == {}


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (_upload(b""), EmptyDocument),
        (_upload(" \n"), EmptyDocument),
        (_upload(b"caf\xe9"), NotUtf8),
        (_upload("a\ud800"), NotUtf8),
        (_upload("x" * 101), TooLarge),
        (Upload("x", "image/png", "a.png"), UnknownType),
    ],
)
def test_what_can_not_be_read_is_refused_and_not_stored(
    library: Library, count_tokens: Count, upload: Upload, error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(library, "t", upload, count_tokens=count_tokens, max_bytes=100)
    assert library.counts("t") == (0, 0)


_PROGRAM = """
import pathlib, sys
import numpy as np
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.tokens import token_counter
from corpus.vectors import VectorIndex

folder = pathlib.Path(sys.argv[1])
library = Library(folder / "library.sqlite", "model-1")
vectors = VectorIndex(folder, "model-1")
print("open", flush=True)
embed = lambda texts: np.random.default_rng(1).normal(size=(len(texts), 8)).astype(np.float32)
for at in range(50):
    data = f"Boat {at} sails at noon and comes back late. " * 20
    upload = Upload(data, "text/plain", f"{at}.txt", external_id=str(at))
    add(library, "t", upload, count_tokens=token_counter())
    if at % 10 == 9:
        index(library, vectors, embed)
print("done", flush=True)
library.close()
vectors.close()
"""


def _start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - a real process, to be killed
        [sys.executable, "-c", _PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_an_ingest_that_is_killed_and_run_again_misses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    chance = random.Random(7)  # noqa: S311 - when to kill
    for _ in range(3):
        with _start(tmp_path) as process:
            time.sleep(chance.uniform(0.02, 0.5))
            process.send_signal(signal.SIGKILL)
    with _start(tmp_path) as process:
        printed, _ = process.communicate(timeout=60)
    assert (printed, process.returncode) == ("done\n", 0)
    library, vectors = Library(tmp_path / "library.sqlite", "model-1"), None
    try:
        vectors = VectorIndex(tmp_path, "model-1")
        documents, cursor = library.documents("t", None, 200)
        assert cursor is None
        assert sorted(int(one.external_id or -1) for one in documents) == list(range(50))
        assert {(one.status, one.version) for one in documents} == {("ready", 1)}
        with library.engine.connect() as connection:
            stored = connection.scalar(sql("SELECT count(*) FROM chunks"))
            indexed = connection.scalar(sql("SELECT count(*) FROM chunks_text"))
        assert vectors.count("t", "default") == stored == indexed == library.counts("t")[1]
        assert library.waiting() == {}
    finally:
        library.close()
        if vectors is not None:
            vectors.close()
