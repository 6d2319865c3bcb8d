"""The versions that searches see, listed without their texts."""

import re
from collections.abc import Mapping

from sqlalchemy import and_, select

from corpus.filters import Filter, passes
from corpus.library import Library
from corpus.records import fields_of_row
from corpus.schema import alive_in, documents, versions
from corpus.types import DocumentVersion

_ROWS = 500  # read at once
_DATE = re.compile(r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}")


def searchable_versions(
    library: Library, tenant: str, collection: str | None, where: Filter = ()
) -> list[DocumentVersion]:
    """The searchable versions of documents that pass a filter, the earliest first.

    Of one collection, or of all for None. When a document is from is what its metadata say under
    "date", "published" or "published_at", or else when it was added.
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
        passing = [
            (_when(row.metadata, row.created_at), row.id, row.version)
            for row in found
            if passes(fields_of_row(row), where)
        ]
    passing.sort(key=lambda one: one[0])
    return [(document_id, version) for _, document_id, version in passing]


def _when(metadata: Mapping[str, object], created_at: str) -> str:
    """A date as it is sorted; what is no date counts for none."""
    for name in ("date", "published", "published_at"):
        value = metadata.get(name)
        if isinstance(value, str) and _DATE.match(value):
            return value.replace("/", "-")
    return created_at
