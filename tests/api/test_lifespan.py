"""Applications of their own: a process has one at a time, so the shared client is not used here."""

import asyncio
from pathlib import Path

import pytest

from api.app import create_app
from corpus.errors import DataFolderInUse
from rag import Pipeline, Settings, Upload
from tests.api.serving import problem_of, serving


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
