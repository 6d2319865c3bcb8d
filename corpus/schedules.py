"""Schedules as they are kept: when they run, and which document versions they have spoken of.

What is in a plan is not looked at here, nor is a calendar: whoever calls says what the next run is.
All times are ISO 8601 in UTC, so that they sort as they are written.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from corpus.drafts import timestamp
from corpus.errors import NameTaken, NotFound, UnderWay
from corpus.library import Library
from corpus.pages import newest_first
from corpus.schedule_runs import OPEN, Run, RunDraft, RunStatus, first_open, insert_run
from corpus.schema import schedule_runs, schedules
from corpus.snapshots import Snapshot, snapshot_of_json


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    """A schedule that is not stored yet; `plan` is JSON."""

    name: str
    cron: str
    timezone: str
    enabled: bool
    plan: str
    next_run_at: str | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule; `next_run_at` is None while it is paused, or has no time left."""

    seq: int
    id: str
    name: str
    cron: str
    timezone: str
    enabled: bool
    plan: str
    next_run_at: str | None
    created_at: str
    updated_at: str


_FIELDS = [schedules.c[name] for name in Schedule.__dataclass_fields__]


def create(library: Library, tenant: str, draft: ScheduleDraft) -> Schedule:
    """Keep a schedule that has seen nothing yet; raises NameTaken."""
    now = timestamp()
    row: dict[str, Any] = {
        "id": f"sch_{uuid.uuid4().hex[:20]}",
        "tenant": tenant,
        **{name: getattr(draft, name) for name in ScheduleDraft.__dataclass_fields__},
        "created_at": now,
        "updated_at": now,
        "seen": "{}",
        "seen_run": 0,
    }
    try:
        with library.writer.begin() as connection:
            connection.execute(insert(schedules).values(row))
    except IntegrityError as error:
        raise _taken(draft.name) from error
    return read(library, tenant, row["id"])


def read(library: Library, tenant: str, schedule_id: str) -> Schedule:
    """A schedule; raises NotFound."""
    with library.engine.connect() as connection:
        row = connection.execute(select(*_FIELDS).where(_mine(tenant, schedule_id))).first()
    if row is None:
        raise _unknown(schedule_id)
    return _schedule(row)


def page(
    library: Library,
    tenant: str,
    limit: int,
    cursor: str | None = None,
    *,
    name: str | None = None,
) -> tuple[list[Schedule], str | None]:
    """Up to `limit` schedules, newest first, and the next page's cursor; only that of a `name`.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    query = select(*_FIELDS).where(schedules.c.tenant == tenant)
    if name is not None:
        query = query.where(schedules.c.name == name)
    rows, more = newest_first(library.engine, query, schedules.c.seq, limit, cursor)
    return [_schedule(row) for row in rows], more


def change(library: Library, tenant: str, schedule_id: str, changes: Mapping[str, Any]) -> Schedule:
    """Set fields of a ScheduleDraft by name; raises NotFound or NameTaken."""
    values = {name: changes[name] for name in ScheduleDraft.__dataclass_fields__ if name in changes}
    query = update(schedules).where(_mine(tenant, schedule_id))
    try:
        with library.writer.begin() as connection:
            connection.execute(query.values(**values, updated_at=timestamp()))
    except IntegrityError as error:
        raise _taken(str(changes["name"])) from error
    return read(library, tenant, schedule_id)


def remove(library: Library, tenant: str, schedule_id: str) -> None:
    """Remove a schedule and the history of its runs, but nothing that they made; NotFound."""
    with library.writer.begin() as connection:
        if not connection.execute(delete(schedules).where(_mine(tenant, schedule_id))).rowcount:
            raise _unknown(schedule_id)
        connection.execute(
            delete(schedule_runs).where(
                schedule_runs.c.tenant == tenant, schedule_runs.c.schedule_id == schedule_id
            )
        )


def due_by(library: Library, tenant: str, now: str) -> list[Schedule]:
    """The schedules whose next run was to be at this time or before."""
    query = select(*_FIELDS).where(schedules.c.tenant == tenant, schedules.c.next_run_at <= now)
    with library.engine.connect() as connection:
        return [_schedule(row) for row in connection.execute(query)]


def claim(
    library: Library, tenant: str, schedule: Schedule, following: str | None, run: RunDraft
) -> Run | None:
    """Make the run of a tick, and set the next; None when another process was there before.

    `schedule` is as it was read: if its next run is another one by now, it is not this process'.
    The run is skipped when another of the schedule has not ended.
    """
    query = update(schedules).where(
        _mine(tenant, schedule.id), schedules.c.next_run_at == schedule.next_run_at
    )
    with library.writer.begin() as connection:
        if not connection.execute(query.values(next_run_at=following)).rowcount:
            return None
        if run.status in OPEN and (other := first_open(connection, tenant, schedule.id)):
            reason = f"Run {other} had not ended. The next one says what this one would have said."
            run = replace(run, status=RunStatus.SKIPPED, reason=reason)
        return insert_run(connection, tenant, schedule.id, run)


def add_run(library: Library, tenant: str, schedule_id: str, run: RunDraft) -> Run:
    """Make a run that no tick asked for.

    Raises NotFound, or UnderWay when another run of the schedule has not ended.
    """
    held = select(schedules.c.id).where(_mine(tenant, schedule_id)).with_for_update()
    with library.writer.begin() as connection:
        if connection.execute(held).first() is None:
            raise _unknown(schedule_id)
        if other := first_open(connection, tenant, schedule_id):
            raise UnderWay(
                f"Run {other} of {schedule_id} has not ended. Wait for it, or cancel it."
            )
        return insert_run(connection, tenant, schedule_id, run)


def seen(library: Library, tenant: str, schedule_id: str) -> Snapshot:
    """The documents as the last run that was done had them; raises NotFound."""
    with library.engine.connect() as connection:
        query = select(schedules.c.seen).where(_mine(tenant, schedule_id))
        found: str | None = connection.scalar(query)
    if found is None:
        raise _unknown(schedule_id)
    return snapshot_of_json(found)


def see(library: Library, tenant: str, run: Run) -> None:
    """Note that the schedule has spoken of what the run has, unless a later run has already."""
    mine = and_(schedule_runs.c.tenant == tenant, schedule_runs.c.id == run.id)
    with library.writer.begin() as connection:
        spoken: str | None = connection.scalar(select(schedule_runs.c.seen).where(mine))
        if spoken is not None:
            connection.execute(
                update(schedules)
                .where(_mine(tenant, run.schedule_id), schedules.c.seen_run < run.seq)
                .values(seen=spoken, seen_run=run.seq)
            )
            connection.execute(update(schedule_runs).where(mine).values(seen=None))


def _mine(tenant: str, schedule_id: str) -> ColumnElement[bool]:
    return and_(schedules.c.tenant == tenant, schedules.c.id == schedule_id)


def _schedule(row: Row[*tuple[Any, ...]]) -> Schedule:
    return Schedule(**{name: getattr(row, name) for name in Schedule.__dataclass_fields__})


def _unknown(schedule_id: str) -> NotFound:
    return NotFound(f"There is no schedule {schedule_id!r}.")


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a schedule {name!r} already. Change that one, or choose a name.")
