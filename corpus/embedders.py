"""Which embedder the vectors of a collection are of, and how another one takes over.

Vectors of two embedders are never in one index. With a new embedder every chunk waits for its
vector again, and each collection keeps the index of the old one until that of the new one is
complete: then it changes over at once, and the old index is removed. Meanwhile a process that has
the new embedder searches the collection by words only, since it can not embed a question with the
old one.
"""

from collections.abc import Callable

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from corpus.errors import IncompatibleData
from corpus.library import Library
from corpus.schema import chunks, collections, current, documents, properties, stale_indexes

_STALE = text(
    "INSERT INTO stale_indexes (tenant, collection, embedder) "
    "SELECT tenant, name, :embedder FROM collections WHERE embedder <> :unless "
    "ON CONFLICT DO NOTHING"
)
_is_embedder = properties.c.name == "embedder"


def take_over(library: Library) -> bool:
    """Have all chunks embedded by the library's own embedder, if another one did it till now.

    Returns whether another did. `corpus.ingest.index` does the embedding.
    """
    with library.writer.begin() as connection:
        old = connection.scalar(select(properties.c.value).where(_is_embedder).with_for_update())
        if old == library.fingerprint:
            return False
        # An index that the old one had not completed yet will never be searched.
        connection.execute(_STALE, {"embedder": old, "unless": old})
        connection.execute(update(properties).where(_is_embedder).values(value=library.fingerprint))
        connection.execute(update(chunks).values(embedded=False))
    return True


def start_over(library: Library) -> None:
    """Have all vectors made again from what SQL holds; till then searches go by words only."""
    take_over(library)
    with library.writer.begin() as connection:
        connection.execute(update(collections).values(embedder=""))
        connection.execute(_STALE, {"embedder": library.fingerprint, "unless": library.fingerprint})
        connection.execute(update(chunks).values(embedded=False))


def require_turn(library: Library, connection: Connection) -> None:
    """Raise IncompatibleData when a process with another embedder has taken over.

    Holds off such a process till the transaction ends.
    """
    query = select(properties.c.value).where(_is_embedder).with_for_update(read=True)
    if connection.scalar(query) != library.fingerprint:
        raise IncompatibleData(
            "Another process has begun to embed all documents with another model, so this one "
            "stores no more vectors. Stop it, and start the version of Pincite that the other runs."
        )


def change_over(library: Library) -> None:
    """Search by the library's own embedder in each collection whose chunks all have its vectors."""
    # What searches do not see yet is not waited for.
    still_waiting = (
        select(chunks.c.id)
        .join(documents, documents.c.id == chunks.c.document_id)
        .where(
            chunks.c.embedded.is_(False),
            current(),
            documents.c.tenant == collections.c.tenant,
            documents.c.collection == collections.c.name,
        )
        .exists()
    )
    complete = and_(_behind(library), ~still_waiting)
    with library.engine.connect() as connection:
        if not connection.scalar(select(func.count()).select_from(collections).where(complete)):
            return
    with library.writer.begin() as connection:
        require_turn(library, connection)
        rows = connection.execute(select(collections).where(complete).with_for_update()).all()
        for row in rows:
            if row.embedder:
                old = select(literal(row.tenant), literal(row.name), literal(row.embedder))
                names = ["tenant", "collection", "embedder"]
                connection.execute(insert(stale_indexes).from_select(names, old))
            connection.execute(
                update(collections)
                .where(collections.c.tenant == row.tenant, collections.c.name == row.name)
                .values(embedder=library.fingerprint)
            )


def drop_stale_indexes(library: Library, drop: Callable[[str, str, str], None]) -> None:
    """Call `drop` with the tenant, collection and embedder of each index that is of no use."""
    with library.engine.connect() as connection:
        if not connection.scalar(select(func.count()).select_from(stale_indexes)):
            return
    with library.writer.begin() as connection:
        # Held, so that no other process drops what this one is about to fill.
        for row in connection.execute(select(stale_indexes).with_for_update()).all():
            drop(row.tenant, row.collection, row.embedder)
        connection.execute(delete(stale_indexes))


def is_complete(library: Library, tenant: str, collection: str) -> bool:
    """Whether the index of the library's own embedder has all of a collection."""
    query = select(collections.c.name).where(
        _behind(library), collections.c.tenant == tenant, collections.c.name == collection
    )
    with library.engine.connect() as connection:
        return connection.execute(query).first() is None


def incomplete(library: Library, tenant: str) -> list[str]:
    """The collections that are searched by words only, until their vectors are made."""
    query = select(collections.c.name).where(_behind(library), collections.c.tenant == tenant)
    with library.engine.connect() as connection:
        return list(connection.scalars(query.order_by(collections.c.name)))


def _behind(library: Library) -> ColumnElement[bool]:
    return collections.c.embedder != library.fingerprint
