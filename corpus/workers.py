"""The processes that work on the jobs of one database, so that those of a dead one are taken over.

It is work of the house's own: no request is answered from here, so no tenant is named.
"""

from datetime import timedelta

from sqlalchemy import delete, select, text, update

from corpus.drafts import timestamp
from corpus.library import Library
from corpus.schema import workers

_ALIVE = text(
    "INSERT INTO workers (id, seen_at) VALUES (:id, :now) "
    "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
)


def say_alive(library: Library, worker: str) -> None:
    """Note that a worker lives."""
    with library.writer.begin() as connection:
        connection.execute(_ALIVE, {"id": worker, "now": timestamp()})


def say_gone(library: Library, worker: str) -> None:
    """Note that a worker has stopped; what it left can be taken over at once."""
    with library.writer.begin() as connection:
        connection.execute(update(workers).where(workers.c.id == worker).values(seen_at=""))


def take_silent(library: Library, silence: timedelta) -> list[str]:
    """The workers that have not said for so long that they live, for this process to take over.

    No other is given them meanwhile: they count as alive, until they are silent for as long again.
    """
    now, before = timestamp(), timestamp(-silence)
    with library.engine.connect() as connection:  # most often there is none
        if connection.execute(select(workers).where(workers.c.seen_at < before)).first() is None:
            return []
    query = update(workers).where(workers.c.seen_at < before).values(seen_at=now)
    with library.writer.begin() as connection:
        return sorted(connection.scalars(query.returning(workers.c.id)))


def forget_worker(library: Library, worker: str) -> None:
    """Note that nothing is left of a worker."""
    with library.writer.begin() as connection:
        connection.execute(delete(workers).where(workers.c.id == worker))
