"""Rows of the library as the types of the corpus, and back."""

from typing import Any

from sqlalchemy import Row

from corpus.types import Chunk, Document, Flaw, Span, Unit, UnitKind


def document_of_row(row: Row[*tuple[Any, ...]], text: str) -> Document:
    """A row of documents joined with versions."""
    return Document(
        id=row.id,
        tenant=row.tenant,
        collection=row.collection,
        external_id=row.external_id,
        version=row.document_version,
        uri=row.uri,
        title=row.title,
        media_type=row.media_type,
        metadata=row.metadata,
        content_hash=row.version_hash,
        status="ready" if row.version == row.latest else "pending",
        created_at=row.created_at,
        updated_at=row.updated_at,
        text=text,
        pages=tuple(Span(*page) for page in row.pages),
    )


def fields_of_row(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What a filter sees of a row of documents joined with versions, as `corpus.filters` says."""
    return {
        **row.metadata,
        "document_id": row.id,
        "external_id": row.external_id,
        "title": row.title,
        "uri": row.uri,
        "media_type": row.media_type,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def chunk_of_row(row: Row[*tuple[Any, ...]]) -> Chunk:
    """A row of chunks."""
    return Chunk(
        id=row.id,
        document_id=row.document_id,
        version=row.version,
        ordinal=row.ordinal,
        span=Span(row.start, row.stop),
        token_count=row.token_count,
        heading_path=tuple(row.heading_path),
        units=tuple(_unit(fields) for fields in row.units),
    )


def row_of_chunk(chunk: Chunk) -> dict[str, Any]:
    """The columns of a chunk that has neither an id nor a document yet."""
    return {
        "ordinal": chunk.ordinal,
        "start": chunk.span.start,
        "stop": chunk.span.end,
        "token_count": chunk.token_count,
        "heading_path": list(chunk.heading_path),
        "units": [_fields(unit) for unit in chunk.units],
        "embedded": False,
    }


def _fields(unit: Unit) -> list[Any]:
    flaw = unit.flaw.value if unit.flaw else None
    beside = [_ends(unit.header), flaw, unit.corrects, _ends(unit.caption)]
    return [unit.span.start, unit.span.end, unit.kind.value, *beside]


def _ends(span: Span | None) -> list[int] | None:
    return [span.start, span.end] if span else None


def _unit(fields: list[Any]) -> Unit:
    start, end, kind, header, flaw, corrects, *more = fields
    caption = more[0] if more else None  # Pincite 0.1 noted none
    return Unit(
        span=Span(start, end),
        kind=UnitKind(kind),
        header=Span(*header) if header else None,
        caption=Span(*caption) if caption else None,
        flaw=Flaw(flaw) if flaw else None,
        corrects=corrects,
    )
