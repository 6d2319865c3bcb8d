"""A SQL database opened: SQLite or Postgres, and its schema brought up to date."""

import threading
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from corpus.errors import DatabaseUnreachable, IncompatibleData, InvalidRequest

_SCRIPTS = Path(__file__).parent / "migrations"
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_MIGRATING = 0x70696E63  # the key of Postgres' lock while the schema is changed: "pinc"
_CONNECT_SECONDS = 10  # a server that is not there would be waited for for minutes

_alembic = threading.Lock()  # Alembic keeps what it works on in module variables


def open_engine(database: Path | str) -> Engine:
    """An engine on a SQLite file or on a database's URL, with the newest schema.

    What an older Pincite wrote is upgraded in place. Raises IncompatibleData when a newer one wrote
    it, DatabaseUnreachable, or InvalidRequest for a URL of another database.
    """
    url = URL.create("sqlite", database=str(database)) if isinstance(database, Path) else None
    url = url or _parsed(str(database))
    # The parameters of a statement are users' texts, which no error message should repeat.
    engine = create_engine(url, hide_parameters=True, **_options(url))
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "handle_error", _name_nul)
    try:
        with _alembic, writing(engine).begin() as connection:
            _migrate(connection, place_of(url))
    except DBAPIError as error:
        engine.dispose()
        raise DatabaseUnreachable(
            f"{place_of(url)} can not be opened: {str(error.orig).strip()}. "
            "Check PINCITE_DATABASE_URL and PINCITE_DATA_DIR, and that the database runs."
        ) from None  # the cause may quote the URL with its password
    except IncompatibleData:
        engine.dispose()
        raise
    return engine


def writing(engine: Engine) -> Engine:
    """The engine for transactions that write: on SQLite they wait for each other at their begin.

    One that reads first and writes later would be refused there when another wrote in between.
    """
    return engine.execution_options(begin="IMMEDIATE")


def place_of(url: URL) -> str:
    """What a database is called in messages: without user, password or parameters."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.get_backend_name()} at {url.host or 'a local socket'}, {url.database}"


def _parsed(database: str) -> URL:
    try:
        url = make_url(database)
        driver = _DRIVERS.get(url.drivername, url.drivername)
        if driver.partition("+")[0] in _DRIVERS:
            return url.set(drivername=driver)
    except (ArgumentError, ValueError):
        pass  # the error below says it without the URL, which may hold a password
    raise InvalidRequest(
        "PINCITE_DATABASE_URL is not the URL of a database that Pincite can use. "
        "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE or sqlite:////PATH/FILE."
    )


def _options(url: URL) -> dict[str, Any]:
    try:
        url.get_dialect().import_dbapi()
    except (ImportError, NoSuchModuleError) as error:
        raise InvalidRequest(
            f"The driver of {url.drivername!r} is not installed. "
            "Install it with pip install 'pincite[postgres]'."
        ) from error
    if url.get_backend_name() == "sqlite":
        return {}
    # A server may have closed a connection that waited in the pool.
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_driver_name() == "psycopg" and "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": _CONNECT_SECONDS}
    return options


def _migrate(connection: Connection, place: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).has_table("properties"):
        _check_first(connection, place)
        command.stamp(config, "0001")
    elif current is not None and current not in {one.revision for one in scripts.walk_revisions()}:
        raise IncompatibleData(
            f"{place} was written by a newer Pincite: its schema is {current!r}, and the newest "
            f"that is known here is {scripts.get_current_head()!r}. Install a newer "
            "Pincite, or set PINCITE_DATA_DIR to another folder."
        )
    if current != scripts.get_current_head():
        command.upgrade(config, "head")


def _check_first(connection: Connection, place: str) -> None:
    """Raise IncompatibleData unless the tables that no migration made are those of Pincite 0.1."""
    found = connection.scalar(text("SELECT value FROM properties WHERE name = 'schema_version'"))
    if found not in (None, "1"):
        raise IncompatibleData(
            f"{place} has the schema {found!r}, which no released Pincite wrote. "
            "Ingest again into another data folder, or run the version of Pincite that wrote it."
        )


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # Python's sqlite3 would begin, and commit, where it likes
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut
    cursor.execute("PRAGMA mmap_size = 2147483648")  # a search reads here and there in the file
    cursor.close()


def _name_nul(context: ExceptionContext) -> None:
    """Postgres has no texts with NUL, so that whoever asks for one asks for what is not there."""
    if "cannot contain NUL" in str(context.original_exception):
        raise InvalidRequest("A name in the request has the character NUL. Leave it out.")


def _begin(connection: Connection) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")
