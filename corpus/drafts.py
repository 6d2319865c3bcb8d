"""Drafts into SQL: the rows of a document, of its versions and of their chunks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
)

from corpus.chunk import heading_text
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
    pages: Sequence[Span] = ()


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


def insert_version(connection: Connection, document_id: str, version: int, draft: Draft) -> None:
    """Put in a version, its chunks and their words."""
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
        )
    )
    for chunk in draft.chunks:
        result = connection.execute(
            insert(chunks).values(document_id=document_id, version=version, **row_of_chunk(chunk))
        )
        connection.execute(
            text("INSERT INTO chunks_text(rowid, heading, body) VALUES (:id, :heading, :body)"),
            {
                "id": result.inserted_primary_key[0] if result.inserted_primary_key else None,
                "heading": heading_text(draft.title, chunk, draft.text),
                "body": chunk.span.of(draft.text),
            },
        )


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
    connection.execute(
        text("DELETE FROM chunks_text WHERE rowid IN (SELECT chunk_id FROM stale_vectors)")
    )
    connection.execute(delete(chunks).where(mine))


def timestamp() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
