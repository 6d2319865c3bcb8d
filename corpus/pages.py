"""Pages of lists. A cursor is the number of the last row that was seen."""

from typing import Any

from sqlalchemy import Column, Engine, Row, Select

from corpus.errors import InvalidRequest


def read_cursor(cursor: str) -> int:
    """The number in a cursor; raises InvalidRequest for what is none."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):  # SQL's integers
        raise InvalidRequest(f"{cursor!r} is not a cursor; use next_cursor of a page.")
    return int(cursor)


def newest_first(
    engine: Engine, query: Select[Any], seq: Column[int], limit: int, cursor: str | None
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """Up to `limit` rows of a query, by falling `seq`, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    if cursor is not None:
        query = query.where(seq < read_cursor(cursor))
    with engine.connect() as connection:
        rows = list(connection.execute(query.order_by(seq.desc()).limit(limit + 1)).all())
    more = str(rows[limit - 1].seq) if len(rows) > limit else None
    return rows[:limit], more
