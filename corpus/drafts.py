"""Drafts into SQL: the rows of a document, of its versions and of their chunks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)

from corpus import fulltext, originals
from corpus.chunk import heading_text, indexed_text, surrounding_text
from corpus.errors import NotFound
from corpus.records import row_of_chunk
from corpus.schema import alive_in, chunks, documents, stale_vectors, versions
from corpus.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class Draft:
    """A parsed and chunked document that is not stored yet."""

    collection: str
    external_id: str | None
    uri: str | None
    title: str
    media_type: str
    metadata: Mapping[str, Any]
    content_hash: str
    text: str
    chunks: Sequence[Chunk]
    file: bytes | None = None  # as it was sent
    file_name: str | None = None
    pages: Sequence[Span] = ()


# The update of what is there holds the row till the transaction ends.
_HOLD_COLLECTION = text(
    "INSERT INTO collections (tenant, name, embedder) "
    "SELECT :tenant, :name, value FROM properties WHERE name = 'embedder' "
    "ON CONFLICT (tenant, name) DO UPDATE SET name = excluded.name"
)


def hold_collection(connection: Connection, tenant: str, collection: str) -> None:
    """Let no other transaction add to a collection before this one ends: two could add the same."""
    connection.execute(_HOLD_COLLECTION, {"tenant": tenant, "name": collection})


def hold_document(connection: Connection, tenant: str, document_id: str) -> Row[Any, Any]:
    """A document's row, which no other transaction changes till this one's end; raises NotFound."""
    query = select(documents).where(alive_in(tenant), documents.c.id == document_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise no_document(document_id)
    return row


def no_document(document_id: str, version: int | None = None) -> NotFound:
    """The error for a document or version that a tenant does not have."""
    which = "" if version is None else f" in version {version}"
    return NotFound(f"There is no document {document_id!r}{which}.")


def draft_id(tenant: str, draft: Draft) -> str:
    """The same for the same upload, so that sending it again can not double it."""
    key = f"id:{draft.external_id}" if draft.external_id else f"sha256:{draft.content_hash}"
    digest = hashlib.sha256(f"{tenant}\0{draft.collection}\0{key}".encode()).hexdigest()
    return f"doc_{digest[:20]}"


def twin_of(connection: Connection, tenant: str, draft: Draft) -> Row[Any, Any] | None:
    """Id and latest version of a document of the collection that has the same content."""
    return connection.execute(
        select(documents.c.id, documents.c.latest).where(
            alive_in(tenant),
            documents.c.collection == draft.collection,
            documents.c.content_hash == draft.content_hash,
        )
    ).first()


def insert_document(connection: Connection, tenant: str, document_id: str, draft: Draft) -> None:
    """Put in the row of a document that was not there before."""
    now = timestamp()
    connection.execute(
        insert(documents).values(
            id=document_id,
            tenant=tenant,
            collection=draft.collection,
            external_id=draft.external_id,
            version=0,
            latest=1,
            content_hash=draft.content_hash,
            created_at=now,
            updated_at=now,
        )
    )


def insert_version(
    connection: Connection, tenant: str, document_id: str, version: int, draft: Draft
) -> None:
    """Put in a version, its file, its chunks and their words."""
    file_sha256 = None if draft.file is None else originals.keep(connection, tenant, draft.file)
    connection.execute(
        insert(versions).values(
            document_id=document_id,
            version=version,
            uri=draft.uri,
            title=draft.title,
            media_type=draft.media_type,
            metadata=dict(draft.metadata),
            content_hash=draft.content_hash,
            text=draft.text,
            pages=[[page.start, page.end] for page in draft.pages],
            file_sha256=file_sha256,
            file_name=draft.file_name,
        )
    )
    bodies = [indexed_text(chunk, draft.text) for chunk in draft.chunks]
    rows = [
        {
            "document_id": document_id,
            "version": version,
            "text_hash": hashlib.sha256(body.encode()).hexdigest(),
            **row_of_chunk(chunk),
        }
        for body, chunk in zip(bodies, draft.chunks, strict=True)
    ]
    numbered = insert(chunks).returning(chunks.c.id, sort_by_parameter_order=True)
    numbers = connection.scalars(numbered, rows).all()
    words = [
        {
            "rowid": number,
            "heading": heading_text(draft.title, chunk),
            "body": body,
            "around": surrounding_text(draft.chunks, at, draft.text),
        }
        for at, (number, body, chunk) in enumerate(zip(numbers, bodies, draft.chunks, strict=True))
    ]
    fulltext.put(connection, words)


def add_missing_file(
    connection: Connection, tenant: str, document_id: str, version: int, draft: Draft
) -> None:
    """Keep the file of a version that Pincite 0.1 read, which kept none."""
    without = and_(
        versions.c.document_id == document_id,
        versions.c.version == version,
        versions.c.file_sha256.is_(None),
    )
    if draft.file is None or connection.execute(select(versions).where(without)).first() is None:
        return
    digest = originals.keep(connection, tenant, draft.file)
    connection.execute(
        update(versions).where(without).values(file_sha256=digest, file_name=draft.file_name)
    )


def drop_document(connection: Connection, tenant: str, document_id: str) -> None:
    """Take a document's text, chunks and files away; its row stays and says when."""
    connection.execute(
        update(documents).where(documents.c.id == document_id).values(deleted_at=timestamp())
    )
    drop_chunks(connection, document_id, chunks.c.version > 0)
    mine = versions.c.document_id == document_id
    digests = connection.scalars(
        select(versions.c.file_sha256).where(mine, versions.c.file_sha256.is_not(None)).distinct()
    ).all()
    connection.execute(delete(versions).where(mine))
    originals.drop_unused(connection, tenant, digests)


def drop_chunks(connection: Connection, document_id: str, which: ColumnElement[bool]) -> None:
    """Remove chunks from SQL, and note their vectors as stale."""
    mine = and_(chunks.c.document_id == document_id, which)
    connection.execute(
        insert(stale_vectors).from_select(
            ["chunk_id", "tenant", "collection"],
            select(chunks.c.id, documents.c.tenant, documents.c.collection)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(mine),
        )
    )
    fulltext.remove(connection, fulltext.texts.c.rowid.in_(select(chunks.c.id).where(mine)))
    connection.execute(delete(chunks).where(mine))


def timestamp(later: timedelta = timedelta()) -> str:
    """The time, or `later` than that, ISO 8601 in UTC."""
    return (datetime.now(UTC) + later).isoformat(timespec="milliseconds").replace("+00:00", "Z")
