from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from rag import Settings
from tests.api.serving import serving

SAMPLES = Path(__file__).parents[2] / "corpus" / "samples"
SERVED = (
    "fare-cap-2025-vote.html",
    "ferry-budget-2026-approved.md",
    "herring-quota-2026.md",
    "storm-ansgar-live.md",
    "tram-line-3-cost.md",
    "water-bills-2026.txt",
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        data_dir=tmp_path_factory.mktemp("served"),
        max_file_mb=1,
        max_request_mb=3,
        max_pages=30,
        threads=2,
    )


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    """A client of a server that has some of the samples in the collection "default".

    A process serves one application at a time, so a module that uses it starts no other.
    """
    with serving(create_app(settings)) as opened:
        files = [("files", (name, (SAMPLES / name).read_bytes())) for name in SERVED]
        response = opened.post("/v1/documents", params={"wait": True}, files=files)
        assert response.status_code == 200, response.text
        yield opened


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command line keeps everything in."""
    folder = tmp_path / "data"
    monkeypatch.setenv("PINCITE_DATA_DIR", str(folder))
    monkeypatch.setenv("PINCITE_MAX_FILE_MB", "1")
    monkeypatch.setenv("PINCITE_THREADS", "2")
    monkeypatch.chdir(tmp_path)
    return folder
