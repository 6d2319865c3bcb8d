"""The runs of schedules: what came of each, in a history that is kept with the schedule.

All times are ISO 8601 in UTC.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from corpus.aging import remove_older
from corpus.drafts import timestamp
from corpus.errors import NotFound
from corpus.library import Library
from corpus.pages import newest_first
from corpus.schema import schedule_runs
from corpus.snapshots import Snapshot, snapshot_of_json


class RunStatus(StrEnum):
    """Where a run is."""

    QUEUED = "queued"  # its job is to be started, or waits for its turn
    RUNNING = "running"  # its job is under way
    DONE = "done"  # it said what there was to say
    SKIPPED = "skipped"  # nothing was to be done, and nothing was paid for
    FAILED = "failed"  # an error stopped it; what it did not say is said by the next
    CANCELLED = "cancelled"  # somebody stopped it; what it did not say is said by the next


OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class RunDraft:
    """A run that is not stored yet: of a tick, or of none when somebody triggered it.

    One that is skipped has ended. `missed_since` is the first tick that nobody ran before it.
    """

    tick: str | None
    missed_since: str | None = None
    status: RunStatus = RunStatus.QUEUED
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a schedule; `reason` says why it was skipped or failed.

    `changes` is what it spoke of, as JSON, and `summary_id` the summary that it made.
    """

    seq: int
    id: str
    schedule_id: str
    tick: str | None
    missed_since: str | None
    status: RunStatus
    reason: str | None
    job_id: str | None
    summary_id: str | None
    changes: str | None
    created_at: str
    finished_at: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it, unless its job is retried."""
        return self.status not in OPEN


_FIELDS = [schedule_runs.c[name] for name in Run.__dataclass_fields__]


def insert_run(connection: Connection, tenant: str, schedule_id: str, draft: RunDraft) -> Run:
    """Put in the row of a run, within a transaction."""
    now = timestamp()
    row = {
        "id": f"run_{uuid.uuid4().hex[:20]}",
        "tenant": tenant,
        "schedule_id": schedule_id,
        "tick": draft.tick,
        "missed_since": draft.missed_since,
        "status": draft.status,
        "reason": draft.reason,
        "created_at": now,
        "finished_at": None if draft.status in OPEN else now,
    }
    query = insert(schedule_runs).values(row).returning(*_FIELDS)
    return _run(connection.execute(query).one())


def first_open(connection: Connection, tenant: str, schedule_id: str) -> str | None:
    """The id of a run of a schedule that has not ended, within a transaction; None if none is."""
    found: str | None = connection.scalar(
        select(schedule_runs.c.id).where(
            schedule_runs.c.tenant == tenant,
            schedule_runs.c.schedule_id == schedule_id,
            schedule_runs.c.status.in_(OPEN),
        )
    )
    return found


def read_run(library: Library, tenant: str, run_id: str) -> Run:
    """A run by its id; raises NotFound."""
    with library.engine.connect() as connection:
        row = connection.execute(select(*_FIELDS).where(_mine(tenant, run_id))).first()
    if row is None:
        raise NotFound(f"There is no run {run_id!r}.")
    return _run(row)


def run_page(
    library: Library, tenant: str, schedule_id: str, limit: int, cursor: str | None = None
) -> tuple[list[Run], str | None]:
    """Up to `limit` runs of a schedule, newest first, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    query = select(*_FIELDS).where(
        schedule_runs.c.tenant == tenant, schedule_runs.c.schedule_id == schedule_id
    )
    rows, more = newest_first(library.engine, query, schedule_runs.c.seq, limit, cursor)
    return [_run(row) for row in rows], more


def last_done(library: Library, tenant: str, run: Run) -> Run | None:
    """The last run of the same schedule, before this one, that said what there was to say."""
    query = (
        select(*_FIELDS)
        .where(
            schedule_runs.c.tenant == tenant,
            schedule_runs.c.schedule_id == run.schedule_id,
            schedule_runs.c.seq < run.seq,
            schedule_runs.c.status == RunStatus.DONE,
        )
        .order_by(schedule_runs.c.seq.desc())
        .limit(1)
    )
    with library.engine.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else _run(row)


def open_runs(library: Library, tenant: str, schedule_id: str | None = None) -> list[Run]:
    """The runs that have not ended, oldest first: of a schedule, or of all."""
    query = select(*_FIELDS).where(
        schedule_runs.c.tenant == tenant, schedule_runs.c.status.in_(OPEN)
    )
    if schedule_id is not None:
        query = query.where(schedule_runs.c.schedule_id == schedule_id)
    with library.engine.connect() as connection:
        return [_run(row) for row in connection.execute(query.order_by(schedule_runs.c.seq))]


def note_job(library: Library, tenant: str, run_id: str, job_id: str) -> None:
    """Note the job that does a run, unless that has ended already."""
    _set(library, tenant, run_id, {"job_id": job_id}, OPEN)


def note_under_way(library: Library, tenant: str, run_id: str) -> None:
    """Note that a run's job is under way, also again after it failed or was cancelled."""
    values = {"status": RunStatus.RUNNING, "reason": None, "finished_at": None}
    stopped = (RunStatus.FAILED, RunStatus.CANCELLED)
    _set(library, tenant, run_id, values, (RunStatus.QUEUED, *stopped))


def note_changes(library: Library, tenant: str, run_id: str, changes: str, seen: str) -> None:
    """Note what a run has to speak of, as JSON, and the documents as they are then."""
    _set(library, tenant, run_id, {"changes": changes, "seen": seen})


def about_to_be_seen(library: Library, tenant: str, run_id: str) -> Snapshot:
    """The documents as a run that is prepared and not done has them; raises NotFound."""
    with library.engine.connect() as connection:
        query = select(schedule_runs.c.seen).where(_mine(tenant, run_id))
        found: str | None = connection.scalar(query)
    if found is None:
        raise NotFound(f"There is no run {run_id!r} that is prepared and not done.")
    return snapshot_of_json(found)


def note_summary(
    library: Library, tenant: str, run_id: str, summary_id: str | None, seen: str
) -> None:
    """Note what a run says, by its summary's id, and the documents that it speaks of."""
    _set(library, tenant, run_id, {"summary_id": summary_id, "seen": seen})


def finish(
    library: Library,
    tenant: str,
    run_id: str,
    status: RunStatus,
    *,
    reason: str | None = None,
    instead_of: Collection[RunStatus] = tuple(RunStatus),
) -> bool:
    """Note how a run has ended, if its status is one of `instead_of`; whether it was."""
    values = {"status": status, "reason": reason, "finished_at": timestamp()}
    return _set(library, tenant, run_id, values, instead_of)


def forget(library: Library, tenant: str, before: str) -> int:
    """Remove the ended runs that were made before a time, ISO 8601 in UTC; returns how many."""
    return remove_older(library, tenant, schedule_runs, before, schedule_runs.c.status.not_in(OPEN))


def _set(
    library: Library,
    tenant: str,
    run_id: str,
    values: dict[str, Any],
    instead_of: Collection[RunStatus] = tuple(RunStatus),
) -> bool:
    query = (
        update(schedule_runs)
        .where(_mine(tenant, run_id), schedule_runs.c.status.in_(instead_of))
        .values(values)
    )
    with library.writer.begin() as connection:
        return connection.execute(query).rowcount > 0


def _mine(tenant: str, run_id: str) -> ColumnElement[bool]:
    return and_(schedule_runs.c.tenant == tenant, schedule_runs.c.id == run_id)


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    fields = {name: getattr(row, name) for name in Run.__dataclass_fields__}
    return Run(**{**fields, "status": RunStatus(row.status)})
