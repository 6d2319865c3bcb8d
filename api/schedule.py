"""A schedule and its runs, as HTTP takes and tells of them."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.requests import Request, SummaryFields
from api.schemas import Wire
from api.summary_schemas import Summary
from api.summary_schemas import summary as wire_summary
from corpus.schedule_runs import Run as KeptRun
from corpus.schedule_runs import RunStatus
from corpus.schedules import Schedule as KeptSchedule
from corpus.schedules import ScheduleDraft
from corpus.summaries import KeptSummary
from rag.digest import Changes as FoundChanges
from rag.digest import changes_of_json
from rag.keeping import summary_of_json
from rag.schedules import Missed, Plan, Since, json_of_plan, plan_of_json

Name = Annotated[str, Field(min_length=1, max_length=100)]
Cron = Annotated[
    str,
    Field(
        max_length=200,
        description="Minute, hour, day of the month, month, day of the week, as cron has them.",
        examples=["0 7 * * MON-FRI"],
    ),
]
Timezone = Annotated[str, Field(max_length=100, examples=["Europe/Berlin"])]


class ScheduledSummary(SummaryFields):
    """What each run is to summarize: documents by id, of a collection, or by a filter; else all."""

    def kept(self) -> dict[str, Any]:
        """The request as it is kept."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


class ScheduleRequest(Request):
    """When to summarize what, and whether all of it or what is new."""

    name: Name
    cron: Cron
    timezone: Timezone = "UTC"
    summary: ScheduledSummary
    since: Since = Field(
        Since.LAST_RUN, description="Of what changed since the last run, or of all documents."
    )
    only_if_changed: bool = Field(
        default=True, description="Whether a run of all documents is skipped when none has changed."
    )
    missed: Missed = Field(
        Missed.ONCE, description="Whether ticks without a server are caught up by one run."
    )
    enabled: bool = True

    def draft(self) -> ScheduleDraft:
        """The schedule to keep."""
        plan = Plan(
            summary=self.summary.kept(),
            since=self.since,
            only_if_changed=self.only_if_changed,
            missed=self.missed,
        )
        return ScheduleDraft(
            name=self.name,
            cron=self.cron,
            timezone=self.timezone,
            enabled=self.enabled,
            plan=json_of_plan(plan),
            next_run_at=None,
        )


class ScheduleChanges(Request):
    """The fields to change; the others, and those that are null, stay.

    `summary` is replaced as a whole.
    """

    name: Name | None = None
    cron: Cron | None = None
    timezone: Timezone | None = None
    summary: ScheduledSummary | None = None
    since: Since | None = None
    only_if_changed: bool | None = None
    missed: Missed | None = None
    enabled: bool | None = None

    def given(self, *names: str) -> dict[str, Any]:
        """Those of these fields that are to change."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def changed(self, plan: Plan) -> Plan:
        """A plan with its changes."""
        values = self.given("since", "only_if_changed", "missed")
        if self.summary is not None:
            values["summary"] = self.summary.kept()
        return replace(plan, **values)


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
    next_run_at: str | None
    created_at: str
    updated_at: str


class SchedulePage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Schedule]
    next_cursor: str | None


class NewDocument(Wire):
    """A document that was not there, or not selected, at the last run."""

    document_id: str
    title: str
    version: int


class ChangedDocument(Wire):
    """A document with another version; `new_sentences` is null when the text before is gone."""

    document_id: str
    title: str
    version: int
    version_before: int
    new_sentences: int | None


class GoneDocument(Wire):
    """A document that is gone; `deleted_at` is null when it is not selected any more."""

    document_id: str
    title: str
    version: int
    deleted_at: str | None


class Changes(Wire):
    """What became of the documents since the last run."""

    new: list[NewDocument]
    changed: list[ChangedDocument]
    gone: list[GoneDocument]


class RunLinks(BaseModel):
    """Where more is to be read."""

    run: str
    job: str | None


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


class RunWithSummary(Run):
    """A run, and what it said; null when nothing was to be summarized, or it is kept no longer."""

    summary: Summary | None


class RunPage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Run]
    next_cursor: str | None


def schedule(kept: KeptSchedule) -> Schedule:
    """A schedule for the wire."""
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
        next_run_at=kept.next_run_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )


def run(kept: KeptRun) -> Run:
    """A run for the wire, without what it said."""
    return Run(**_fields(kept))


def run_with_summary(kept: KeptRun, made: KeptSummary | None) -> RunWithSummary:
    """A run for the wire, with what it said."""
    said = None if made is None else wire_summary(summary_of_json(made.content))
    return RunWithSummary(**_fields(kept), summary=said)


def _fields(kept: KeptRun) -> dict[str, Any]:
    found: FoundChanges | None = None if kept.changes is None else changes_of_json(kept.changes)
    return {
        "id": kept.id,
        "schedule_id": kept.schedule_id,
        "tick": kept.tick,
        "missed_since": kept.missed_since,
        "status": kept.status,
        "reason": kept.reason,
        "job_id": kept.job_id,
        "summary_id": kept.summary_id,
        "changes": None if found is None else Changes.model_validate(found),
        "created_at": kept.created_at,
        "finished_at": kept.finished_at,
        "links": RunLinks(
            run=f"/v1/schedules/{kept.schedule_id}/runs/{kept.id}",
            job=None if kept.job_id is None else f"/v1/jobs/{kept.job_id}",
        ),
    }
