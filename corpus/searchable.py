"""The versions that searches see, listed without their texts."""

from sqlalchemy import and_, select

from corpus.filters import Filter, passes
from corpus.library import Library
from corpus.records import fields_of_row
from corpus.schema import alive_in, documents, versions
from corpus.types import DocumentVersion

_ROWS = 500  # read at once


def searchable_versions(
    library: Library, tenant: str, collection: str | None, where: Filter = ()
) -> list[DocumentVersion]:
    """The searchable versions of documents that pass a filter, the oldest document first.

    Of one collection, or of all for None.
    """
    query = (
        select(
            documents,
            versions.c.title,
            versions.c.uri,
            versions.c.media_type,
            versions.c.metadata,
        )
        .join(
            versions,
            and_(
                versions.c.document_id == documents.c.id,
                versions.c.version == documents.c.version,
            ),
        )
        .where(alive_in(tenant), documents.c.version > 0)
        .order_by(documents.c.seq)
        .execution_options(yield_per=_ROWS)
    )
    if collection is not None:
        query = query.where(documents.c.collection == collection)
    with library.engine.connect() as connection, connection.execute(query) as found:
        return [(row.id, row.version) for row in found if passes(fields_of_row(row), where)]
