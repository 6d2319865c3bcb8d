"""Chunks by words or by id, as SQL has them: the lexical half, and the check of the dense half."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from corpus import fulltext
from corpus.library import Library
from corpus.records import chunk_of_row
from corpus.schema import alive_in, among, chunks, current_in, documents, versions
from corpus.types import Chunk


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: the `ordinal`th of a document, of so many tokens."""

    chunk_id: int
    document_id: str
    ordinal: int
    token_count: int


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk with its text, and the title and URI of its document."""

    chunk: Chunk
    title: str
    uri: str | None
    text: str


def by_words(
    library: Library,
    tenant: str,
    collection: str,
    words: Sequence[str],
    k: int,
    *,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    within: Collection[str] | None = None,
) -> list[int]:
    """Ids of at most `k` chunks that have any of the words, the best first, as `fulltext` ranks.

    With `within`, of these documents only.

    Words are stemmed (Porter) and without accents, in the index as in the query. `weights` are of
    words in the title and headings, in the chunk itself, and in its neighbours.
    """
    if not words:
        return []
    with library.engine.connect() as connection:
        matched = fulltext.match(connection, words, weights)
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
        if within is not None:
            query = query.where(among(connection, documents.c.id, within))
        return list(connection.scalars(query))


def places_near(
    library: Library, tenant: str, collection: str, ids: Sequence[int], reach: int
) -> list[Place]:
    """Of these chunks those that may be searched now, and the chunks up to `reach` from them."""
    hit = chunks.alias()
    query = (
        select(chunks.c.id, chunks.c.document_id, chunks.c.ordinal, chunks.c.token_count)
        .distinct()
        .select_from(hit)
        .join(documents, documents.c.id == hit.c.document_id)
        .join(
            chunks,
            and_(
                chunks.c.document_id == hit.c.document_id,
                chunks.c.version == hit.c.version,
                chunks.c.ordinal.between(hit.c.ordinal - reach, hit.c.ordinal + reach),
            ),
        )
        .where(
            hit.c.id.in_(ids),
            hit.c.version == documents.c.version,
            documents.c.collection == collection,
            alive_in(tenant),
        )
    )
    with library.engine.connect() as connection:
        return [Place(*row) for row in connection.execute(query)]


def found_chunks(
    library: Library, tenant: str, collection: str, ids: Sequence[int]
) -> Mapping[int, Found]:
    """Of these chunks those that may be searched now, by id."""
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
        .where(chunks.c.id.in_(ids), documents.c.collection == collection, current_in(tenant))
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {row.id: Found(chunk_of_row(row), row.title, row.uri, row.body) for row in rows}


def text_between(library: Library, tenant: str, first: Chunk, last: Chunk) -> str | None:
    """A document version's text from the start of one of its chunks to the end of another.

    None when it was deleted since the chunks were found.
    """
    length = last.span.end - first.span.start
    query = (
        select(func.substr(versions.c.text, first.span.start + 1, length))
        .join(documents, documents.c.id == versions.c.document_id)
        .where(
            versions.c.document_id == first.document_id,
            versions.c.version == first.version,
            alive_in(tenant),
        )
    )
    with library.engine.connect() as connection:
        text: str | None = connection.scalar(query)
    return text
