"""What the tests of corpus/ share: a library in each kind of database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.library import Library


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return tmp_path / "library.sqlite"
    empty: Callable[[], str] = request.getfixturevalue("shared_postgres")
    return empty()


@pytest.fixture
def library(database: Path | str) -> Iterator[Library]:
    """A library in each kind of database."""
    opened = Library(database, "model-1")
    yield opened
    opened.close()
