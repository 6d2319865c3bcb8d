"""What the command line does with schedules, by their names."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api import schedule
from api.lookup import find_document
from api.problems import invalid_detail
from api.schedule_requests import ScheduleRequest
from corpus import schedules
from corpus.errors import InvalidRequest, NotFound
from corpus.schedule_runs import Run, RunDraft
from corpus.schedules import Schedule, ScheduleDraft
from rag import Pipeline
from rag.holdings import TENANT
from rag.schedules import change, create, plan_of_json

_PAGE = 100


async def all_schedules(pipeline: Pipeline) -> list[Schedule]:
    """All schedules, newest first."""
    found: list[Schedule] = []
    cursor: str | None = None
    while True:
        page, cursor = await asyncio.to_thread(
            schedules.page, pipeline.library, TENANT, _PAGE, cursor
        )
        found += page
        if cursor is None:
            return found


async def find(pipeline: Pipeline, name: str) -> Schedule:
    """The schedule that has this name, or else this id; raises NotFound."""
    found, _ = await asyncio.to_thread(schedules.page, pipeline.library, TENANT, 1, name=name)
    if found:
        return found[0]
    try:
        return await asyncio.to_thread(schedules.read, pipeline.library, TENANT, name)
    except NotFound as error:
        raise NotFound(
            f"There is no schedule {name!r}. `pincite schedules list` names them."
        ) from error


async def queue(pipeline: Pipeline, name: str) -> Run:
    """A run for the server to take up; raises NotFound, or UnderWay when one has not ended."""
    found = await find(pipeline, name)
    draft = RunDraft(tick=None)
    return await asyncio.to_thread(schedules.add_run, pipeline.library, TENANT, found.id, draft)


async def switch(pipeline: Pipeline, name: str, *, enabled: bool) -> Schedule:
    """Pause a schedule, or let it run again from its next tick on; raises NotFound."""
    found = await find(pipeline, name)
    changes = {"enabled": enabled}
    now = datetime.now(UTC)
    return await asyncio.to_thread(change, pipeline.library, TENANT, found.id, changes, now)


async def remove(pipeline: Pipeline, name: str) -> Schedule:
    """Remove a schedule with the history of its runs; raises NotFound."""
    found = await find(pipeline, name)
    await asyncio.to_thread(schedules.remove, pipeline.library, TENANT, found.id)
    return found


async def make_or_show(
    pipeline: Pipeline, fields: Mapping[str, Any], names: Sequence[str]
) -> Schedule:
    """Make a schedule of the fields of a request, or find the one that is just so already.

    Documents may be called anything that `find_document` knows. Without a name it is called after
    what it summarizes. Raises what `rag.schedules.create` and `find_document` do.
    """
    summary = {key: value for key, value in fields["summary"].items() if value is not None}
    name = fields.get("name") or ", ".join(names) or summary.get("collection", "all")
    if names:
        place = summary.pop("collection", None)
        summary["document_ids"] = [(await find_document(pipeline, one, place)).id for one in names]
    try:
        request = ScheduleRequest.model_validate({**fields, "name": name, "summary": summary})
    except ValidationError as error:
        raise InvalidRequest(invalid_detail(error.errors())) from error
    request.summary.check(pipeline.settings)
    draft = request.draft()
    same, _ = await asyncio.to_thread(schedules.page, pipeline.library, TENANT, 1, name=name)
    if same and _is_as(same[0], draft):
        return same[0]
    return await asyncio.to_thread(create, pipeline.library, TENANT, draft, datetime.now(UTC))


def _is_as(kept: Schedule, draft: ScheduleDraft) -> bool:
    times = (kept.cron, kept.timezone) == (draft.cron, draft.timezone)
    return times and plan_of_json(kept.plan) == plan_of_json(draft.plan)


def show(found: Schedule, *, as_json: bool) -> None:
    """Print a schedule as JSON, or in one line: its id, name, times and next run."""
    if as_json:
        sys.stdout.write(schedule.schedule(found).model_dump_json(indent=2) + "\n")
        return
    following = "paused" if not found.enabled else "no time left"
    if found.next_run_at is not None:
        at = datetime.fromisoformat(found.next_run_at).astimezone(ZoneInfo(found.timezone))
        following = f"next {at:%Y-%m-%d %H:%M %z}"
    sys.stdout.write(f"{found.id}  {found.name}  {found.cron} ({found.timezone})  {following}\n")


def show_all(found: list[Schedule], *, as_json: bool) -> None:
    """Print schedules as JSON, or one a line."""
    if as_json:
        items = [schedule.schedule(one) for one in found]
        page = schedule.SchedulePage(items=items, next_cursor=None)
        sys.stdout.write(page.model_dump_json(indent=2) + "\n")
        return
    for one in found:
        show(one, as_json=False)
