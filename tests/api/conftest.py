from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from corpus.errors import IndexUnreachable
from rag import Settings
from rag.events import Began, Delta, Event, Stage
from rag.types import Question
from tests.api.scripted import Chat, chatting
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
        send_samples(opened)
        yield opened


@pytest.fixture(scope="module")
def chat(settings: Settings) -> Iterator[Chat]:
    """A server of the samples whose answer to "Break off." breaks off; tests script others."""
    with chatting(settings) as opened:
        send_samples(opened.client)
        opened.pipeline.scripts["Break off."] = break_off
        yield opened


def send_samples(client: httpx.Client) -> None:
    files = [("files", (name, (SAMPLES / name).read_bytes())) for name in SERVED]
    response = client.post("/v1/documents", params={"wait": True}, files=files)
    assert response.status_code == 200, response.text


async def break_off(_: Question) -> AsyncGenerator[Event]:
    yield Began(Stage.GENERATING)
    yield Delta("The ferry")
    raise IndexUnreachable("The vector index hung up. Try again.")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command line keeps everything in."""
    folder = tmp_path / "data"
    monkeypatch.setenv("PINCITE_DATA_DIR", str(folder))
    monkeypatch.setenv("PINCITE_MAX_FILE_MB", "1")
    monkeypatch.setenv("PINCITE_THREADS", "2")
    monkeypatch.chdir(tmp_path)
    return folder
