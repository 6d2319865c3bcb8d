"""The files that documents were made from: kept once by content, until no version needs them."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, select, text

from corpus.schema import documents, files, versions

# The update of what is there holds the row, so that nobody removes it before this is committed.
_KEEP = text(
    "INSERT INTO files (tenant, sha256, data) VALUES (:tenant, :sha256, :data) "
    "ON CONFLICT (tenant, sha256) DO UPDATE SET sha256 = excluded.sha256"
)


def keep(connection: Connection, tenant: str, data: bytes) -> str:
    """Keep a file, and give the SHA-256 that it is known by."""
    digest = hashlib.sha256(data).hexdigest()
    connection.execute(_KEEP, {"tenant": tenant, "sha256": digest, "data": data})
    return digest


def drop_unused(connection: Connection, tenant: str, digests: Sequence[str]) -> None:
    """Remove those of the files that no version of the tenant's documents needs any more."""
    mine = and_(files.c.tenant == tenant, files.c.sha256.in_(digests))
    # Held first, and looked at by another statement, which sees what was committed meanwhile.
    connection.execute(select(files.c.sha256).where(mine).with_for_update())
    used = (
        select(versions.c.file_sha256)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(documents.c.tenant == tenant, versions.c.file_sha256 == files.c.sha256)
        .exists()
    )
    connection.execute(delete(files).where(mine, ~used))
