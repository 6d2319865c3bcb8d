"""What is still to be done for the documents of all tenants: chunks to embed, vectors to remove.

It is work of the house's own: no request is answered from here, so no tenant is named.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_, update

from corpus import fulltext, originals
from corpus.drafts import drop_chunks, timestamp
from corpus.embedders import require_turn
from corpus.library import Library
from corpus.schema import chunks, current, documents, stale_vectors, versions
from corpus.types import DocumentVersion

# What is left of a version that was purged.
_NOTHING: dict[str, Any] = {
    "title": "",
    "uri": None,
    "metadata": {},
    "text": "",
    "file_sha256": None,
    "file_name": None,
}


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that waits for its vector, with the text to embed.

    `twin` is a chunk of the same document that has the vector of the same text, if there is one.
    """

    chunk_id: int
    tenant: str
    collection: str
    text: str
    twin: int | None


def unembedded(
    library: Library,
    limit: int,
    of: Collection[DocumentVersion] | None = None,
    without: Collection[int] = (),
) -> list[Unembedded]:
    """Chunks that wait for their vectors, of these versions or of all, `without` some.

    Those that no search sees yet come first, then the oldest.
    """
    other = chunks.alias()
    twin = select(func.max(other.c.id)).where(
        other.c.document_id == chunks.c.document_id,
        other.c.text_hash == chunks.c.text_hash,
        other.c.embedded.is_(True),
    )
    query = (
        select(
            chunks.c.id,
            documents.c.tenant,
            documents.c.collection,
            fulltext.texts.c.body,
            twin.scalar_subquery().label("twin"),
        )
        .select_from(chunks)
        .join(documents, documents.c.id == chunks.c.document_id)
        .join(fulltext.texts, fulltext.texts.c.rowid == chunks.c.id)
        .where(_waits(of), chunks.c.id.not_in(without))
        .order_by(current(), chunks.c.id)
        .limit(limit)
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        Unembedded(
            chunk_id=row.id,
            tenant=row.tenant,
            collection=row.collection,
            text=row.body,
            twin=row.twin,
        )
        for row in rows
    ]


def waiting(library: Library) -> int:
    """How many chunks wait for their vectors."""
    with library.engine.connect() as connection:
        query = select(func.count()).where(chunks.c.embedded.is_(False))
        return connection.scalar(query) or 0


def waiting_by_version(
    library: Library, of: Collection[DocumentVersion] | None = None
) -> dict[DocumentVersion, int]:
    """How many chunks wait for their vectors, by version: of these versions, or of all."""
    version = (chunks.c.document_id, chunks.c.version)
    query = select(*version, func.count()).where(_waits(of)).group_by(*version)
    with library.engine.connect() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def mark_embedded(library: Library, chunk_ids: Sequence[int]) -> set[int]:
    """Note that the index has these chunks; a version whose chunks are all there goes live.

    Returns those that have been removed meanwhile, whose vectors are of no use any more. Raises
    IncompatibleData when another embedder has taken over.
    """
    touched = select(chunks.c.document_id).where(chunks.c.id.in_(chunk_ids))
    still_waiting = (
        select(chunks.c.id)
        .where(
            chunks.c.document_id == documents.c.id,
            chunks.c.version == documents.c.latest,
            chunks.c.embedded.is_(False),
        )
        .exists()
    )
    with library.writer.begin() as connection:
        require_turn(library, connection)
        # Held, so that of two processes with half the chunks each the second one sees them all.
        mine = select(documents.c.id).where(documents.c.id.in_(touched)).order_by(documents.c.seq)
        held = connection.scalars(mine.with_for_update()).all()
        there = connection.scalars(
            update(chunks)
            .where(chunks.c.id.in_(chunk_ids))
            .values(embedded=True)
            .returning(chunks.c.id)
        ).all()
        complete = connection.execute(
            select(documents.c.id, documents.c.version, documents.c.latest).where(
                documents.c.id.in_(held),
                documents.c.version < documents.c.latest,
                ~still_waiting,
            )
        ).all()
        for row in complete:
            connection.execute(
                update(documents).where(documents.c.id == row.id).values(version=row.latest)
            )
            if row.version > 0:  # else nothing older has chunks
                drop_chunks(connection, row.id, chunks.c.version < row.latest)
    return set(chunk_ids) - set(there)


def stale(library: Library, limit: int) -> list[tuple[int, str, str]]:
    """Chunk id, tenant and collection of vectors that the index should no longer have."""
    with library.engine.connect() as connection:
        rows = connection.execute(select(stale_vectors).limit(limit))
        return [(row.chunk_id, row.tenant, row.collection) for row in rows]


def forget_stale(library: Library, chunk_ids: Iterable[int]) -> None:
    """Note that the index no longer has these vectors."""
    with library.writer.begin() as connection:
        connection.execute(
            delete(stale_vectors).where(stale_vectors.c.chunk_id.in_(list(chunk_ids)))
        )


def purge(library: Library, keep: int) -> int:
    """Remove the text and files of versions older than the `keep` newest that were searched.

    Returns of how many.
    """
    old = and_(
        documents.c.version > keep,
        versions.c.version <= documents.c.version - keep,
        versions.c.purged_at.is_(None),
    )
    query = (
        select(documents.c.tenant, versions.c.document_id, versions.c.version)
        .add_columns(versions.c.file_sha256)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(old)
        .order_by(documents.c.tenant, documents.c.seq)
    )
    with library.engine.connect() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    with library.writer.begin() as connection:
        rows = connection.execute(query.with_for_update(of=documents)).all()
        for row in rows:
            connection.execute(
                update(versions)
                .where(versions.c.document_id == row.document_id, versions.c.version == row.version)
                .values(_NOTHING | {"purged_at": timestamp()})
            )
        for tenant, group in groupby(rows, key=lambda row: row.tenant):
            digests = {row.file_sha256 for row in group if row.file_sha256 is not None}
            originals.drop_unused(connection, tenant, sorted(digests))
    return len(rows)


def _waits(of: Collection[DocumentVersion] | None) -> ColumnElement[bool]:
    waits = chunks.c.embedded.is_(False)
    if of is None:
        return waits
    return and_(waits, tuple_(chunks.c.document_id, chunks.c.version).in_(of))
