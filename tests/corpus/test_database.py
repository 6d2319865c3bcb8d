"""A database is opened, and what an older Pincite wrote is brought up to date without loss."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text as sql

from corpus import schema
from corpus.backlog import mark_embedded, stale, waiting
from corpus.database import open_engine
from corpus.errors import DatabaseUnreachable, IncompatibleData, InvalidRequest
from corpus.library import Library
from corpus.search import by_words, found_chunks

# What Pincite 0.1 made, statement by statement.
FIRST_SCHEMA = """
CREATE TABLE documents (
    seq INTEGER NOT NULL, id VARCHAR NOT NULL, tenant VARCHAR NOT NULL,
    collection VARCHAR NOT NULL, external_id VARCHAR, version INTEGER NOT NULL,
    latest INTEGER NOT NULL, content_hash VARCHAR NOT NULL, created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL, deleted_at VARCHAR, PRIMARY KEY (seq), UNIQUE (id)
);
CREATE INDEX documents_by_content ON documents (tenant, collection, content_hash);
CREATE TABLE versions (
    document_id VARCHAR NOT NULL, version INTEGER NOT NULL, uri VARCHAR, title VARCHAR NOT NULL,
    media_type VARCHAR NOT NULL, metadata JSON NOT NULL, content_hash VARCHAR NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (document_id, version)
);
CREATE TABLE chunks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, document_id VARCHAR NOT NULL,
    version INTEGER NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL,
    stop INTEGER NOT NULL, token_count INTEGER NOT NULL, heading_path JSON NOT NULL,
    units JSON NOT NULL, embedded BOOLEAN NOT NULL
);
CREATE INDEX chunks_by_document ON chunks (document_id, version, ordinal);
CREATE INDEX chunks_to_embed ON chunks (id) WHERE embedded = 0;
CREATE TABLE stale_vectors (
    chunk_id INTEGER NOT NULL, tenant VARCHAR NOT NULL, collection VARCHAR NOT NULL,
    PRIMARY KEY (chunk_id)
);
CREATE TABLE properties (name VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (name));
CREATE VIRTUAL TABLE IF NOT EXISTS chunks_text
    USING fts5(heading, body, tokenize = 'porter unicode61 remove_diacritics 2');
"""
FIRST_ROWS = """
INSERT INTO properties VALUES ('schema_version', '1'), ('embedder', 'model-1');
INSERT INTO documents VALUES
    (1, 'doc_a', 't', 'news', 'a', 1, 2, 'hash-2', '2026-01-01T00:00:00.000Z',
     '2026-01-02T00:00:00.000Z', NULL),
    (2, 'doc_b', 't', 'news', NULL, 1, 1, 'hash-b', '2026-01-01T00:00:00.000Z',
     '2026-01-01T00:00:00.000Z', '2026-01-03T00:00:00.000Z');
INSERT INTO versions VALUES
    ('doc_a', 1, 'https://x.example/a', 'Fish', 'text/plain', '{"by": "me"}', 'hash-1',
     'Herring is cheap. Eels are not.'),
    ('doc_a', 2, NULL, 'Fish', 'text/plain', '{}', 'hash-2', 'Plaice is dear.');
INSERT INTO chunks VALUES
    (7, 'doc_a', 1, 0, 0, 17, 4, '[]', '[[0, 17, "sentence", null, null, false]]', 1),
    (8, 'doc_a', 1, 1, 18, 31, 4, '[]', '[[18, 31, "sentence", null, null, false]]', 1),
    (9, 'doc_a', 2, 0, 0, 15, 4, '[]', '[[0, 15, "sentence", null, null, false]]', 0);
INSERT INTO chunks_text (rowid, heading, body) VALUES
    (7, 'Fish', 'Herring is cheap.'), (8, 'Fish', 'Eels are not.'), (9, 'Fish', 'Plaice is dear.');
INSERT INTO stale_vectors VALUES (3, 't', 'news');
"""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A file as Pincite 0.1 has left it."""
    path = tmp_path / "pincite.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(FIRST_SCHEMA + FIRST_ROWS)
    connection.commit()
    connection.close()
    return path


def test_a_file_of_the_first_schema_is_upgraded_in_place_without_loss(first: Path) -> None:
    library = Library(first, "model-1")
    try:
        old, new = library.document("t", "doc_a", 1), library.document("t", "doc_a")
        assert (old.text, old.metadata, old.uri) == (
            "Herring is cheap. Eels are not.",
            {"by": "me"},
            "https://x.example/a",
        )
        assert (new.text, new.version, new.status) == ("Plaice is dear.", 2, "pending")
        assert library.was_deleted("t", "doc_b")
        assert by_words(library, "t", "news", ["herrings"], 5) == [7, 8]
        assert found_chunks(library, "t", "news", [7])[7].text == "Herring is cheap."
        near = by_words(library, "t", "news", ["eels"], 5, weights=(1.0, 3.0, 1.0))
        assert near == [8, 7], "7 is beside it"
        assert waiting(library) == 3, "all are embedded in another way than they were"
        assert stale(library, 5) == [(3, "t", "news")]
        mark_embedded(library, [9])
        assert by_words(library, "t", "news", ["plaice"], 5) == [9]
        assert stale(library, 5) == [(at, "t", "news") for at in (3, 7, 8)]
    finally:
        library.close()
    Library(first, "model-1").close()  # and opens again


def test_pincite_0_1_refuses_a_file_that_was_upgraded(first: Path) -> None:
    open_engine(first).dispose()
    connection = sqlite3.connect(first)
    found = connection.execute("SELECT value FROM properties WHERE name = 'schema_version'")
    assert found.fetchone() != ("1",)
    connection.close()


def test_the_migrations_lead_to_the_tables_that_the_code_has(
    first: Path, postgres: Callable[[], str]
) -> None:
    for database in (first, first.with_name("new.db"), postgres()):
        engine = open_engine(database)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            found = compare_metadata(context, schema.metadata)
        engine.dispose()
        names = [getattr(one[1], "name", str(one)) for one in found]
        # Full text is not the same in both, and so no table of SQLAlchemy's.
        assert [name for name in names if not name.startswith("chunks_text")] == []


def test_a_migration_that_was_released_imports_nothing_of_ours() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    for path in sorted(folder.glob("*.py")):
        imported = re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.MULTILINE)
        assert set(imported) <= {"alembic", "sqlalchemy"}


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pincite.db"
    engine = open_engine(path)
    with engine.begin() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    before = path.read_bytes()
    with pytest.raises(IncompatibleData, match=r"newer Pincite: its schema is '9999'.*Install"):
        open_engine(path)
    assert path.read_bytes() == before


def test_a_file_of_no_released_version_is_refused(first: Path) -> None:
    connection = sqlite3.connect(first)
    connection.execute("UPDATE properties SET value = '0' WHERE name = 'schema_version'")
    connection.commit()
    connection.close()
    with pytest.raises(IncompatibleData, match="schema '0'"):
        open_engine(first)


def test_a_migration_that_fails_leaves_the_file_as_it_was(first: Path) -> None:
    connection = sqlite3.connect(first)
    connection.execute("ALTER TABLE properties RENAME COLUMN value TO worth")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseUnreachable):
        open_engine(first)
    connection = sqlite3.connect(first)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")
    assert tables.fetchall() == []
    connection.close()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mysql://user:s3cret@host/db", InvalidRequest),
        ("s3cret", InvalidRequest),
        ("postgresql://user:s3cret@host:port/db", InvalidRequest),
        ("postgresql+nothing://user:s3cret@host/db", InvalidRequest),
        ("postgresql://user:s3cret@127.0.0.1:1/db", DatabaseUnreachable),
        ("sqlite:////no-such-folder/s/pincite.db", DatabaseUnreachable),
    ],
)
def test_a_url_that_leads_nowhere_is_an_error_without_its_password(
    url: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"PINCITE_D|not installed") as caught:
        open_engine(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None
