"""Rows that are removed when they are old enough."""

from sqlalchemy import ColumnElement, Table, delete, func, select

from corpus.library import Library


def remove_older(
    library: Library, tenant: str, table: Table, before: str, *conditions: ColumnElement[bool]
) -> int:
    """Remove a tenant's rows that were made before a time, ISO 8601 in UTC; returns how many.

    Only those for which the conditions hold.
    """
    old = (table.c.tenant == tenant, table.c.created_at < before, *conditions)
    with library.engine.connect() as connection:  # most often there is nothing to lock for
        if not connection.scalar(select(func.count()).where(*old)):
            return 0
    with library.writer.begin() as connection:
        return connection.execute(delete(table).where(*old)).rowcount
