"""Summaries as they were made, kept by their ids, and what a model replied on the way to one.

What is in either is not looked at here.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, Row, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from corpus.aging import remove_older
from corpus.drafts import timestamp
from corpus.errors import NotFound
from corpus.library import Library
from corpus.pages import newest_first
from corpus.schema import replies, summaries


@dataclass(frozen=True, slots=True)
class KeptSummary:
    """A summary's JSON, and since when it is kept (ISO 8601 in UTC)."""

    id: str
    created_at: str
    content: str


def keep(library: Library, tenant: str, summary_id: str, content: str) -> None:
    """Keep a summary, unless one of this id is kept: a job that is resumed may come twice."""
    row = {"id": summary_id, "tenant": tenant, "created_at": timestamp(), "content": content}
    with library.writer.begin() as connection:
        connection.execute(_first_of(connection, summaries, row))


def kept(library: Library, tenant: str, summary_id: str) -> KeptSummary:
    """A summary by its id; raises NotFound."""
    query = select(summaries).where(summaries.c.tenant == tenant, summaries.c.id == summary_id)
    with library.engine.connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no summary {summary_id!r}. Its job may be under way.")
    return _kept(row)


def kept_page(
    library: Library, tenant: str, limit: int, cursor: str | None = None
) -> tuple[list[KeptSummary], str | None]:
    """Up to `limit` summaries, newest first, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    query = select(summaries).where(summaries.c.tenant == tenant)
    rows, more = newest_first(library.engine, query, summaries.c.seq, limit, cursor)
    return [_kept(row) for row in rows], more


def forget(library: Library, tenant: str, before: str) -> int:
    """Remove the summaries that were made before a time, ISO 8601 in UTC; returns how many.

    Replies that came before it go too: their jobs failed, or were cancelled, and not retried.
    """
    remove_older(library, tenant, replies, before)
    return remove_older(library, tenant, summaries, before)


def note_reply(
    library: Library, tenant: str, job_id: str, prompt_sha256: str, content: str
) -> None:
    """Keep what was replied to a prompt of a job; the first reply stands."""
    row = {
        "tenant": tenant,
        "job_id": job_id,
        "prompt_sha256": prompt_sha256,
        "created_at": timestamp(),
        "content": content,
    }
    with library.writer.begin() as connection:
        connection.execute(_first_of(connection, replies, row))


def reply_to(library: Library, tenant: str, job_id: str, prompt_sha256: str) -> str | None:
    """What was replied to a prompt of a job, if anything."""
    query = select(replies.c.content).where(
        replies.c.tenant == tenant,
        replies.c.job_id == job_id,
        replies.c.prompt_sha256 == prompt_sha256,
    )
    with library.engine.connect() as connection:
        content: str | None = connection.scalar(query)
    return content


def forget_replies(library: Library, tenant: str, job_id: str) -> None:
    """Remove the replies of a job whose summary is kept."""
    with library.writer.begin() as connection:
        connection.execute(
            delete(replies).where(replies.c.tenant == tenant, replies.c.job_id == job_id)
        )


def _first_of(connection: Connection, table: Table, row: dict[str, Any]) -> Insert:
    """An insert that leaves a row which is there as it is."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    made: Insert = dialect.insert(table).values(**row).on_conflict_do_nothing()
    return made


def _kept(row: Row[*tuple[Any, ...]]) -> KeptSummary:
    return KeptSummary(row.id, row.created_at, row.content)
