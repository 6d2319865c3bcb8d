"""A store is where the settings say, and several processes share one on servers."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from corpus.errors import DatabaseUnreachable
from corpus.library import Library
from corpus.vectors import VectorIndex
from rag import Pipeline, Settings, Status, Upload
from rag.store import open_store
from tests.rag.reading import run

ROOT = Path(__file__).parents[2]
TEXT = "The lighthouse was painted blue in 1904."


def test_one_question_is_answered_from_postgres_and_a_chroma_server(
    tmp_path: Path, postgres: Callable[[], str], chroma: str
) -> None:
    folder = tmp_path / "never made"
    settings = Settings(
        data_dir=folder,
        threads=1,
        database_url=SecretStr(postgres()),
        chroma_url=SecretStr(chroma),
    )
    # The server is shared, and other tests leave vectors in other collections.
    upload = Upload(TEXT.encode(), "text/plain", "note.txt", collection="store")
    pipelines = [Pipeline(settings) for _ in range(2)]
    try:
        run(pipelines[0].add([upload]))
        run(pipelines[0].index())
        answer = run(pipelines[1].ask("When was the lighthouse painted?", collection="store"))
        assert answer.status is Status.ANSWERED
        assert set(answer.passages[0].ranks_by) == {"dense", "lexical"}
        (citation,) = answer.citations
        assert run(pipelines[1].citation(citation.id)).quote == TEXT
        assert run(pipelines[0].original(citation.document_id)).data == TEXT.encode()
        run(pipelines[1].delete(citation.document_id))
        assert run(pipelines[0].search("lighthouse", collection="store")) == []
        assert not folder.exists()
    finally:
        for pipeline in pipelines:
            pipeline.close()


def test_a_folder_of_its_own_is_used_whatever_the_settings_say(tmp_path: Path) -> None:
    nowhere = SecretStr("postgresql://me:s3cret@127.0.0.1:1/x")
    settings = Settings(data_dir=tmp_path / "a", database_url=nowhere, chroma_url=nowhere)
    library, vectors = open_store(settings, "model-1", tmp_path / "b")
    assert {"chroma", "pincite.db"} <= {one.name for one in (tmp_path / "b").iterdir()}
    library.close()
    vectors.close()


def test_a_database_that_does_not_open_leaves_the_folder_free(tmp_path: Path) -> None:
    nowhere = SecretStr("postgresql://me:s3cret@127.0.0.1:1/x")
    with pytest.raises(DatabaseUnreachable):
        open_store(Settings(data_dir=tmp_path, database_url=nowhere), "model-1")
    VectorIndex(tmp_path, "model-1").close()


# Every process sends the same documents: some named, some known by what they say only, and some
# that two ids claim.
_PROGRAM = """
import pathlib, random, sys
import numpy as np
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.tokens import token_counter
from corpus.vectors import VectorIndex

database, server, model, mine = sys.argv[1:]
library = Library(pathlib.Path(database) if database.startswith("/") else database, model)
vectors = VectorIndex(pathlib.Path("/nowhere"), model, server)
count_tokens = token_counter()
embed = lambda texts: np.random.default_rng(1).normal(size=(len(texts), 8)).astype(np.float32)
print("open", flush=True)
sys.stdin.readline()
order = list(range(12))
random.Random(mine).shuffle(order)
for at in order:
    name = [None, f"id-{at}", f"id-{at}-of-{mine}"][at % 3]
    upload = Upload(f"Boat {at} sails at noon. " * 40, "text/plain", "a.txt", external_id=name)
    add(library, "t", upload, count_tokens=count_tokens)
    if at % 4 == 0:
        index(library, vectors, embed)
index(library, vectors, embed)
library.close()
vectors.close()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_send_the_same_at_once_store_it_once(
    kind: str, tmp_path: Path, postgres: Callable[[], str], chroma: str
) -> None:
    database = str(tmp_path / "library.db") if kind == "sqlite" else postgres()
    model = uuid.uuid4().hex
    processes = [
        subprocess.Popen(  # noqa: S603 - real processes
            [sys.executable, "-c", _PROGRAM, database, chroma, model, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n", process.communicate()
    ended = [process.communicate("go\n", timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ended
    library = Library(tmp_path / "library.db" if kind == "sqlite" else database, model)
    vectors = VectorIndex(tmp_path, model, chroma)
    documents, _ = library.documents("t", None, 100)
    assert len({one.content_hash for one in documents}) == 12
    assert len(documents) == 12
    assert {(one.status, one.version) for one in documents} == {("ready", 1)}
    assert vectors.count("t", "default") == library.counts("t")[1]
    library.close()
    vectors.close()
