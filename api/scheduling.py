"""What the command line does with schedules, by their names, also while a server runs."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api import schedule
from api.console import with_library
from api.destinations import check_folder, close_webhook, create_schedule, webhook_of
from api.lookup import find_document
from api.problems import invalid_detail
from api.schedule_requests import ScheduleRequest
from api.webhooks import sender_of
from corpus import schedules
from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.schedule_runs import Run, RunDraft
from corpus.schedules import Schedule
from rag.holdings import TENANT
from rag.schedules import change, plan_of_json
from rag.settings import Settings

_PAGE = 100


def schedule_for_terminal(
    settings: Settings, fields: Mapping[str, Any], names: Sequence[str], *, as_json: bool
) -> None:
    """Make a schedule, unless there is one just like it, and print it.

    Raises what `make_or_show` does.
    """
    work = partial(make_or_show, settings=settings, fields=fields, names=names)
    show(with_library(settings, work), as_json=as_json)


async def all_schedules(library: Library) -> list[schedule.Schedule]:
    """All schedules, newest first."""
    found: list[schedule.Schedule] = []
    cursor: str | None = None
    while True:
        page, cursor = await asyncio.to_thread(schedules.page, library, TENANT, _PAGE, cursor)
        found += [await _with_webhook(library, one) for one in page]
        if cursor is None:
            return found


async def find(library: Library, name: str) -> Schedule:
    """The schedule that has this name, or else this id; raises NotFound."""
    found, _ = await asyncio.to_thread(schedules.page, library, TENANT, 1, name=name)
    if found:
        return found[0]
    try:
        return await asyncio.to_thread(schedules.read, library, TENANT, name)
    except NotFound as error:
        raise NotFound(
            f"There is no schedule {name!r}. `pincite schedules list` names them."
        ) from error


async def queue(library: Library, name: str) -> Run:
    """A run for the server to take up; raises NotFound, or UnderWay when one has not ended."""
    found = await find(library, name)
    draft = RunDraft(tick=None)
    return await asyncio.to_thread(schedules.add_run, library, TENANT, found.id, draft)


async def switch(library: Library, name: str, *, enabled: bool) -> schedule.Schedule:
    """Pause a schedule, or let it run again from its next tick on; raises NotFound."""
    found = await find(library, name)
    changes = {"enabled": enabled}
    now = datetime.now(UTC)
    changed = await asyncio.to_thread(change, library, TENANT, found.id, changes, now)
    return await _with_webhook(library, changed)


async def remove(library: Library, name: str) -> Schedule:
    """Remove a schedule with its webhook and the history of its runs; raises NotFound."""
    found = await find(library, name)
    await asyncio.to_thread(schedules.remove, library, TENANT, found.id)
    await close_webhook(library, plan_of_json(found.plan).webhook_id)
    return found


async def make_or_show(
    library: Library, settings: Settings, fields: Mapping[str, Any], names: Sequence[str]
) -> schedule.Schedule:
    """Make a schedule of the fields of a request, or find the one that is just so already.

    Documents may be called anything that `find_document` knows. Without a name it is called after
    what it summarizes. The secret of a webhook is told when it is made, and never again. Raises
    what `create_schedule`, `check_folder` and `find_document` do.
    """
    summary = {key: value for key, value in fields["summary"].items() if value is not None}
    name = fields.get("name") or ", ".join(names) or summary.get("collection", "all")
    if names:
        place = summary.pop("collection", None)
        found = [await asyncio.to_thread(find_document, library, one, place) for one in names]
        summary["document_ids"] = [one.id for one in found]
    try:
        request = ScheduleRequest.model_validate({**fields, "name": name, "summary": summary})
    except ValidationError as error:
        raise InvalidRequest(invalid_detail(error.errors())) from error
    check_folder(settings, wanted=request.folder)
    request.summary.check(settings)
    same, _ = await asyncio.to_thread(schedules.page, library, TENANT, 1, name=name)
    if same and await _is_as(library, same[0], request):
        return await _with_webhook(library, same[0])
    sender, now = sender_of(settings), datetime.now(UTC)
    made, webhook = await create_schedule(library, sender, request, now)
    return schedule.schedule(made, webhook, is_new=True)


async def _is_as(library: Library, kept: Schedule, request: ScheduleRequest) -> bool:
    shown, plan = await _with_webhook(library, kept), plan_of_json(kept.plan)
    draft = request.draft(plan.webhook_id)
    return (shown.cron, shown.timezone, shown.webhook_url, plan) == (
        draft.cron,
        draft.timezone,
        request.webhook_url,
        plan_of_json(draft.plan),
    )


async def _with_webhook(library: Library, found: Schedule) -> schedule.Schedule:
    return schedule.schedule(found, await asyncio.to_thread(webhook_of, library, found))


def show(found: schedule.Schedule, *, as_json: bool = False) -> None:
    """Print a schedule as JSON, or in a line: its id, name, times, next run, and where it goes.

    The secret of a webhook that is new has a line of its own.
    """
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
        return
    following = "paused" if not found.enabled else "no time left"
    if found.next_run_at is not None:
        at = datetime.fromisoformat(found.next_run_at).astimezone(ZoneInfo(found.timezone))
        following = f"next {at:%Y-%m-%d %H:%M %z}"
    when = f"{found.cron} ({found.timezone})"
    where = [f"to {found.webhook_url}"] if found.webhook_url else []
    where += ["to the folder"] if found.folder else []
    sys.stdout.write("  ".join([found.id, found.name, when, following, *where]) + "\n")
    if found.webhook_secret is not None:
        sys.stdout.write(f"Its webhook's secret, shown this once: {found.webhook_secret}\n")


def show_all(found: list[schedule.Schedule], *, as_json: bool) -> None:
    """Print schedules as JSON, or one a line."""
    if as_json:
        page = schedule.SchedulePage(items=found, next_cursor=None)
        sys.stdout.write(page.model_dump_json(indent=2) + "\n")
        return
    for one in found:
        show(one)
