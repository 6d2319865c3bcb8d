"""Schedules: summaries that are made by themselves, and the history of their runs."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api import runs, schedule
from api.deps import TheDigests, ThePipeline, TheSender
from api.destinations import (
    check_folder,
    close_webhook,
    create_schedule,
    delivery_of,
    open_webhook,
    webhook_of,
)
from api.job import NotNow
from api.schedule_requests import ScheduleChanges, ScheduleRequest
from api.ticks import job_id_of
from corpus import schedules
from corpus.errors import CorpusError, NotFound
from corpus.schedule_runs import open_runs, read_run, run_page
from rag.holdings import TENANT
from rag.schedules import change, json_of_plan, plan_of_json

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])

Limit = Annotated[int, Query(ge=1, le=100)]


@router.post("", status_code=201)
async def add(
    request: ScheduleRequest, pipeline: ThePipeline, sender: TheSender
) -> schedule.Schedule:
    """Make a schedule. Its first run speaks of all its documents, for none of them is known yet.

    The answer has the secret of a new webhook, which is not told again.
    """
    check_folder(pipeline.settings, wanted=request.folder)
    request.summary.check(pipeline.settings)
    made, webhook = await create_schedule(pipeline.library, sender, request, datetime.now(UTC))
    return schedule.schedule(made, webhook, is_new=True)


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
    hooks = await asyncio.to_thread(lambda: [webhook_of(pipeline.library, one) for one in found])
    items = [schedule.schedule(one, hook) for one, hook in zip(found, hooks, strict=True)]
    return schedule.SchedulePage(items=items, next_cursor=following)


@router.get("/{schedule_id}")
async def read(schedule_id: str, pipeline: ThePipeline) -> schedule.Schedule:
    """A schedule, and when it runs next."""
    found = await asyncio.to_thread(schedules.read, pipeline.library, TENANT, schedule_id)
    webhook = await asyncio.to_thread(webhook_of, pipeline.library, found)
    return schedule.schedule(found, webhook)


@router.patch("/{schedule_id}")
async def patch(
    schedule_id: str, changes: ScheduleChanges, pipeline: ThePipeline, sender: TheSender
) -> schedule.Schedule:
    """Change a schedule, or pause it (`"enabled": false`). What it has said stays said."""
    check_folder(pipeline.settings, wanted=changes.folder)
    if changes.summary is not None:
        changes.summary.check(pipeline.settings)
    library, now = pipeline.library, datetime.now(UTC)
    found = await asyncio.to_thread(schedules.read, library, TENANT, schedule_id)
    values = changes.given("name", "cron", "timezone", "enabled")
    before = plan_of_json(found.plan)
    plan = changes.changed(before)
    if changes.of_webhook:
        opened = await open_webhook(library, sender, changes.webhook_url, changes.webhook_secret)
        plan = replace(plan, webhook_id=None if opened is None else opened.id)
    values["plan"] = json_of_plan(plan)
    try:
        changed = await asyncio.to_thread(change, library, TENANT, schedule_id, values, now)
    except CorpusError:
        if changes.of_webhook:
            await close_webhook(library, plan.webhook_id)
        raise
    if changes.of_webhook:
        await close_webhook(library, before.webhook_id)
    webhook = await asyncio.to_thread(webhook_of, library, changed)
    return schedule.schedule(changed, webhook, is_new=changes.of_webhook)


@router.delete("/{schedule_id}", status_code=204)
async def delete(schedule_id: str, pipeline: ThePipeline) -> None:
    """Delete a schedule and its history, and cancel what is under way."""
    library = pipeline.library
    found = await asyncio.to_thread(schedules.read, library, TENANT, schedule_id)
    under_way = await asyncio.to_thread(open_runs, library, TENANT, schedule_id)
    await asyncio.to_thread(schedules.remove, library, TENANT, schedule_id)
    await close_webhook(library, plan_of_json(found.plan).webhook_id)
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
    delivery = await asyncio.to_thread(delivery_of, pipeline.library, run_id)
    return schedule.run_with_summary(found, made, delivery)
