"""The JSON of requests about schedules."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, SecretStr

from api.requests import Request, SummaryFields
from corpus.schedules import ScheduleDraft
from rag import Settings
from rag.schedules import Missed, Plan, Since, json_of_plan
from rag.summaries import check_wish

Name = Annotated[str, Field(min_length=1, max_length=100)]
Cron = Annotated[
    str,
    Field(
        max_length=200,
        description="Minute, hour, day of the month, month, day of the week, as cron has them.",
        examples=["0 7 * * MON-FRI"],
    ),
]
WebhookUrl = Annotated[str, Field(max_length=2000, examples=["https://example.com/digests"])]
Timezone = Annotated[str, Field(max_length=100, examples=["Europe/Berlin"])]


class ScheduledSummary(SummaryFields):
    """What each run is to summarize: documents by id, of a collection, or by a filter; else all."""

    def kept(self) -> dict[str, Any]:
        """The request as it is kept."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def check(self, settings: Settings) -> None:
        """Raise InvalidRequest for what no run could do."""
        check_wish(Plan(self.kept()).task(()), settings)


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
    webhook_url: WebhookUrl | None = Field(None, description="Where each digest is sent, signed.")
    webhook_secret: SecretStr | None = Field(
        None, description='What signs it: "whsec_" and Base64; a new one unless it is given.'
    )
    folder: bool = Field(
        default=False, description="Whether each digest is written to PINCITE_DIGEST_DIR too."
    )
    enabled: bool = True

    def draft(self, webhook_id: str | None = None) -> ScheduleDraft:
        """The schedule to keep."""
        plan = Plan(
            summary=self.summary.kept(),
            since=self.since,
            only_if_changed=self.only_if_changed,
            missed=self.missed,
            webhook_id=webhook_id,
            folder=self.folder,
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

    `summary` is replaced as a whole. A `webhook_url` that is null takes the webhook away; one that
    is given, be it the same as before, has a new secret.
    """

    name: Name | None = None
    cron: Cron | None = None
    timezone: Timezone | None = None
    summary: ScheduledSummary | None = None
    since: Since | None = None
    only_if_changed: bool | None = None
    missed: Missed | None = None
    webhook_url: WebhookUrl | None = None
    webhook_secret: SecretStr | None = None
    folder: bool | None = None
    enabled: bool | None = None

    @property
    def of_webhook(self) -> bool:
        """Whether the webhook is to change."""
        return "webhook_url" in self.model_fields_set or self.webhook_secret is not None

    def given(self, *names: str) -> dict[str, Any]:
        """Those of these fields that are to change."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def changed(self, plan: Plan) -> Plan:
        """A plan with its changes."""
        values = self.given("since", "only_if_changed", "missed", "folder")
        if self.summary is not None:
            values["summary"] = self.summary.kept()
        return replace(plan, **values)
