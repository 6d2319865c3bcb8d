"""Schedules: summaries that are made by themselves, and the history of their runs."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api import runs, schedule
from api.deps import TheDigests, ThePipeline
from api.job import NotNow
from api.schedule import ScheduleChanges, ScheduleRequest
from api.ticks import job_id_of
from corpus import schedules
from corpus.errors import NotFound
from corpus.schedule_runs import open_runs, read_run, run_page
from rag.holdings import TENANT
from rag.schedules import change, create, json_of_plan, plan_of_json

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])

Limit = Annotated[int, Query(ge=1, le=100)]


@router.post("", status_code=201)
async def add(request: ScheduleRequest, pipeline: ThePipeline) -> schedule.Schedule:
    """Make a schedule. Its first run speaks of all its documents, for none of them is known yet."""
    now = datetime.now(UTC)
    made = await asyncio.to_thread(create, pipeline.library, TENANT, request.draft(), now)
    return schedule.schedule(made)


@router.get("")
async def list_schedules(
    pipeline: ThePipeline,
    limit: Limit = 20,
    cursor: str | None = None,
    name: str | None = None,
) -> schedule.SchedulePage:
    """A page of the schedules, newest first; with a `name`, the one that has it."""
    found, following = await asyncio.to_thread(
        schedules.page, pipeline.library, TENANT, limit, cursor, name=name
    )
    return schedule.SchedulePage(
        items=[schedule.schedule(one) for one in found], next_cursor=following
    )


@router.get("/{schedule_id}")
async def read(schedule_id: str, pipeline: ThePipeline) -> schedule.Schedule:
    """A schedule, and when it runs next."""
    found = await asyncio.to_thread(schedules.read, pipeline.library, TENANT, schedule_id)
    return schedule.schedule(found)


@router.patch("/{schedule_id}")
async def patch(
    schedule_id: str, changes: ScheduleChanges, pipeline: ThePipeline
) -> schedule.Schedule:
    """Change a schedule, or pause it (`"enabled": false`). What it has said stays said."""
    library = pipeline.library
    found = await asyncio.to_thread(schedules.read, library, TENANT, schedule_id)
    values = changes.given("name", "cron", "timezone", "enabled")
    values["plan"] = json_of_plan(changes.changed(plan_of_json(found.plan)))
    now = datetime.now(UTC)
    changed = await asyncio.to_thread(change, library, TENANT, schedule_id, values, now)
    return schedule.schedule(changed)


@router.delete("/{schedule_id}", status_code=204)
async def delete(schedule_id: str, pipeline: ThePipeline) -> None:
    """Delete a schedule and its history, and cancel what is under way."""
    library = pipeline.library
    await asyncio.to_thread(schedules.read, library, TENANT, schedule_id)
    under_way = await asyncio.to_thread(open_runs, library, TENANT, schedule_id)
    await asyncio.to_thread(schedules.remove, library, TENANT, schedule_id)
    for run in under_way:
        with suppress(NotFound, NotNow):  # it was not started yet, or has just ended
            await runs.cancel(job_id_of(run))


@router.post("/{schedule_id}/trigger", status_code=202)
async def trigger(schedule_id: str, digests: TheDigests) -> schedule.Run:
    """Run a schedule now, also while it is paused."""
    return schedule.run(await digests.trigger(schedule_id))


@router.get("/{schedule_id}/runs")
async def list_runs(
    schedule_id: str,
    pipeline: ThePipeline,
    digests: TheDigests,
    limit: Limit = 20,
    cursor: str | None = None,
) -> schedule.RunPage:
    """A page of a schedule's runs, newest first, those as well that were skipped."""
    library = pipeline.library
    await asyncio.to_thread(schedules.read, library, TENANT, schedule_id)
    await digests.settle(schedule_id)
    found, following = await asyncio.to_thread(
        run_page, library, TENANT, schedule_id, limit, cursor
    )
    return schedule.RunPage(items=[schedule.run(one) for one in found], next_cursor=following)


@router.get("/{schedule_id}/runs/{run_id}")
async def read_one_run(
    schedule_id: str, run_id: str, pipeline: ThePipeline, digests: TheDigests
) -> schedule.RunWithSummary:
    """A run, with what changed and the summary of that."""
    await digests.settle(schedule_id)
    found = await asyncio.to_thread(read_run, pipeline.library, TENANT, run_id)
    if found.schedule_id != schedule_id:
        raise NotFound(f"There is no run {run_id!r} of {schedule_id!r}.")
    made = None
    if found.summary_id is not None:
        with suppress(NotFound):  # the settings say for how long summaries are kept
            made = await pipeline.kept_summary(found.summary_id)
    return schedule.run_with_summary(found, made)
