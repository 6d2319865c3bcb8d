"""Chunks by words or by id, as SQL has them: the lexical half, and the check of the dense half."""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, select, text

from corpus.library import Library
from corpus.records import chunk_of_row
from corpus.schema import chunks, documents, versions
from corpus.types import Chunk

_BY_WORDS = text(
    "SELECT chunks.id FROM chunks_text "
    "JOIN chunks ON chunks.id = chunks_text.rowid "
    "JOIN documents ON documents.id = chunks.document_id "
    "WHERE chunks_text MATCH :query AND documents.tenant = :tenant "
    "AND documents.collection = :collection AND documents.deleted_at IS NULL "
    "AND chunks.version = documents.version "
    "ORDER BY bm25(chunks_text) LIMIT :k"
)


def by_words(
    library: Library, tenant: str, collection: str, words: Sequence[str], k: int
) -> list[int]:
    """Ids of at most `k` chunks that have any of the words, by BM25, the best first.

    Words are stemmed (Porter) and without accents, in the index as in the query.
    """
    if not words:
        return []
    query = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
    values = {"query": query, "tenant": tenant, "collection": collection, "k": k}
    with library.engine.connect() as connection:
        return list(connection.scalars(_BY_WORDS, values))


def found_chunks(
    library: Library, tenant: str, collection: str, ids: Sequence[int]
) -> Mapping[int, tuple[Chunk, str, str | None, str]]:
    """Of these chunks those that may be searched now: id to chunk, title, URI and text."""
    length = chunks.c.stop - chunks.c.start
    query = (
        select(
            chunks,
            versions.c.title,
            versions.c.uri,
            func.substr(versions.c.text, chunks.c.start + 1, length).label("body"),
        )
        .join(documents, documents.c.id == chunks.c.document_id)
        .join(
            versions,
            and_(
                versions.c.document_id == chunks.c.document_id,
                versions.c.version == chunks.c.version,
            ),
        )
        .where(
            chunks.c.id.in_(ids),
            chunks.c.version == documents.c.version,
            documents.c.tenant == tenant,
            documents.c.collection == collection,
            documents.c.deleted_at.is_(None),
        )
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {row.id: (chunk_of_row(row), row.title, row.uri, row.body) for row in rows}
