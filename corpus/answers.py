"""Answers as they were given, kept by their ids; what is in one is not looked at here."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError

from corpus.aging import remove_older
from corpus.drafts import timestamp
from corpus.errors import NotFound
from corpus.library import Library
from corpus.pages import newest_first
from corpus.schema import answers


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key, and the hash of the request that came with it."""

    key: str
    request_sha256: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer's JSON, since when it is kept (ISO 8601 in UTC), and for which request."""

    id: str
    created_at: str
    content: str
    claim: Claim | None


def keep(
    library: Library, tenant: str, answer_id: str, content: str, claim: Claim | None = None
) -> None:
    """Keep an answer, and for its claim's key if no other answer is kept for it.

    There is one when two processes answered the same request at once: the first has the key.
    """
    row = {"id": answer_id, "tenant": tenant, "created_at": timestamp(), "content": content}
    if claim is not None:
        named = {"idempotency_key": claim.key, "request_sha256": claim.request_sha256}
        try:
            with library.writer.begin() as connection:
                connection.execute(insert(answers).values(**row, **named))
        except IntegrityError:
            if kept_for(library, tenant, claim.key) is None:
                raise
        else:
            return
    with library.writer.begin() as connection:
        connection.execute(insert(answers).values(**row))


def kept(library: Library, tenant: str, answer_id: str) -> KeptAnswer:
    """An answer by its id; raises NotFound."""
    query = select(answers).where(answers.c.tenant == tenant, answers.c.id == answer_id)
    with library.engine.connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no answer {answer_id!r}. Ask again.")
    return _kept(row)


def kept_for(library: Library, tenant: str, key: str) -> KeptAnswer | None:
    """The answer that is kept for an idempotency key, if any."""
    query = select(answers).where(answers.c.tenant == tenant, answers.c.idempotency_key == key)
    with library.engine.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else _kept(row)


def kept_page(
    library: Library, tenant: str, limit: int, cursor: str | None = None
) -> tuple[list[KeptAnswer], str | None]:
    """Up to `limit` answers, newest first, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    query = select(answers).where(answers.c.tenant == tenant)
    rows, more = newest_first(library.engine, query, answers.c.seq, limit, cursor)
    return [_kept(row) for row in rows], more


def forget(library: Library, tenant: str, before: str) -> int:
    """Remove the answers that were given before a time, ISO 8601 in UTC; returns how many."""
    return remove_older(library, tenant, answers, before)


def _kept(row: Row[*tuple[Any, ...]]) -> KeptAnswer:
    claim = Claim(row.idempotency_key, row.request_sha256) if row.idempotency_key else None
    return KeptAnswer(row.id, row.created_at, row.content, claim)
