"""Chunks by words or by id, as SQL has them: the lexical half, and the check of the dense half."""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, select

from corpus import fulltext
from corpus.library import Library
from corpus.records import chunk_of_row
from corpus.schema import chunks, current_in, documents, versions
from corpus.types import Chunk


def by_words(
    library: Library, tenant: str, collection: str, words: Sequence[str], k: int
) -> list[int]:
    """Ids of at most `k` chunks that have any of the words, the best first, as `fulltext` ranks.

    Words are stemmed (Porter) and without accents, in the index as in the query.
    """
    if not words:
        return []
    with library.engine.connect() as connection:
        matched = fulltext.match(connection, words)
        if matched is None:
            return []
        matches, rank = matched
        query = (
            select(chunks.c.id)
            .select_from(fulltext.texts)
            .join(chunks, chunks.c.id == fulltext.texts.c.rowid)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(matches, current_in(tenant), documents.c.collection == collection)
            .order_by(rank, chunks.c.id)
            .limit(k)
        )
        return list(connection.scalars(query))


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
