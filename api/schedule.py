"""A schedule and its runs, as HTTP takes and tells of them."""

from typing import Any

from pydantic import BaseModel, Field

from api.schemas import Span, Wire
from api.summary_schemas import Summary
from api.summary_schemas import summary as wire_summary
from corpus.deliveries import Delivery as KeptDelivery
from corpus.schedule_runs import Run as KeptRun
from corpus.schedule_runs import RunStatus
from corpus.schedules import Schedule as KeptSchedule
from corpus.summaries import KeptSummary
from corpus.types import DeliveryStatus
from corpus.webhooks import Webhook
from rag.digest import Changes as FoundChanges
from rag.digest import changes_of_json, counts_of, notes_on
from rag.keeping import summary_of_json
from rag.schedules import Missed, Since, plan_of_json


class Schedule(BaseModel):
    """A schedule; `next_run_at` is null while it is paused, or if the calendar has no tick left."""

    id: str
    name: str
    cron: str
    timezone: str
    enabled: bool
    summary: dict[str, Any]
    since: Since
    only_if_changed: bool
    missed: Missed
    webhook_url: str | None
    webhook_secret: str | None = Field(description="Told once, when the webhook is new.")
    webhook_disabled: str | None = Field(description="Why nothing is sent there any more.")
    folder: bool
    next_run_at: str | None
    created_at: str
    updated_at: str


class SchedulePage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Schedule]
    next_cursor: str | None


class Excerpt(Wire):
    """A sentence or table row of a version; `id` is what `/v1/citations/{id}` knows it by."""

    id: str
    version: int
    span: Span
    quote: str


class NewDocument(Wire):
    """A document that was not there, or not selected, at the last run."""

    document_id: str
    title: str
    version: int
    uri: str | None


class ChangedDocument(Wire):
    """A document with another version; the counts are null when the text before is gone.

    `added` quotes the first of the new sentences from the new version, and `removed` the first of
    those that were taken out, from the version before.
    """

    document_id: str
    title: str
    version: int
    version_before: int
    new_sentences: int | None
    uri: str | None
    removed_sentences: int | None
    added: list[Excerpt]
    removed: list[Excerpt]


class GoneDocument(Wire):
    """A document that is gone; `deleted_at` is null when it is not selected any more."""

    document_id: str
    title: str
    version: int
    deleted_at: str | None
    uri: str | None


class Changes(Wire):
    """What became of the documents since the last run, also as a text with a line for each."""

    text: str
    new: list[NewDocument]
    changed: list[ChangedDocument]
    gone: list[GoneDocument]


class RunLinks(BaseModel):
    """Where more is to be read."""

    run: str
    job: str | None
    summary: str | None


class Run(BaseModel):
    """A run of a schedule. `tick` is the time that it was made for, null when it was triggered."""

    id: str
    schedule_id: str
    tick: str | None
    missed_since: str | None = Field(description="The first tick before it that nobody ran.")
    status: RunStatus
    reason: str | None = Field(description="Why it was skipped, or failed.")
    job_id: str | None
    summary_id: str | None
    changes: Changes | None
    created_at: str
    finished_at: str | None
    links: RunLinks


class Attempt(Wire):
    """An attempt to deliver a digest."""

    at: str
    status_code: int | None
    error: str | None
    seconds: float


class Delivery(Wire):
    """How a digest is on its way to the webhook; `event_id` is what it carries as `webhook-id`."""

    event_id: str
    url: str
    status: DeliveryStatus
    attempts: list[Attempt]
    next_attempt_at: str | None


class RunWithSummary(Run):
    """A run, and what it said; null when nothing was to be summarized, or it is kept no longer."""

    summary: Summary | None
    delivery: Delivery | None


class RunPage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Run]
    next_cursor: str | None


def schedule(
    kept: KeptSchedule, webhook: Webhook | None = None, *, is_new: bool = False
) -> Schedule:
    """A schedule for the wire, with its webhook, whose secret is told when it is new."""
    plan = plan_of_json(kept.plan)
    return Schedule(
        id=kept.id,
        name=kept.name,
        cron=kept.cron,
        timezone=kept.timezone,
        enabled=kept.enabled,
        summary=dict(plan.summary),
        since=plan.since,
        only_if_changed=plan.only_if_changed,
        missed=plan.missed,
        webhook_url=None if webhook is None else webhook.url,
        webhook_secret=webhook.secret if webhook is not None and is_new else None,
        webhook_disabled=None if webhook is None else webhook.disabled_because,
        folder=plan.folder,
        next_run_at=kept.next_run_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )


def run(kept: KeptRun) -> Run:
    """A run for the wire, without what it said."""
    return Run(**_fields(kept))


def run_with_summary(
    kept: KeptRun, made: KeptSummary | None, delivery: KeptDelivery | None
) -> RunWithSummary:
    """A run for the wire, with what it said, and how that is on its way."""
    said = None if made is None else wire_summary(summary_of_json(made.content))
    sent = None if delivery is None else Delivery.model_validate(delivery)
    return RunWithSummary(**_fields(kept), summary=said, delivery=sent)


def changes_on_the_wire(found: FoundChanges) -> Changes:
    """What changed, for the wire."""
    return Changes(
        text="\n".join([counts_of(found), *notes_on(found)]),
        new=[NewDocument.model_validate(one) for one in found.new],
        changed=[ChangedDocument.model_validate(one) for one in found.changed],
        gone=[GoneDocument.model_validate(one) for one in found.gone],
    )


def _fields(kept: KeptRun) -> dict[str, Any]:
    found = None if kept.changes is None else changes_of_json(kept.changes)
    return {
        "id": kept.id,
        "schedule_id": kept.schedule_id,
        "tick": kept.tick,
        "missed_since": kept.missed_since,
        "status": kept.status,
        "reason": kept.reason,
        "job_id": kept.job_id,
        "summary_id": kept.summary_id,
        "changes": None if found is None else changes_on_the_wire(found),
        "created_at": kept.created_at,
        "finished_at": kept.finished_at,
        "links": RunLinks(
            run=f"/v1/schedules/{kept.schedule_id}/runs/{kept.id}",
            job=None if kept.job_id is None else f"/v1/jobs/{kept.job_id}",
            summary=None if kept.summary_id is None else f"/v1/summaries/{kept.summary_id}",
        ),
    }
