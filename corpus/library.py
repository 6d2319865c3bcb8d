"""The documents in SQL: what is true of them, whatever the vector index holds.

Every read and write names the tenant; a document of another tenant is not found.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Select,
    delete,
    func,
    select,
    text,
    update,
)

from corpus.drafts import (
    Draft,
    draft_id,
    drop_chunks,
    insert_document,
    insert_version,
    timestamp,
    twin_of,
)
from corpus.errors import InvalidRequest, NotFound
from corpus.records import chunk_of_row, document_of_row
from corpus.schema import (
    alive_in,
    chunks,
    current_in,
    documents,
    open_engine,
    stale_vectors,
    versions,
)
from corpus.types import Accepted, Chunk, Document, Outcome

__all__ = ["Draft", "Library", "Unembedded"]


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that waits for its vector, with the text to embed."""

    chunk_id: int
    tenant: str
    collection: str
    text: str


class Library:
    """Documents, their versions and chunks, and the lexical index, in one SQLite file."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Open or make the file; raises IncompatibleData as `open_engine` does."""
        self.engine = open_engine(path, fingerprint)
        # SQLite has one writer; waiting here, none reads what another is about to change.
        self._writing = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    def accept(self, tenant: str, draft: Draft) -> Accepted:
        """Store a draft, in one transaction. It is searched once its chunks are embedded.

        The same `external_id` with other content makes a new version; with the same content,
        nothing. Content that another document of the collection has is not stored twice.
        """
        document_id = draft_id(tenant, draft)
        with self._writing, self.engine.begin() as connection:
            old = connection.execute(select(documents).where(documents.c.id == document_id)).first()
            alive = old is not None and old.deleted_at is None
            if old is not None and alive and old.content_hash == draft.content_hash:
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
            insert_version(connection, document_id, version, draft)
        outcome = Outcome.UPDATED if alive else Outcome.CREATED
        return Accepted(document_id, outcome, version, draft.title)

    def unembedded(self, limit: int) -> list[Unembedded]:
        """The oldest chunks, of any tenant, that wait for their vectors."""
        query = (
            select(
                chunks.c.id,
                documents.c.tenant,
                documents.c.collection,
                text("chunks_text.heading || char(10) || chunks_text.body AS text"),
            )
            .select_from(chunks)
            .join(documents, documents.c.id == chunks.c.document_id)
            .join(text("chunks_text"), text("chunks_text.rowid = chunks.id"))
            .where(chunks.c.embedded.is_(False))
            .order_by(chunks.c.id)
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return [Unembedded(*row) for row in connection.execute(query)]

    def waiting(self) -> int:
        """How many chunks, of all tenants, wait for their vectors."""
        with self.engine.connect() as connection:
            query = select(func.count()).where(chunks.c.embedded.is_(False))
            return connection.scalar(query) or 0

    def mark_embedded(self, chunk_ids: Sequence[int]) -> None:
        """Note that the index has these chunks; a version whose chunks are all there goes live."""
        with self._writing, self.engine.begin() as connection:
            connection.execute(
                update(chunks).where(chunks.c.id.in_(chunk_ids)).values(embedded=True)
            )
            touched = select(chunks.c.document_id).where(chunks.c.id.in_(chunk_ids)).distinct()
            waiting = (
                select(chunks.c.id)
                .where(
                    chunks.c.document_id == documents.c.id,
                    chunks.c.version == documents.c.latest,
                    chunks.c.embedded.is_(False),
                )
                .exists()
            )
            complete = connection.execute(
                select(documents.c.id, documents.c.latest).where(
                    documents.c.id.in_(touched), documents.c.version < documents.c.latest, ~waiting
                )
            ).all()
            for row in complete:
                connection.execute(
                    update(documents).where(documents.c.id == row.id).values(version=row.latest)
                )
                drop_chunks(connection, row.id, chunks.c.version < row.latest)

    def stale(self, limit: int) -> list[tuple[int, str, str]]:
        """Chunk id, tenant and collection of vectors that the index should no longer have."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(stale_vectors).limit(limit))
            return [(row.chunk_id, row.tenant, row.collection) for row in rows]

    def forget_stale(self, chunk_ids: Iterable[int]) -> None:
        """Note that the index no longer has these vectors."""
        with self._writing, self.engine.begin() as connection:
            connection.execute(
                delete(stale_vectors).where(stale_vectors.c.chunk_id.in_(list(chunk_ids)))
            )

    def delete(self, tenant: str, document_id: str) -> None:
        """Remove a document and all its versions; no search finds it from now on.

        Raises NotFound.
        """
        with self._writing, self.engine.begin() as connection:
            found = connection.execute(
                update(documents)
                .where(alive_in(tenant), documents.c.id == document_id)
                .values(deleted_at=timestamp())
            )
            if found.rowcount == 0:
                raise _no_document(document_id)
            drop_chunks(connection, document_id, chunks.c.version > 0)
            connection.execute(delete(versions).where(versions.c.document_id == document_id))

    def document(self, tenant: str, document_id: str, version: int | None = None) -> Document:
        """A document, at its newest version or at the one that is asked for; raises NotFound."""
        if version is not None and not 0 < version < 2**63:  # no integer of SQL
            raise _no_document(document_id, version)
        wanted = documents.c.latest if version is None else version
        query = _document_query(tenant, with_text=True).where(
            documents.c.id == document_id, versions.c.version == wanted
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _no_document(document_id, version)
        return document_of_row(row, row.text)

    def current_version(self, tenant: str, document_id: str) -> int:
        """The version that is searched, 0 when none is yet; raises NotFound."""
        query = select(documents.c.version).where(alive_in(tenant), documents.c.id == document_id)
        with self.engine.connect() as connection:
            version: int | None = connection.scalar(query)
        if version is None:
            raise _no_document(document_id)
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

    def documents(
        self, tenant: str, collection: str | None, limit: int, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Up to `limit` documents (without their text), oldest first, and the next page's cursor.

        Raises InvalidRequest for a cursor that this method did not give.
        """
        query = _document_query(tenant).where(versions.c.version == documents.c.latest)
        if collection is not None:
            query = query.where(documents.c.collection == collection)
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):  # SQL's integers
                raise InvalidRequest(f"{cursor!r} is not a cursor; use next_cursor of a page.")
            query = query.where(documents.c.seq > int(cursor))
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(documents.c.seq).limit(limit + 1)).all()
        more = str(rows[limit - 1].seq) if len(rows) > limit else None
        return [document_of_row(row, "") for row in rows[:limit]], more

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


def _no_document(document_id: str, version: int | None = None) -> NotFound:
    which = "" if version is None else f" in version {version}"
    return NotFound(f"There is no document {document_id!r}{which}.")
