"""What is due of the schedules of a library, and what their runs have to speak of."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus import schedules as kept
from corpus.backlog import purge
from corpus.errors import InvalidRequest, NotFound
from corpus.ingest import Upload, add, index
from corpus.library import Library
from corpus.schedule_runs import Run, RunStatus, finish, read_run, run_page
from corpus.schedules import Schedule, ScheduleDraft
from corpus.types import DocumentVersion
from corpus.vectors import VectorIndex
from rag.citations import parse_citation_id
from rag.digest import changes_of_json, counts_of, notes_on, sections_of
from rag.layout import Quotes
from rag.material import Source, read_source
from rag.schedules import (
    Missed,
    Plan,
    Since,
    change,
    conclude,
    create,
    fire,
    json_of_plan,
    note_result,
    plan_of_json,
    prepare,
    task_of,
)
from rag.summarize import summary_by_quoting
from rag.types import Answering, Policy, Style, Summary, SummaryStatus, SummaryTask

T = "tenant"
START = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday
FERRY = "The ferry sails at nine every morning. It carries forty cars to the island."
STRIKE = "The crews of the ferry go on strike next week."


def _embed(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.eye(len(texts), 4, dtype=np.float32) + 0.1


class Store:
    """A library with its index, and documents by their names."""

    def __init__(self, folder: Path, count_tokens: Callable[[str], int]) -> None:
        self.library = Library(folder / "library.db", "model-1")
        self.vectors = VectorIndex(folder, "model-1")
        self._count_tokens = count_tokens

    def put(self, name: str, text: str) -> str:
        upload = Upload(text, "text/plain", name, "news", external_id=name, title=name)
        stored = add(self.library, T, upload, count_tokens=self._count_tokens)
        index(self.library, self.vectors, _embed)
        return stored.id

    def schedule(self, plan: Plan | None = None, cron: str = "0 7 * * *") -> Schedule:
        content = json_of_plan(plan or Plan({"collection": "news"}))
        draft = ScheduleDraft("daily", cron, "UTC", enabled=True, plan=content, next_run_at=None)
        return create(self.library, T, draft, START)

    def at(self, days: float) -> Run:
        """The run that is due so many days after the start."""
        (run,) = fire(self.library, T, START + timedelta(days=days))
        return run

    def say(self, run: Run, unread: tuple[str, ...] = ()) -> None:
        """Do a run that is prepared; some documents were changed before they were read."""
        made = self.summary(task_of(self.library, T, run.id), unread)
        note_result(self.library, T, run.id, made)
        conclude(self.library, T, run.id)

    def summary(self, task: SummaryTask, unread: tuple[str, ...] = ()) -> Summary:
        """A summary by quoting."""
        since = dict(task.since)

        def read(version: DocumentVersion) -> Source:
            if version[0] in unread:
                raise NotFound("It was changed.")
            return read_source(self.library, T, version, since.get(version[0]))

        return summary_by_quoting(task, read, _embed)


@pytest.fixture
def store(tmp_path: Path, count_tokens: Callable[[str], int]) -> Iterator[Store]:
    opened = Store(tmp_path, count_tokens)
    yield opened
    opened.library.close()
    opened.vectors.close()


def test_a_plan_is_the_same_from_its_json() -> None:
    summary = {"collection": "news", "filter": {"year": {"gte": 2024}}, "max_words": 80}
    plan = Plan(summary, Since.ALL, only_if_changed=False, missed=Missed.SKIP)
    assert plan_of_json(json_of_plan(plan)) == plan


def test_a_plan_asks_for_a_summary_as_its_request_says() -> None:
    versions, since = (("doc_a", 2), ("doc_b", 1)), (("doc_a", 1),)
    summary = {
        "focus": "ferries",
        "style": "bullets",
        "max_words": 80,
        "mode": "extractive",
        "policy": "strip",
        "budget_tokens": 9000,
    }
    assert Plan(summary).task(versions, since) == SummaryTask(
        versions,
        focus="ferries",
        style=Style.BULLETS,
        max_words=80,
        answering=Answering.EXTRACTIVE,
        policy=Policy.STRIP,
        budget_tokens=9000,
        since=since,
    )
    assert Plan({}).task(versions) == SummaryTask(versions)


@pytest.mark.parametrize(
    ("plan", "documents", "words"),
    [
        (Plan({}), 4, 120),
        (Plan({}), 5, 150),
        (Plan({"style": "bullets"}), 10, 300),
        (Plan({}), 1000, 600),
        (Plan({"max_words": 90}), 10, 90),
        (Plan({"style": "brief"}), 10, 40),
        (Plan({}, Since.ALL), 10, 120),
    ],
)
def test_what_is_new_has_more_words_the_more_documents_there_are(
    plan: Plan, documents: int, words: int
) -> None:
    assert plan.task(tuple((f"doc_{at}", 1) for at in range(documents))).words == words


def test_what_can_not_be_read_is_no_schedule(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="filter"):
        store.schedule(Plan({"filter": {"x": {"near": 1}}}))
    with pytest.raises(InvalidRequest, match="4 fields"):
        store.schedule(cron="0 7 * *")
    assert kept.page(store.library, T, 9) == ([], None)


def test_a_tick_is_one_run_and_the_next_is_set(store: Store) -> None:
    made = store.schedule()
    assert made.next_run_at == "2026-05-05T07:00:00.000Z"
    assert fire(store.library, T, START) == []
    now = datetime(2026, 5, 5, 7, 0, 1, tzinfo=UTC)
    (run,) = fire(store.library, T, now)
    assert (run.tick, run.missed_since, run.status) == (made.next_run_at, None, RunStatus.QUEUED)
    assert fire(store.library, T, now) == []
    assert kept.read(store.library, T, made.id).next_run_at == "2026-05-06T07:00:00.000Z"


def test_ticks_that_were_missed_are_caught_up_by_one_run(store: Store) -> None:
    made = store.schedule()
    run = store.at(10)
    assert (run.tick, run.missed_since) == ("2026-05-14T07:00:00.000Z", made.next_run_at)
    assert run.status is RunStatus.QUEUED
    assert kept.read(store.library, T, made.id).next_run_at == "2026-05-15T07:00:00.000Z"


def test_ticks_that_were_missed_are_skipped_by_a_schedule_that_says_so(store: Store) -> None:
    made = store.schedule(Plan({}, missed=Missed.SKIP))
    run = store.at(10)
    assert (run.status, run.missed_since) == (RunStatus.SKIPPED, made.next_run_at)
    assert "skips what was missed" in str(run.reason)
    on_time = datetime(2026, 5, 15, 7, 0, 30, tzinfo=UTC)
    (run,) = fire(store.library, T, on_time)
    assert run.status is RunStatus.QUEUED, "half a minute is not missed"


def test_a_paused_schedule_does_not_catch_up(store: Store) -> None:
    made = store.schedule()
    change(store.library, T, made.id, {"enabled": False}, START)
    later = START + timedelta(days=3)
    assert fire(store.library, T, later) == []
    enabled = change(store.library, T, made.id, {"enabled": True}, later)
    assert enabled.next_run_at == "2026-05-08T07:00:00.000Z"
    assert fire(store.library, T, later) == []


def test_another_name_leaves_the_next_run_where_it_is(store: Store) -> None:
    made = store.schedule()
    renamed = change(store.library, T, made.id, {"name": "x"}, START + timedelta(days=9))
    assert renamed.next_run_at == made.next_run_at


def test_a_run_that_failed_does_not_swallow_what_it_was_to_say(store: Store) -> None:
    made, ferry = store.schedule(), store.put("ferry", FERRY)
    first = store.at(1)
    assert prepare(store.library, T, first.id)
    store.say(first)
    store.put("ferry", f"{FERRY} {STRIKE}")
    failed = store.at(2)
    assert prepare(store.library, T, failed.id)
    finish(store.library, T, failed.id, RunStatus.FAILED, reason="It rained.")
    whale = store.put("whale", "A whale was seen in the bay on Sunday.")
    last = store.at(3)
    assert prepare(store.library, T, last.id)
    task = task_of(store.library, T, last.id)
    assert task.versions == ((whale, 1), (ferry, 2))
    assert task.since == ((ferry, 1),)
    store.say(last)
    assert not prepare(store.library, T, store.at(4).id)
    statuses = [one.status for one in run_page(store.library, T, made.id, 9)[0]]
    assert statuses == [RunStatus.SKIPPED, RunStatus.DONE, RunStatus.FAILED, RunStatus.DONE]


def test_what_a_run_left_unread_is_said_by_the_next(store: Store) -> None:
    store.schedule()
    ferry, tram = store.put("ferry", FERRY), store.put("tram", "The tram stops at the square.")
    first = store.at(1)
    prepare(store.library, T, first.id)
    store.say(first, unread=(tram,))
    store.put("ferry", f"{FERRY} {STRIKE}")
    second = store.at(2)
    prepare(store.library, T, second.id)
    assert task_of(store.library, T, second.id).versions == ((tram, 1), (ferry, 2))
    store.say(second, unread=(ferry,))
    third = store.at(3)
    prepare(store.library, T, third.id)
    task = task_of(store.library, T, third.id)
    assert (task.versions, task.since) == (((ferry, 2),), ((ferry, 1),))


def test_a_document_that_changes_before_it_is_read_is_left_for_the_next_run(store: Store) -> None:
    store.schedule()
    ferry, tram = store.put("ferry", FERRY), store.put("tram", "The tram stops at the square.")
    run = store.at(1)
    prepare(store.library, T, run.id)
    store.put("tram", "The tram stops at the market.")
    task = task_of(store.library, T, run.id)
    summary = store.summary(task)
    assert (summary.status, summary.reason) == (SummaryStatus.PARTIAL, "changed")
    assert {one.document_id for one in summary.citations} == {ferry}
    note_result(store.library, T, run.id, summary)
    conclude(store.library, T, run.id)
    later = store.at(2)
    prepare(store.library, T, later.id)
    assert task_of(store.library, T, later.id).versions == ((tram, 2),)


def test_a_text_that_was_purged_is_said_to_be_gone_and_all_counts_as_new(store: Store) -> None:
    store.schedule()
    ferry = store.put("ferry", FERRY)
    first = store.at(1)
    prepare(store.library, T, first.id)
    store.say(first)
    store.put("ferry", f"{FERRY} {STRIKE}")
    assert purge(store.library, 1) == 1
    second = store.at(2)
    prepare(store.library, T, second.id)
    changes = changes_of_json(read_run(store.library, T, second.id).changes or "")
    assert [one.new_sentences for one in changes.changed] == [None]
    assert notes_on(changes) == [
        "Changed: ferry (version 1 to 2): the text of version 1 is gone, so all counts as new."
    ]
    summary = store.summary(task_of(store.library, T, second.id))
    assert {one.document_id for one in summary.citations} == {ferry}
    assert summary.coverage[0].set_aside == {}


def test_a_document_that_was_deleted_and_sent_again_has_changed(store: Store) -> None:
    store.schedule()
    ferry = store.put("ferry", FERRY)
    first = store.at(1)
    prepare(store.library, T, first.id)
    store.say(first)
    store.library.delete(T, ferry)
    assert store.put("ferry", f"{FERRY} {STRIKE}") == ferry
    second = store.at(2)
    prepare(store.library, T, second.id)
    (changed,) = changes_of_json(read_run(store.library, T, second.id).changes or "").changed
    assert (changed.version, changed.new_sentences) == (2, None)


def test_the_notes_name_each_document_and_what_became_of_it(store: Store) -> None:
    store.schedule()
    ferry = store.put("ferry", FERRY)
    tram = store.put("tram", "The tram stops at the square.")
    first = store.at(1)
    prepare(store.library, T, first.id)
    store.say(first)
    store.put("ferry", FERRY.replace("nine", "ten"))
    store.put("whale", "A whale was seen in the bay on Sunday.")
    store.library.delete(T, tram)
    second = store.at(2)
    prepare(store.library, T, second.id)
    changes = changes_of_json(read_run(store.library, T, second.id).changes or "")
    assert counts_of(changes) == "Documents: 1 new, 1 changed, 1 deleted."
    assert notes_on(changes) == [
        "New: whale (version 1).",
        "Changed: ferry (version 1 to 2): sentences and table rows: 1 new, 1 taken out.",
        "Deleted: tram (version 1).",
    ]
    changed, new, deleted = sections_of(changes, ZoneInfo("Europe/Berlin"))
    assert (changed.heading, new.heading, deleted.heading) == (
        "Changed (1)",
        "New (1)",
        "Deleted (1)",
    )
    assert changed.items[0].quotes == (
        Quotes("New in version 2", ("The ferry sails at ten every morning.",)),
        Quotes("Only in version 1", ("The ferry sails at nine every morning.",)),
    )
    assert changed.items[0].version == (ferry, 2)
    assert re.fullmatch(
        r"version 1, deleted on \d+ \w+ 20\d\d, \d\d:\d\d CES?T", deleted.items[0].detail
    )


def test_what_is_quoted_of_a_change_is_cited_in_the_version_that_it_is_of(store: Store) -> None:
    store.schedule()
    name = store.put("ferry", " ".join(f"Ferry {at} sails at nine." for at in range(5)))
    first = store.at(1)
    prepare(store.library, T, first.id)
    store.say(first)
    store.put("ferry", " ".join(f"Tram {at} leaves at ten." for at in range(4)))
    second = store.at(2)
    prepare(store.library, T, second.id)
    (changed,) = changes_of_json(read_run(store.library, T, second.id).changes or "").changed
    assert (changed.new_sentences, changed.removed_sentences) == (4, 5)
    assert [one.quote for one in changed.added] == [f"Tram {at} leaves at ten." for at in range(3)]
    assert [one.quote for one in changed.removed] == [
        f"Ferry {at} sails at nine." for at in range(3)
    ]
    for version, excerpts in ((1, changed.removed), (2, changed.added)):
        text = store.library.document(T, name, version).text
        for one in excerpts:
            assert one.span.of(text) == one.quote
            assert parse_citation_id(one.id) == (name, one.version, one.span)
            assert one.version == version


def test_a_run_whose_schedule_was_deleted_is_not_found(store: Store) -> None:
    made = store.schedule()
    run = store.at(1)
    kept.remove(store.library, T, made.id)
    with pytest.raises(NotFound, match=run.id):
        prepare(store.library, T, run.id)
