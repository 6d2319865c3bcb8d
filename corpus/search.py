"""Chunks by words or by id, as SQL has them: the lexical half, and the check of the dense half."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select, text

from corpus.library import Library
from corpus.records import chunk_of_row
from corpus.schema import alive_in, chunks, current_in, documents, versions
from corpus.types import Chunk

_BY_WORDS = text(
    "SELECT chunks.id FROM chunks_text "
    "JOIN chunks ON chunks.id = chunks_text.rowid "
    "JOIN documents ON documents.id = chunks.document_id "
    "WHERE chunks_text MATCH :query AND documents.tenant = :tenant "
    "AND documents.collection = :collection AND documents.deleted_at IS NULL "
    "AND chunks.version = documents.version "
    "ORDER BY bm25(chunks_text, :heading, :body, :around) LIMIT :k"
)


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
) -> list[int]:
    """Ids of at most `k` chunks that have any of the words, by BM25, the best first.

    Words are stemmed (Porter) and without accents, in the index as in the query. `weights` are of
    words in the title and headings, in the chunk itself, and in its neighbours.
    """
    if not words:
        return []
    query = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
    values = {"query": query, "tenant": tenant, "collection": collection, "k": k}
    heading, body, around = weights
    with library.engine.connect() as connection:
        return list(
            connection.scalars(
                _BY_WORDS, {**values, "heading": heading, "body": body, "around": around}
            )
        )


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


def text_between(library: Library, first: Chunk, last: Chunk) -> str:
    """A document version's text from the start of one of its chunks to the end of another."""
    length = last.span.end - first.span.start
    query = select(func.substr(versions.c.text, first.span.start + 1, length)).where(
        versions.c.document_id == first.document_id, versions.c.version == first.version
    )
    with library.engine.connect() as connection:
        return str(connection.execute(query).scalar_one())
