"""The documents in SQL: what is true of them, whatever the vector index holds.

Every read and write names the tenant; a document of another tenant is not found.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Select,
    func,
    select,
    text,
    update,
)

from corpus.database import open_engine, writing
from corpus.drafts import (
    Draft,
    add_missing_file,
    draft_id,
    drop_chunks,
    drop_document,
    hold_collection,
    hold_document,
    insert_document,
    insert_version,
    no_document,
    timestamp,
    twin_of,
)
from corpus.errors import NotFound
from corpus.filters import Filter, passes
from corpus.pages import read_cursor
from corpus.records import chunk_of_row, document_of_row, fields_of_row
from corpus.schema import (
    alive_in,
    chunks,
    current_in,
    documents,
    files,
    versions,
)
from corpus.types import Accepted, Chunk, Collection, Document, Original, Outcome

__all__ = ["Draft", "Library"]

_PAGE = 100  # documents that are listed at once
_ROWS = 500  # read at once while documents are looked for that pass a filter

_FIRST_EMBEDDER = text(
    "INSERT INTO properties (name, value) VALUES ('embedder', :embedder) ON CONFLICT DO NOTHING"
)


class Library:
    """Documents, their versions and chunks, and the lexical index, in one SQL database."""

    def __init__(self, database: Path | str, fingerprint: str) -> None:
        """Open or make a SQLite file, or the database of a URL.

        `fingerprint` tells the embedding model from others. Raises what `open_engine` does.
        """
        self.fingerprint = fingerprint
        self.engine = open_engine(database)
        self.writer = writing(self.engine)
        with self.writer.begin() as connection:
            connection.execute(_FIRST_EMBEDDER, {"embedder": fingerprint})

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    def accept(self, tenant: str, draft: Draft) -> Accepted:
        """Store a draft, in one transaction. It is searched once its chunks are embedded.

        The same `external_id` with other content makes a new version; with the same content,
        nothing. Content that another document of the collection has is not stored twice.
        """
        document_id = draft_id(tenant, draft)
        with self.writer.begin() as connection:
            hold_collection(connection, tenant, draft.collection)
            same = select(documents).where(documents.c.id == document_id)
            old = connection.execute(same.with_for_update()).first()
            alive = old is not None and old.deleted_at is None
            if old is not None and alive and old.content_hash == draft.content_hash:
                add_missing_file(connection, tenant, document_id, old.latest, draft)
                return Accepted(document_id, Outcome.UNCHANGED, old.latest, draft.title)
            if not alive and (twin := twin_of(connection, tenant, draft)) is not None:
                return Accepted(twin.id, Outcome.DUPLICATE_OF, twin.latest, draft.title)
            version = 1 if old is None else old.latest + 1
            if old is None:
                insert_document(connection, tenant, document_id, draft)
            else:
                # A version that was never searched is superseded before it is embedded.
                drop_chunks(connection, document_id, chunks.c.version > old.version)
                connection.execute(
                    update(documents)
                    .where(documents.c.id == document_id)
                    .values(
                        latest=version,
                        version=old.version if alive else 0,
                        content_hash=draft.content_hash,
                        updated_at=timestamp(),
                        deleted_at=None,
                    )
                )
            insert_version(connection, tenant, document_id, version, draft)
        outcome = Outcome.UPDATED if alive else Outcome.CREATED
        return Accepted(document_id, outcome, version, draft.title)

    def delete(self, tenant: str, document_id: str) -> None:
        """Remove a document and all its versions; no search finds it from now on.

        Raises NotFound.
        """
        with self.writer.begin() as connection:
            hold_document(connection, tenant, document_id)
            drop_document(connection, tenant, document_id)

    def document(self, tenant: str, document_id: str, version: int | None = None) -> Document:
        """A document, at its newest version or at the one that is asked for; raises NotFound."""
        if version is not None and not 0 < version < 2**63:  # no integer of SQL
            raise no_document(document_id, version)
        wanted = documents.c.latest if version is None else version
        query = _document_query(tenant, with_text=True).where(
            documents.c.id == document_id,
            versions.c.version == wanted,
            versions.c.purged_at.is_(None),
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise no_document(document_id, version)
        return document_of_row(row, row.text)

    def original(self, tenant: str, document_id: str, version: int | None = None) -> Original:
        """The file that a version was made from, by default the newest; raises NotFound."""
        document = self.document(tenant, document_id, version)
        query = (
            select(versions.c.file_name, files.c.data)
            .join(files, files.c.sha256 == versions.c.file_sha256)
            .where(
                files.c.tenant == tenant,
                versions.c.document_id == document_id,
                versions.c.version == document.version,
            )
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(
                f"The file of {document_id!r} was not kept by the version of Pincite that read it. "
                "Send the document again, as it was, and it is."
            )
        return Original(row.file_name, document.media_type, row.data)

    def collections(self, tenant: str) -> list[Collection]:
        """The collections that have documents, by name."""
        query = (
            select(documents.c.collection, func.count())
            .where(alive_in(tenant))
            .group_by(documents.c.collection)
            .order_by(documents.c.collection)
        )
        with self.engine.connect() as connection:
            return [Collection(name, count) for name, count in connection.execute(query)]

    def current_version(self, tenant: str, document_id: str) -> int:
        """The version that is searched, 0 when none is yet; raises NotFound."""
        query = select(documents.c.version).where(alive_in(tenant), documents.c.id == document_id)
        with self.engine.connect() as connection:
            version: int | None = connection.scalar(query)
        if version is None:
            raise no_document(document_id)
        return version

    def was_deleted(self, tenant: str, document_id: str) -> bool:
        """Whether there was such a document, and it was deleted."""
        query = select(documents.c.id).where(
            documents.c.tenant == tenant,
            documents.c.id == document_id,
            documents.c.deleted_at.is_not(None),
        )
        with self.engine.connect() as connection:
            return connection.execute(query).first() is not None

    def was_purged(self, tenant: str, document_id: str, version: int) -> bool:
        """Whether there was such a version, and its text was removed since it was old."""
        query = (
            select(versions.c.version)
            .join(documents, documents.c.id == versions.c.document_id)
            .where(
                alive_in(tenant),
                documents.c.id == document_id,
                versions.c.version == version,
                versions.c.purged_at.is_not(None),
            )
        )
        with self.engine.connect() as connection:
            return connection.execute(query).first() is not None

    def documents(
        self,
        tenant: str,
        collection: str | None,
        limit: int,
        cursor: str | None = None,
        *,
        where: Filter = (),
    ) -> tuple[list[Document], str | None]:
        """Up to `limit` documents (without their text), oldest first, and the next page's cursor.

        Only those whose newest version passes `where`. Raises InvalidRequest for a cursor that this
        method did not give.
        """
        query = _document_query(tenant).where(versions.c.version == documents.c.latest)
        if collection is not None:
            query = query.where(documents.c.collection == collection)
        if cursor is not None:
            query = query.where(documents.c.seq > read_cursor(cursor))
        query = query.order_by(documents.c.seq)
        if not where:
            query = query.limit(limit + 1)
        query = query.execution_options(yield_per=_ROWS)
        with self.engine.connect() as connection, connection.execute(query) as found:
            passing = (row for row in found if passes(fields_of_row(row), where))
            rows = list(islice(passing, limit + 1))
        more = str(rows[limit - 1].seq) if len(rows) > limit else None
        return [document_of_row(row, "") for row in rows[:limit]], more

    def all_documents(self, tenant: str, collection: str | None) -> Iterator[Document]:
        """All documents of a collection, or of all, without their texts, oldest first."""
        cursor: str | None = None
        while True:
            page, cursor = self.documents(tenant, collection, _PAGE, cursor)
            yield from page
            if cursor is None:
                return

    def chunks(self, tenant: str, document_id: str) -> list[Chunk]:
        """The searchable chunks of a document, in order; raises NotFound."""
        query = (
            select(chunks)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(current_in(tenant), documents.c.id == document_id)
            .order_by(chunks.c.ordinal)
        )
        with self.engine.connect() as connection:
            found = [chunk_of_row(row) for row in connection.execute(query)]
        if not found:
            self.document(tenant, document_id)
        return found

    def counts(self, tenant: str) -> tuple[int, int]:
        """How many documents and how many searchable chunks there are."""
        with self.engine.connect() as connection:
            live = connection.scalar(select(func.count()).where(alive_in(tenant)))
            found = connection.scalar(
                select(func.count(chunks.c.id))
                .select_from(chunks.join(documents, documents.c.id == chunks.c.document_id))
                .where(current_in(tenant))
            )
        return live or 0, found or 0


def _document_query(tenant: str, *, with_text: bool = False) -> Select[*tuple[Any, ...]]:
    parts = [versions.c.uri, versions.c.title, versions.c.media_type, versions.c.metadata]
    parts.append(versions.c.pages)
    if with_text:
        parts.append(versions.c.text)
    return (
        select(
            documents,
            versions.c.version.label("document_version"),
            versions.c.content_hash.label("version_hash"),
            *parts,
        )
        .join(versions, versions.c.document_id == documents.c.id)
        .where(alive_in(tenant))
    )
