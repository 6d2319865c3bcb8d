"""Which documents there are, at which version; and what became of those of an earlier time."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from corpus.filters import Filter, passes
from corpus.library import Library
from corpus.records import fields_of_row
from corpus.schema import alive_in, among, documents, versions


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents: of one collection or of all, that pass a filter, of these ids or of any."""

    collection: str | None = None
    where: Filter = ()
    document_ids: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of a document, and the title and the address that it had."""

    version: int
    title: str
    uri: str | None = None


Snapshot = Mapping[str, Edition]  # by the document's id


def snapshot(library: Library, tenant: str, selection: Selection) -> dict[str, Edition]:
    """The documents of a selection at the versions that are searched, oldest first.

    One that waits to be searched for the first time is not there yet. A document that the
    selection names and that is not there is left out too.
    """
    query = (
        select(
            *(documents.c[name] for name in ("id", "external_id", "created_at", "updated_at")),
            *(versions.c[name] for name in ("version", "title", "uri", "media_type", "metadata")),
        )
        .join(
            versions,
            and_(
                versions.c.document_id == documents.c.id,
                versions.c.version == documents.c.version,
            ),
        )
        .where(alive_in(tenant))
        .order_by(documents.c.seq)
    )
    if selection.collection is not None:
        query = query.where(documents.c.collection == selection.collection)
    with library.engine.connect() as connection:
        if selection.document_ids is not None:
            query = query.where(among(connection, documents.c.id, selection.document_ids))
        return {
            row.id: Edition(row.version, row.title, row.uri)
            for row in connection.execute(query)
            if passes(fields_of_row(row), selection.where)
        }


def deleted_at(library: Library, tenant: str, document_ids: Collection[str]) -> dict[str, str]:
    """When each of these documents was deleted, for those that were and are not there again."""
    with library.engine.connect() as connection:
        query = select(documents.c.id, documents.c.deleted_at).where(
            documents.c.tenant == tenant,
            documents.c.deleted_at.is_not(None),
            among(connection, documents.c.id, document_ids),
        )
        return {row.id: row.deleted_at for row in connection.execute(query)}


def json_of_snapshot(found: Snapshot) -> str:
    """The JSON from which `snapshot_of_json` makes an equal snapshot."""
    rows = {name: [one.version, one.title, one.uri] for name, one in found.items()}
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def snapshot_of_json(text: str) -> dict[str, Edition]:
    """The snapshot that was written by `json_of_snapshot`."""
    rows: dict[str, Any] = json.loads(text)
    return {name: Edition(*row) for name, row in rows.items()}
