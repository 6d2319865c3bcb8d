"""The documents that a filter lets pass, as both halves of a search take them."""

from collections.abc import Collection

from sqlalchemy import String, and_, cast, func, select

from corpus.filters import Filter, passes
from corpus.library import Library
from corpus.records import fields_of_row
from corpus.schema import alive_in, among, chunks, current_in, documents, versions

_FIELDS = (
    *(documents.c[name] for name in ("id", "external_id", "created_at", "updated_at")),
    *(versions.c[name] for name in ("title", "uri", "media_type", "metadata")),
)


def selected_documents(
    library: Library, tenant: str, collection: str, conditions: Filter
) -> list[str]:
    """Ids of the documents of a collection for whose searched version the conditions hold.

    Decided here and not in SQL, whose JSON and dates differ between databases.
    """
    query = (
        select(*_FIELDS)
        .join(
            versions,
            and_(
                versions.c.document_id == documents.c.id,
                versions.c.version == documents.c.version,
            ),
        )
        .where(alive_in(tenant), documents.c.collection == collection)
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query)
        return [row.id for row in rows if passes(fields_of_row(row), conditions)]


def chunk_ids(library: Library, tenant: str, of: Collection[str]) -> list[int]:
    """The chunks of these documents that are searched."""
    with library.engine.connect() as connection:
        # In one string, which is read in half the time that tens of thousands of rows are.
        query = (
            select(func.aggregate_strings(cast(chunks.c.id, String), ","))
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(current_in(tenant), among(connection, documents.c.id, of))
        )
        found: str | None = connection.scalar(query)
    return [int(chunk_id) for chunk_id in found.split(",")] if found else []
