"""Uploads are read while those before them are embedded, and a stop loses nothing."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.loading import load
from rag import Pipeline, Settings, Upload


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    opened = Pipeline(Settings(data_dir=tmp_path, threads=1))
    yield opened
    opened.close()


def _notes(count: int) -> list[Upload]:
    text = "The heron stands in the reeds of pond {}. " * 8
    return [Upload(text.replace("{}", str(n)), "text/plain", f"{n}.txt") for n in range(count)]


def _ignore(_done: int, _doing: str) -> None:
    pass


def test_all_that_was_loaded_can_be_searched(pipeline: Pipeline) -> None:
    shown: list[tuple[int, str]] = []
    tally = asyncio.run(load(pipeline, _notes(40), lambda done, doing: shown.append((done, doing))))
    assert len(tally.documents) == 40
    assert asyncio.run(pipeline.waiting()) == {}
    assert asyncio.run(pipeline.counts())[0] == 40
    assert shown[-1] == (40, "")
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)


def test_a_load_that_is_stopped_ends_soon_and_is_continued_by_the_next(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = pipeline._indexing._embed

    def slow(texts: list[str]) -> object:
        time.sleep(0.3)
        return embed(texts)

    async def stop_in_the_middle() -> None:
        loop, embedded = asyncio.get_running_loop(), asyncio.Event()

        def note(_done: int, _doing: str) -> None:
            loop.call_soon_threadsafe(embedded.set)

        loading = asyncio.create_task(load(pipeline, _notes(200), note))
        await embedded.wait()
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading

    with monkeypatch.context() as patched:
        patched.setattr(pipeline._indexing, "_embed", slow)
        asyncio.run(stop_in_the_middle())
    assert 0 < asyncio.run(pipeline.counts())[0] < 200
    asyncio.run(load(pipeline, _notes(200), _ignore))
    assert asyncio.run(pipeline.waiting()) == {}
    assert asyncio.run(pipeline.counts())[0] == 200


def test_documents_are_read_only_some_way_ahead_of_those_that_are_embedded(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.loading._AHEAD", 1)
    taken = 0
    at_first: list[int] = []

    def noted() -> Iterator[Upload]:
        nonlocal taken
        for upload in _notes(96):
            taken += 1
            yield upload

    asyncio.run(load(pipeline, noted(), lambda _done, _doing: at_first.append(taken)))
    assert at_first[0] <= 2 * 16
    assert asyncio.run(pipeline.counts())[0] == 96
