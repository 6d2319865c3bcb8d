"""Changes to documents that are there already."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, select, update

from corpus.drafts import drop_document, hold_document, timestamp
from corpus.errors import NotFound
from corpus.library import Library
from corpus.schema import alive_in, documents, versions
from corpus.types import Document


def change_metadata(
    library: Library, tenant: str, document_id: str, changes: Mapping[str, Any]
) -> Document:
    """Set metadata by name, and take away what is set to None; the text stays as it is.

    No new version is made, and one that comes later has the metadata that it comes with. Raises
    NotFound.
    """
    with library.writer.begin() as connection:
        held = hold_document(connection, tenant, document_id)
        shown = and_(
            versions.c.document_id == document_id,
            versions.c.version.in_([held.version, held.latest]),
        )
        for row in connection.execute(select(versions).where(shown)).all():
            merged = {**row.metadata, **changes}
            connection.execute(
                update(versions)
                .where(versions.c.document_id == document_id, versions.c.version == row.version)
                .values(metadata={name: one for name, one in merged.items() if one is not None})
            )
        connection.execute(
            update(documents).where(documents.c.id == document_id).values(updated_at=timestamp())
        )
    return library.document(tenant, document_id)


def delete_collection(library: Library, tenant: str, collection: str) -> None:
    """Remove all documents of a collection; no search finds them from now on. Raises NotFound."""
    query = select(documents.c.id).where(alive_in(tenant), documents.c.collection == collection)
    with library.writer.begin() as connection:
        ids = connection.scalars(query.order_by(documents.c.seq).with_for_update()).all()
        for document_id in ids:
            drop_document(connection, tenant, document_id)
    if not ids:
        raise NotFound(f"There is no collection {collection!r}.")
