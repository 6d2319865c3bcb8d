"""Schedules: what each is to say and when, the runs that are due, and what a run has to speak of.

Plain functions over the library, for any number of processes on one database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from corpus import schedules
from corpus.filters import read_filter
from corpus.library import Library
from corpus.schedule_runs import (
    Run,
    RunDraft,
    RunStatus,
    about_to_be_seen,
    finish,
    note_changes,
    note_summary,
    read_run,
)
from corpus.schedules import Schedule, ScheduleDraft
from corpus.snapshots import Selection, json_of_snapshot, snapshot
from corpus.types import DocumentVersion
from rag.digest import changes_between, changes_of_json, json_of_changes
from rag.material import Aside
from rag.timetable import due, next_runs
from rag.types import Answering, Policy, Style, Summary, SummaryTask

# Of a digest that has no length of its own, for each document. Of 8 new and 2 changed articles of a
# week of news, 120 words quoted 4 and 300 words 8.
_WORDS_OF_EACH = 30
_FEW = 4  # documents, for which the 120 words of any summary are as many
_MOST_WORDS = 600

# A tick that is this late was missed: nothing was there to run it. A restart takes less.
_LATE = timedelta(seconds=60)


class Since(StrEnum):
    """What a run speaks of."""

    LAST_RUN = "last_run"  # what is new since the last run
    ALL = "all"  # all documents of the selection


class Missed(StrEnum):
    """What becomes of ticks for which no process was there."""

    ONCE = "once"  # one run, as soon as one is there again
    SKIP = "skip"  # none


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule says, and to whom; `summary` is a request for a summary, as JSON has it.

    With `only_if_changed` a schedule of all documents runs only when one of them has changed.
    """

    summary: Mapping[str, Any]
    since: Since = Since.LAST_RUN
    only_if_changed: bool = True
    missed: Missed = Missed.ONCE
    webhook_id: str | None = None
    folder: bool = False

    @property
    def selection(self) -> Selection:
        """The documents that it is about; raises InvalidRequest for what is no filter."""
        return Selection(
            collection=self.summary.get("collection"),
            where=read_filter(self.summary.get("filter")),
            document_ids=self.summary.get("document_ids"),
        )

    def task(
        self, versions: tuple[DocumentVersion, ...], since: tuple[DocumentVersion, ...] = ()
    ) -> SummaryTask:
        """How it summarizes these versions; of documents in `since` what is new in them.

        What is new in more than four has 30 words for each, at most 600, unless the plan has a
        length or is for a brief.
        """
        asked = self.summary
        style = Style(asked.get("style", Style.PARAGRAPH))
        max_words = asked.get("max_words")
        of_news = self.since is Since.LAST_RUN and style is not Style.BRIEF
        if max_words is None and of_news and len(versions) > _FEW:
            max_words = min(_WORDS_OF_EACH * len(versions), _MOST_WORDS)
        return SummaryTask(
            versions,
            focus=asked.get("focus"),
            style=style,
            max_words=max_words,
            answering=Answering(asked.get("mode", Answering.AUTO)),
            policy=Policy(asked.get("policy", Policy.ANNOTATE)),
            budget_tokens=asked.get("budget_tokens"),
            since=since,
        )


_PLAN = TypeAdapter(Plan)


def json_of_plan(plan: Plan) -> str:
    """The JSON from which `plan_of_json` makes an equal plan."""
    return _PLAN.dump_json(plan).decode()


def plan_of_json(text: str) -> Plan:
    """The plan that was written by `json_of_plan`."""
    return _PLAN.validate_json(text)


def iso(time: datetime) -> str:
    """A time as the library has it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def next_run_at(cron: str, timezone: str, now: datetime) -> str | None:
    """The next tick after a time, as the library has it; raises what `next_runs` does."""
    return next((iso(one) for one in next_runs(cron, timezone, now, 1)), None)


def create(library: Library, tenant: str, draft: ScheduleDraft, now: datetime) -> Schedule:
    """Keep a schedule, whose next run is the first tick after now unless it is paused.

    Raises InvalidRequest for what is no cron expression, time zone or filter, and NameTaken.
    """
    plan_of_json(draft.plan).selection  # noqa: B018 - raises
    following = next_run_at(draft.cron, draft.timezone, now)
    return schedules.create(
        library, tenant, replace(draft, next_run_at=following if draft.enabled else None)
    )


def change(
    library: Library, tenant: str, schedule_id: str, changes: Mapping[str, Any], now: datetime
) -> Schedule:
    """Change fields of a ScheduleDraft by name; its next run is the first tick after now.

    What it has seen stays seen. One that is enabled again does not catch up with the time in which
    it was paused. Raises what `create` does, and NotFound.
    """
    found = schedules.read(library, tenant, schedule_id)
    merged = replace(found, **changes)
    plan_of_json(merged.plan).selection  # noqa: B018 - raises
    following = next_run_at(merged.cron, merged.timezone, now)
    values = dict(changes)
    if {"cron", "timezone", "enabled"} & changes.keys():
        values["next_run_at"] = following if merged.enabled else None
    return schedules.change(library, tenant, schedule_id, values)


def fire(library: Library, tenant: str, now: datetime) -> list[Run]:
    """Make the runs of all ticks that are due; those of ticks that others made are not among them.

    Whatever was missed of a schedule is one run, by its plan a skipped one.
    """
    runs = (
        _fire(library, tenant, schedule, now)
        for schedule in schedules.due_by(library, tenant, iso(now))
    )
    return [run for run in runs if run is not None]


def _fire(library: Library, tenant: str, schedule: Schedule, now: datetime) -> Run | None:
    at = datetime.fromisoformat(schedule.next_run_at or iso(now))
    found = due(schedule.cron, schedule.timezone, at, now)
    if found is None:
        return None
    run = RunDraft(
        tick=iso(found.tick),
        missed_since=None if found.missed_since is None else iso(found.missed_since),
    )
    if now - found.tick > _LATE and plan_of_json(schedule.plan).missed is Missed.SKIP:
        reason = "No server ran at that time, and the schedule skips what was missed."
        run = replace(run, status=RunStatus.SKIPPED, reason=reason)
    following = None if found.following is None else iso(found.following)
    return schedules.claim(library, tenant, schedule, following, run)


def prepare(library: Library, tenant: str, run_id: str) -> bool:
    """Find out what a run has to speak of; False, and the run is skipped, when that is nothing.

    Raises NotFound when the run or its schedule was deleted meanwhile.
    """
    run = read_run(library, tenant, run_id)
    plan = plan_of_json(schedules.read(library, tenant, run.schedule_id).plan)
    before = schedules.seen(library, tenant, run.schedule_id)
    now = snapshot(library, tenant, plan.selection)
    changes = changes_between(library, tenant, before, now)
    if not changes and (plan.only_if_changed or plan.since is Since.LAST_RUN or not now):
        reason = "Nothing has changed since the last run." if now else "There is no document."
        finish(library, tenant, run_id, RunStatus.SKIPPED, reason=reason)
        return False
    note_changes(library, tenant, run_id, json_of_changes(changes), json_of_snapshot(now))
    return True


def task_of(library: Library, tenant: str, run_id: str) -> SummaryTask:
    """What a run that is prepared has to summarize, which may be no document.

    Raises NotFound as `prepare` does.
    """
    run = read_run(library, tenant, run_id)
    plan = plan_of_json(schedules.read(library, tenant, run.schedule_id).plan)
    if plan.since is Since.ALL:
        every = about_to_be_seen(library, tenant, run_id).items()
        return plan.task(tuple((name, one.version) for name, one in every))
    changes = changes_of_json(run.changes or "{}")
    return plan.task(changes.news, changes.since)


def note_result(library: Library, tenant: str, run_id: str, summary: Summary) -> None:
    """Note what a run made; documents that changed before they were read are left for the next."""
    run = read_run(library, tenant, run_id)
    now = dict(about_to_be_seen(library, tenant, run_id))
    unread = {one.document_id for one in summary.coverage if Aside.CHANGED.value in one.set_aside}
    if unread:
        before = schedules.seen(library, tenant, run.schedule_id)
        now = {
            **{name: one for name, one in now.items() if name not in unread},
            **{name: before[name] for name in unread if name in before},
        }
    said = None if unread >= set(summary.document_ids) else summary.id
    note_summary(library, tenant, run_id, said, json_of_snapshot(now))


def conclude(library: Library, tenant: str, run_id: str) -> None:
    """Note that a run is done, and that its schedule has spoken of what it was to speak of."""
    schedules.see(library, tenant, read_run(library, tenant, run_id))
    finish(library, tenant, run_id, RunStatus.DONE)
