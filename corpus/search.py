"""Chunks by words or by id, as SQL has them: the lexical half, and the check of the dense half."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from corpus import fulltext
from corpus.library import Library
from corpus.records import chunk_of_row
from corpus.schema import alive_in, among, chunks, current_in, documents, versions
from corpus.types import Chunk


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: it is the `ordinal`th of its document."""

    chunk_id: int
    document_id: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk with its text, and the title and URI of its document.

    `gap` is the white space between it and the next chunk.
    """

    chunk: Chunk
    title: str
    uri: str | None
    text: str
    gap: str


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

    Of those that rank the same, in the order of documents' ids and then of the text.

    With `within`, of these documents only.

    Words are stemmed (Porter) and without accents, in the index as in the query. `weights` are of
    words in the title and headings, in the chunk itself, and in its neighbours.
    """
    if not words:
        return []
    with library.engine.connect() as connection:
        rare = fulltext.rarest(connection, words)
        search = partial(
            _ranked, connection, tenant, collection, words, k=k, weights=weights, within=within
        )
        found = search(rare=rare)
        if len(found) < k and len(rare) < len(words):  # the rare ones may be of other collections
            found = search(rare=words)
        return found


def _ranked(
    connection: Connection,
    tenant: str,
    collection: str,
    words: Sequence[str],
    *,
    k: int,
    weights: tuple[float, float, float],
    within: Collection[str] | None,
    rare: Sequence[str],
) -> list[int]:
    matched = fulltext.match(connection, words, weights, rare)
    if matched is None:
        return []
    matches, rank = matched
    query = (
        select(chunks.c.id)
        .select_from(fulltext.texts)
        .join(chunks, chunks.c.id == fulltext.texts.c.rowid)
        .join(documents, documents.c.id == chunks.c.document_id)
        .where(matches, current_in(tenant), documents.c.collection == collection)
        .order_by(rank, chunks.c.document_id, chunks.c.ordinal)
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
        select(chunks.c.id, chunks.c.document_id, chunks.c.ordinal)
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
    following = chunks.alias()
    end = func.coalesce(following.c.start, chunks.c.stop)
    query = (
        select(
            chunks,
            versions.c.title,
            versions.c.uri,
            func.substr(versions.c.text, chunks.c.start + 1, end - chunks.c.start).label("slice"),
        )
        .join(documents, documents.c.id == chunks.c.document_id)
        .join(
            versions,
            and_(
                versions.c.document_id == chunks.c.document_id,
                versions.c.version == chunks.c.version,
            ),
        )
        .outerjoin(
            following,
            and_(
                following.c.document_id == chunks.c.document_id,
                following.c.version == chunks.c.version,
                following.c.ordinal == chunks.c.ordinal + 1,
            ),
        )
        .where(chunks.c.id.in_(ids), documents.c.collection == collection, current_in(tenant))
    )
    with library.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {row.id: _found(row) for row in rows}


def _found(row: Row[*tuple[Any, ...]]) -> Found:
    length = row.stop - row.start
    return Found(
        chunk_of_row(row), row.title, row.uri, text=row.slice[:length], gap=row.slice[length:]
    )
