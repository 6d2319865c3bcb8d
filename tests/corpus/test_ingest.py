"""Uploads become searchable once, whatever happens on the way."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text as sql

from corpus.backlog import forget_stale, stale, waiting
from corpus.doctor import examine
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
    assert stale(library, 1) == []


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
        (_upload("x", name="a\0.txt"), NotUtf8),
        (_upload("x", external_id="a\0"), NotUtf8),
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
        assert waiting(library) == 0
    finally:
        library.close()
        if vectors is not None:
            vectors.close()


def test_a_document_that_is_deleted_while_it_is_embedded_leaves_no_vector(
    library: Library, vectors: VectorIndex, count_tokens: Count
) -> None:
    document = add(library, "t", _upload("Herring is cheap."), count_tokens=count_tokens).id

    def embed_late(texts: Sequence[str]) -> NDArray[np.float32]:
        library.delete("t", document)
        forget_stale(library, [chunk_id for chunk_id, _, _ in stale(library, 9)])
        return _embed(texts)

    index(library, vectors, embed_late)
    assert vectors.count("t", "default") == 0


def _last_lines(texts: Sequence[str]) -> list[str]:
    return [text.splitlines()[-1] for text in texts]


def test_an_update_embeds_only_the_texts_that_changed(
    library: Library, vectors: VectorIndex, count_tokens: Count
) -> None:
    embedded: list[str] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        embedded.extend(texts)
        return _embed(texts)

    def put(*sections: str) -> None:
        text = "\n\n".join(f"# Part {at}\n\n{body}" for at, body in enumerate(sections))
        upload = Upload(text, "text/markdown", "a.md", external_id="a", title="Fish")
        add(library, "t", upload, count_tokens=count_tokens)
        index(library, vectors, embed)

    put("Herring is cheap.", "Cod is gone.", "Plaice is dear.")
    assert len(embedded) == 3
    before = vectors.search("t", "default", _embed(["# Part 1\n\nCod is gone."])[0], 3)
    embedded.clear()
    put("Herring is cheap.", "Cod is gone for good.", "Plaice is dear.", "Sole is rare.")
    assert [text.splitlines()[-1] for text in embedded] == [
        "Cod is gone for good.",
        "Sole is rare.",
    ]
    assert vectors.count("t", "default") == 4
    (own, *beside) = by_words(library, "t", "default", ["herring"], 5)
    same = _embed(["# Part 0\n\nHerring is cheap."])[0]
    assert vectors.search("t", "default", same, 1) == [own]
    assert not {own, *beside} & set(before)
    embedded.clear()
    vectors.delete("t", "default", by_words(library, "t", "default", ["plaice"], 5))
    put("Herring is cheap.", "Plaice is dear.")
    assert [text.splitlines()[-1] for text in embedded] == [
        "Plaice is dear."
    ]  # its vector was lost


_KILLED = """
import os, pathlib, signal, sys
from corpus.ingest import index
from corpus.library import Library
from corpus.vectors import VectorIndex

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

database, folder, document, where = sys.argv[1:]
library = Library(pathlib.Path(database) if database.startswith("/") else database, "model-1")
vectors = VectorIndex(pathlib.Path(folder), "model-1")
if where == "in the transaction":
    import corpus.drafts
    corpus.drafts.originals.drop_unused = die
library.delete("t", document)
if where == "between SQL and Chroma":
    die()
import corpus.backlog
corpus.backlog.forget_stale = die
index(library, vectors, None)
"""


@pytest.mark.parametrize("where", ["in the transaction", "between SQL and Chroma", "after Chroma"])
def test_a_delete_that_is_killed_leaves_all_or_nothing_and_is_finished_later(
    database: Path | str, tmp_path: Path, count_tokens: Count, where: str
) -> None:
    deleted = where != "in the transaction"

    def open_both() -> tuple[Library, VectorIndex]:
        return Library(database, "model-1"), VectorIndex(tmp_path / "chroma", "model-1")

    library, vectors = open_both()
    document = add(library, "t", _upload("Herring is cheap."), count_tokens=count_tokens).id
    index(library, vectors, _embed)
    library.close()
    vectors.close()
    killed = subprocess.run(  # noqa: S603 - a real process, that kills itself
        [sys.executable, "-c", _KILLED, str(database), str(tmp_path / "chroma"), document, where],
        cwd=ROOT,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    library, vectors = open_both()
    try:
        ids = vectors.search("t", "default", _embed(["x"])[0], 5)
        assert len(ids) == (0 if where == "after Chroma" else 1)
        found = found_chunks(library, "t", "default", ids)
        assert found == {} if deleted else len(found) == 1
        assert len(by_words(library, "t", "default", ["herring"], 5)) == (0 if deleted else 1)
        assert library.was_deleted("t", document) is deleted
        index(library, vectors, _embed)
        assert vectors.count("t", "default") == (0 if deleted else 1)
        assert [one.kind for one in examine(library, vectors)] == ["stale_lock"]
        assert stale(library, 5) == []
    finally:
        library.close()
        vectors.close()


def test_the_next_batch_is_embedded_while_the_vectors_of_one_are_stored(
    library: Library,
    vectors: VectorIndex,
    count_tokens: Count,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for text in ("Herring is cheap.", "Plaice is dear.", "Cod is gone."):
        add(library, "t", _upload(text), count_tokens=count_tokens)
    monkeypatch.setattr("corpus.ingest._BATCH", 1)
    upsert = vectors.upsert
    embedded: list[str] = []
    second = threading.Event()
    waited: list[bool] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        embedded.extend(texts)
        if len(embedded) == 2:
            second.set()
        return _embed(texts)

    def store(*arguments: Any) -> None:
        waited.append(second.wait(10))
        assert waiting(library) == 4 - len(waited)  # it is marked only once it is stored
        upsert(*arguments)

    monkeypatch.setattr(vectors, "upsert", store)
    assert index(library, vectors, embed) == 3
    assert waited == [True, True, True]
    assert sorted(embedded) == ["Cod is gone.", "Herring is cheap.", "Plaice is dear."]
    assert waiting(library) == 0


def test_what_can_not_be_embedded_waits_and_what_was_before_it_is_kept(
    library: Library,
    vectors: VectorIndex,
    count_tokens: Count,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for text in ("Herring is cheap.", "Plaice is dear.", "Cod is gone."):
        add(library, "t", _upload(text), count_tokens=count_tokens)
    monkeypatch.setattr("corpus.ingest._BATCH", 1)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        if texts == ["Plaice is dear."]:
            raise OSError("no memory")
        return _embed(texts)

    with pytest.raises(OSError, match="no memory"):
        index(library, vectors, embed)
    assert (waiting(library), vectors.count("t", "default")) == (2, 1)
    assert index(library, vectors, _embed) == 2
    assert vectors.count("t", "default") == 3
