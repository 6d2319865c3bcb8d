"""What is wrong with a store, and how to mend it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import func, select

from corpus import backlog, fulltext
from corpus.library import Library
from corpus.schema import (
    chunks,
    collections,
    documents,
    files,
    properties,
    stale_indexes,
    stale_vectors,
    versions,
)
from corpus.vectors import VectorIndex

_REINDEX = "`pincite reindex` makes all vectors again from what SQL holds."

_embedder_query = select(properties.c.value).where(properties.c.name == "embedder")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong; `kind` is a word that stays the same, `remedy` says what to do."""

    kind: str
    detail: str
    remedy: str


def examine(library: Library, vectors: VectorIndex) -> list[Finding]:
    """Everything that is wrong with the documents of all tenants. Changes nothing.

    What is still being done by a process that runs is found too, as it is at that moment.
    """
    return [
        *_lock(vectors),
        *_embedder(library),
        *_unfinished(library),
        *_sql(library),
        *_vectors(library, vectors),
    ]


def _lock(vectors: VectorIndex) -> Iterator[Finding]:
    if vectors.left_by is not None:
        yield Finding(
            "stale_lock",
            f"Process {vectors.left_by} ended without closing {vectors.place}.",
            "Nothing: its lock ended with it, and the file that named it has been removed. What it "
            "left undone is done by the next `pincite serve` or `pincite ingest`.",
        )


def _embedder(library: Library) -> Iterator[Finding]:
    with library.engine.connect() as connection:
        embedder = connection.scalar(_embedder_query)
        behind = connection.scalar(
            select(func.count())
            .select_from(collections)
            .where(collections.c.embedder != library.fingerprint)
        )
    if embedder != library.fingerprint or behind:
        yield Finding(
            "embedder_mismatch",
            f"{behind} collections have the vectors of another embedding model, and are searched "
            "by words only.",
            "`pincite serve`, the next `pincite ingest` or `pincite reindex` makes theirs anew.",
        )


def _unfinished(library: Library) -> Iterator[Finding]:
    if waiting := backlog.waiting(library):
        yield Finding(
            "waiting_chunks",
            f"{waiting} chunks wait for their vectors.",
            "`pincite serve` or the next `pincite ingest` goes on with them.",
        )
    with library.engine.connect() as connection:
        left = [
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (stale_vectors, stale_indexes)
        ]
    if any(left):
        yield Finding(
            "unremoved_vectors",
            f"{left[0]} vectors and {left[1]} indexes of what was deleted or replaced are still "
            "there. No search uses them.",
            "`pincite serve` or the next `pincite ingest` removes them.",
        )


def _sql(library: Library) -> Iterator[Finding]:
    texts = fulltext.texts
    lost_words = select(chunks.c.id).where(
        ~select(texts.c.rowid).where(texts.c.rowid == chunks.c.id).exists()
    )
    lost_files = (
        select(versions.c.document_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(versions.c.file_sha256.is_not(None))
        .where(
            ~select(files.c.sha256)
            .where(files.c.tenant == documents.c.tenant, files.c.sha256 == versions.c.file_sha256)
            .exists()
        )
    )
    with library.engine.connect() as connection:
        words, originals = (
            connection.scalar(select(func.count()).select_from(query.subquery())) or 0
            for query in (lost_words, lost_files)
        )
    if words or originals:
        yield Finding(
            "damaged_sql",
            f"{words} chunks are not in the full-text index, and {originals} versions have lost "
            "their file.",
            "Pincite never leaves that behind: go back to a backup of the database, or delete the "
            "documents and ingest them again.",
        )


def _vectors(library: Library, vectors: VectorIndex) -> Iterator[Finding]:
    with library.engine.connect() as connection:
        embedder = connection.scalar(_embedder_query)
        rows = connection.execute(
            select(documents.c.tenant, documents.c.collection, chunks.c.id)
            .join(chunks, chunks.c.document_id == documents.c.id)
            .where(chunks.c.embedded.is_(True))
            .order_by(documents.c.tenant, documents.c.collection)
        ).all()
        to_remove = set(connection.scalars(select(stale_vectors.c.chunk_id)))
        in_use = {tuple(row) for row in connection.execute(select(collections))}
        in_use |= {tuple(row) for row in connection.execute(select(stale_indexes))}
    if embedder != library.fingerprint:
        return  # whose vectors the chunks have can not be looked at with this one
    there = vectors.indexes()
    expected = {
        place: {row.id for row in group}
        for place, group in groupby(rows, key=lambda row: (row.tenant, row.collection))
    }
    missing = orphans = 0
    for place in expected.keys() | {(one[0], one[1]) for one in there if one[2] == embedder}:
        found = vectors.ids(*place)
        missing += len(expected.get(place, set()) - found)
        orphans += len(found - expected.get(place, set()) - to_remove)
    lost = [one for one in there if one[2] != embedder and one not in in_use]
    if missing:
        yield Finding(
            "missing_vectors",
            f"{missing} chunks have no vector in {vectors.place}, and are found by words only.",
            _REINDEX,
        )
    if orphans or lost:
        yield Finding(
            "orphan_vectors",
            f"{orphans} vectors in {vectors.place} are of no chunk, and {len(lost)} indexes of no "
            "embedding model in use. No search uses them.",
            _REINDEX,
        )
