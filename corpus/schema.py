"""The tables of the library, and how a SQLite file with them is opened."""

from pathlib import Path

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from corpus.errors import IncompatibleData

SCHEMA_VERSION = 2

metadata = MetaData()

# One row a document. `version` is what searches see, 0 until the first one is embedded; `latest`
# is the newest that was accepted. A deleted document keeps its row, without its text.
documents = Table(
    "documents",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("external_id", String),
    Column("version", Integer, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("deleted_at", String),
    Index("documents_by_content", "tenant", "collection", "content_hash"),
)

versions = Table(
    "versions",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("uri", String),
    Column("title", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("pages", JSON, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("heading_path", JSON, nullable=False),
    Column("units", JSON, nullable=False),
    Column("embedded", Boolean, nullable=False),
    Index("chunks_by_document", "document_id", "version", "ordinal"),
    Index("chunks_to_embed", "id", sqlite_where=text("embedded = 0")),
    sqlite_autoincrement=True,  # an id is never used twice, so an old vector can not answer for it
)

# Vectors that are to be removed from the index, until they are.
stale_vectors = Table(
    "stale_vectors",
    metadata,
    Column("chunk_id", Integer, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("collection", String, nullable=False),
)

properties = Table(
    "properties",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

_FULL_TEXT = text(
    "CREATE VIRTUAL TABLE IF NOT EXISTS chunks_text "
    "USING fts5(heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"
)


def alive_in(tenant: str) -> ColumnElement[bool]:
    """Holds for documents of a tenant that were not deleted."""
    return and_(documents.c.tenant == tenant, documents.c.deleted_at.is_(None))


def current_in(tenant: str) -> ColumnElement[bool]:
    """Holds for chunks, joined with their documents, of the version that is searched."""
    return and_(alive_in(tenant), chunks.c.version == documents.c.version)


def open_engine(path: Path, fingerprint: str) -> Engine:
    """An engine on the SQLite file at `path`, made with its tables when it is not there.

    Raises IncompatibleData when the file is of another schema version, or was filled for another
    embedding model than `fingerprint`.
    """
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _set_pragmas)
    expected = {"schema_version": str(SCHEMA_VERSION), "embedder": fingerprint}
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(_FULL_TEXT)
        rows = connection.execute(properties.select()).all()
        found = {str(row.name): str(row.value) for row in rows}
        if not found:
            connection.execute(
                properties.insert(),
                [{"name": name, "value": value} for name, value in expected.items()],
            )
    if found and found != expected:
        engine.dispose()
        names = sorted(name for name in expected if found.get(name) != expected[name])
        raise IncompatibleData(
            f"{path} was written with another {' and '.join(names)} "
            f"({', '.join(found.get(name, 'none')[:12] for name in names)}). "
            "Ingest again into another data folder, or run the version of Pincite that wrote it."
        )
    return engine


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.close()
