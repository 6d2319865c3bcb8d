"""Where the digests of a schedule go: to a webhook, to a folder, or only into its history."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from api import summary_schemas
from api.folder import write_digest
from api.schedule import changes_on_the_wire
from api.schedule_requests import ScheduleRequest
from api.webhooks import Sender, event_body, new_webhook
from corpus import deliveries, schedules, webhooks
from corpus.deliveries import Delivery
from corpus.errors import CorpusError, InvalidRequest, NotFound
from corpus.library import Library
from corpus.schedule_runs import last_done, read_run
from corpus.schedules import Schedule
from corpus.webhooks import Webhook
from rag import Pipeline, Settings
from rag.digest import changes_of_json, counts_of, sections_of
from rag.holdings import TENANT
from rag.keeping import summary_of_json
from rag.layout import date_of
from rag.schedules import create, plan_of_json
from rag.timetable import zone
from rag.types import Summary

_KIND = "digest.created"


async def open_webhook(
    library: Library, sender: Sender, url: str | None, secret: SecretStr | None
) -> Webhook | None:
    """The webhook that a request asks for, if it does.

    Raises InvalidRequest as `new_webhook` does, and for a secret without a URL.
    """
    if url is None:
        if secret is not None:
            raise InvalidRequest("There is a webhook_secret and no webhook_url. Give both.")
        return None
    given = None if secret is None else secret.get_secret_value()
    return await new_webhook(library, TENANT, url, sender, given)


async def create_schedule(
    library: Library, sender: Sender, request: ScheduleRequest, now: datetime
) -> tuple[Schedule, Webhook | None]:
    """Keep the schedule of a request, and its webhook, if it asks for one.

    Raises what `open_webhook` and `rag.schedules.create` do, and leaves no webhook behind then.
    """
    webhook = await open_webhook(library, sender, request.webhook_url, request.webhook_secret)
    webhook_id = None if webhook is None else webhook.id
    try:
        made = await asyncio.to_thread(create, library, TENANT, request.draft(webhook_id), now)
    except CorpusError:
        await close_webhook(library, webhook_id)
        raise
    return made, webhook


async def close_webhook(library: Library, webhook_id: str | None) -> None:
    """Send nothing more to a webhook, if there is one; what was sent stays in the log."""
    if webhook_id is not None:
        with suppress(NotFound):  # somebody else was quicker
            await asyncio.to_thread(webhooks.remove, library, TENANT, webhook_id)


def check_folder(settings: Settings, *, wanted: bool | None) -> None:
    """Raise InvalidRequest when digests are to be written to a folder and there is none."""
    if wanted and settings.digest_dir is None:
        raise InvalidRequest(
            "Digests are to be written to a folder, and there is none. Set PINCITE_DIGEST_DIR."
        )


def webhook_of(library: Library, kept: Schedule) -> Webhook | None:
    """The webhook of a schedule, if it has one."""
    webhook_id = plan_of_json(kept.plan).webhook_id
    if webhook_id is None:
        return None
    try:
        return webhooks.get(library, TENANT, webhook_id)
    except NotFound:
        return None


def delivery_of(library: Library, run_id: str) -> Delivery | None:
    """How the delivery of a run's digest stands, if there is one."""
    try:
        return deliveries.get(library, TENANT, _event_id(run_id))
    except NotFound:
        return None


async def hand_out(pipeline: Pipeline, run_id: str, wake: Callable[[], None]) -> None:
    """Write a run's digest to the folder, and have it delivered, as its schedule says.

    Done again it changes nothing: the files have the same names, and the event is the same.
    Raises NotFound when the run or its schedule was deleted, and what `write_digest` does.
    """
    library = pipeline.library
    run = await asyncio.to_thread(read_run, library, TENANT, run_id)
    kept = await asyncio.to_thread(schedules.read, library, TENANT, run.schedule_id)
    before = await asyncio.to_thread(last_done, library, TENANT, run)
    plan = plan_of_json(kept.plan)
    changes = changes_of_json(run.changes or "{}")
    made: Summary | None = None
    if run.summary_id is not None:
        made = summary_of_json((await pipeline.kept_summary(run.summary_id)).content)
    if plan.folder:
        folder = pipeline.settings.digest_dir
        check_folder(pipeline.settings, wanted=folder is None)
        if folder is not None:
            local = zone(kept.timezone)
            since = f"Since {date_of(_local(before.created_at, local))}. " if before else ""
            await asyncio.to_thread(
                write_digest,
                folder,
                TENANT,
                run.id,
                made,
                title=kept.name,
                at=_local(run.tick or run.created_at, local),
                notes=[since + counts_of(changes)],
                sections=sections_of(changes, local),
            )
    if plan.webhook_id is not None:
        said = None if made is None else summary_schemas.summary(made).model_dump(mode="json")
        data = {
            "schedule": {"id": kept.id, "name": kept.name},
            "run": {
                "id": run.id,
                "tick": run.tick,
                "created_at": run.created_at,
                "since": None if before is None else before.created_at,
            },
            "changes": changes_on_the_wire(changes).model_dump(mode="json"),
            "summary": said,
        }
        body = event_body(_KIND, data, run.created_at)
        event_id = _event_id(run_id)
        await asyncio.to_thread(deliveries.add, library, TENANT, plan.webhook_id, event_id, body)
        wake()


def _local(time: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(time).astimezone(zone)


def _event_id(run_id: str) -> str:
    return f"evt_{run_id.removeprefix('run_')}"
