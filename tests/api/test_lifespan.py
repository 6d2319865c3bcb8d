"""Applications of their own: a process has one at a time, so the shared client is not used here."""

import asyncio
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from api.app import create_app
from corpus.errors import DataFolderInUse
from rag import Pipeline, Settings, Upload
from tests.api.serving import document_of, ended_job, job_when, problem_of, serving


def test_an_unexpected_error_is_logged_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(data_dir=tmp_path, threads=1))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret of the house")

    with serving(app) as opened:
        response = opened.get("/broken")
    problem = problem_of(response, 500, "internal-error")
    assert "secret" not in response.text
    assert problem["request_id"] in caplog.text
    assert "a secret of the house" in caplog.text


def test_documents_that_waited_when_it_stopped_are_indexed_when_it_starts(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, threads=1)
    pipeline = Pipeline(settings)
    try:
        upload = Upload(data="The heron stands in the reeds.", media_type="text/plain", name="a")
        asyncio.run(pipeline.add([upload]))
    finally:
        pipeline.close()
    with serving(create_app(settings)) as opened:
        for _ in range(200):
            if opened.get("/readyz").json()["searchable_chunks"] == 1:
                break
        found = opened.post("/v1/search", json={"query": "heron"}).json()["passages"]
    assert [passage["text"] for passage in found] == ["The heron stands in the reeds."]


def test_it_closes_its_data_folder_when_it_stops(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, threads=1)
    with serving(create_app(settings)), pytest.raises(DataFolderInUse):
        Pipeline(settings)
    Pipeline(settings).close()


def test_no_thread_of_its_is_left_when_it_has_stopped(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with serving(create_app(Settings(data_dir=tmp_path, threads=1))) as opened:
        assert opened.get("/v1/jobs").json()["items"] == []
        assert len(set(threading.enumerate()) - before) > 3
    deadline = time.monotonic() + 5
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_a_process_serves_one_application_at_a_time(tmp_path: Path) -> None:
    async def open_two() -> None:
        first, second = (create_app(Settings(data_dir=tmp_path / name)) for name in "ab")
        async with (
            first.router.lifespan_context(first),
            second.router.lifespan_context(second),
        ):
            pass

    with pytest.raises(RuntimeError, match="only one"):
        asyncio.run(open_two())
    # Neither is left open.
    with serving(create_app(Settings(data_dir=tmp_path / "a"))) as opened:
        assert opened.get("/readyz").status_code == 200


def test_a_stop_waits_for_one_batch_and_the_next_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(Settings(data_dir=tmp_path, threads=1, log_level="info"))
    batches = 0

    def embed(texts: list[str]) -> object:
        nonlocal batches
        batches += 1
        time.sleep(0.2)
        return np.ones((len(texts), 384), np.float32)

    with serving(app) as opened:
        monkeypatch.setattr(app.state.pipeline._indexing, "_embed", embed)
        texts = [
            "\n".join(f"## {at}\n\nHeron {n} at {at}.\n" for at in range(99)) for n in range(9)
        ]
        bodies = [{"text": text, "media_type": "text/markdown"} for text in texts]
        ids = [document_of(opened.post("/v1/documents", json=one))["job_id"] for one in bodies]
        job_when(opened, ids[0], lambda job: job["done"] > 0)
        before = batches
    assert batches <= before + 1
    assert capfd.readouterr().err == ""
    with serving(app) as opened:
        jobs = [ended_job(opened, job_id) for job_id in ids]
        assert len(opened.get("/v1/jobs").json()["items"]) == len(ids)
    assert {(job["status"], job["done"]) for job in jobs} == {("done", 99)}
