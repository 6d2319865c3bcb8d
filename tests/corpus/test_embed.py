"""The embedding model itself, on real text."""

import gc
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from corpus.embed import DIMENSION, MODEL_FOLDER, MiniLM
from corpus.errors import DamagedModel

TEXTS = [
    "The council approved the ferry budget.",
    "A cat.",
    "The herring quota was cut by eighteen percent because the stock has shrunk again. " * 6,
    "日本語の文章です。",
    "Members voted to fund the boats to the islands.",
    "",
    "x" * 300,
    *[f"Sentence number {at} {'and more ' * (at % 7)}" for at in range(40)],
]


def test_vectors_have_length_one_whatever_the_text(model: MiniLM) -> None:
    vectors = model.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_a_text_has_the_same_vector_alone_and_among_others(model: MiniLM) -> None:
    together = model.embed(TEXTS)
    alone = np.concatenate([model.embed([text]) for text in TEXTS])
    assert np.array_equal(together, alone)


def test_what_was_embedded_last_is_not_run_again(model: MiniLM) -> None:
    remembering = MiniLM(threads=2, remembers=2)
    try:
        first = remembering.embed(TEXTS)
        assert np.array_equal(first, model.embed(TEXTS))
        first[:] = 0  # what is kept is not what was given
        last = remembering.embed(TEXTS[:2])
        remembering._session = None  # as if it could not run
        assert np.array_equal(remembering.embed(TEXTS[:2]), last)
        with pytest.raises(AttributeError):
            remembering.embed(TEXTS[2:3])
    finally:
        remembering.close()
    assert np.array_equal(last, model.embed(TEXTS[:2]))


def test_threads_get_the_vectors_of_their_own_texts(model: MiniLM) -> None:
    expected = model.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.embed(TEXTS), range(8)):
            assert np.array_equal(found, expected)


def test_sentences_that_say_the_same_are_nearer_than_others(model: MiniLM) -> None:
    vectors = model.embed(TEXTS[:5])
    alike = float(vectors[0] @ vectors[4])
    assert alike > 0.4
    assert alike > float(vectors[0] @ vectors[1]) + 0.2
    assert alike > float(vectors[0] @ vectors[2]) + 0.2


def test_a_text_over_the_limit_is_read_as_far_as_it_goes(model: MiniLM) -> None:
    start = "The boat sailed at noon. " * 60
    vectors = model.embed([start, start + "Quite another thing. " * 5_000])
    assert float(vectors[0] @ vectors[1]) > 0.999


def test_no_texts_give_no_vectors(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, DIMENSION)
    assert model.embed_documents([]) == []


def test_langchain_gets_the_same_vectors_as_lists(model: MiniLM) -> None:
    (expected,) = model.embed(["A cat."])
    assert model.embed_query("A cat.") == pytest.approx(expected.tolist())
    assert model.embed_documents(["A cat."])[0] == pytest.approx(expected.tolist())
    assert all(type(number) is float for number in model.embed_query("A cat."))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in /proc")
def test_closing_leaves_no_thread_behind() -> None:
    program = """
import gc, os, numpy
from corpus.embed import MiniLM
before = len(os.listdir("/proc/self/task"))
minilm = MiniLM(threads=4)
minilm.embed(["A cat.", "The council approved the ferry budget."] * 40)
during = len(os.listdir("/proc/self/task"))
minilm.close()
gc.collect()
print(before, during, len(os.listdir("/proc/self/task")))
"""
    printed = subprocess.run(  # noqa: S603 - a process of its own, whose threads are all its own
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ).stdout
    before, during, after = map(int, printed.split())
    assert during > before
    assert after == before


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_or_missing_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, folder)
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedModel, match=name):
        MiniLM(folder=folder)
    path.unlink()
    with pytest.raises(DamagedModel, match="no file"):
        MiniLM(folder=folder)
    gc.collect()
