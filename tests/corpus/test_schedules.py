"""Schedules, their runs and what they have seen, in each kind of database."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from corpus import schedules, workers
from corpus.errors import InvalidRequest, NameTaken, NotFound, UnderWay
from corpus.filters import read_filter
from corpus.ingest import Upload, add
from corpus.library import Library
from corpus.schedule_runs import (
    Run,
    RunDraft,
    RunStatus,
    finish,
    note_changes,
    note_job,
    note_under_way,
    open_runs,
    read_run,
    run_page,
)
from corpus.schedules import Schedule, ScheduleDraft
from corpus.snapshots import (
    Edition,
    Selection,
    deleted_at,
    json_of_snapshot,
    snapshot,
    snapshot_of_json,
)

T = "tenant"
DAILY = ScheduleDraft("daily", "0 7 * * *", "UTC", enabled=True, plan="{}", next_run_at="2026-01")


@pytest.fixture
def daily(library: Library) -> Schedule:
    return schedules.create(library, T, DAILY)


def ended(library: Library, schedule: Schedule, at: str) -> Run:
    """A run of a tick that is done."""
    current = schedules.read(library, T, schedule.id)
    run = schedules.claim(library, T, current, f"{at}+", RunDraft(at))
    assert run is not None
    finish(library, T, run.id, RunStatus.DONE)
    return run


def test_a_schedule_is_read_back_as_it_was_made(library: Library, daily: Schedule) -> None:
    assert schedules.read(library, T, daily.id) == daily
    assert {name: getattr(daily, name) for name in DAILY.__dataclass_fields__} == {
        name: getattr(DAILY, name) for name in DAILY.__dataclass_fields__
    }


def test_a_name_is_had_by_one_schedule_only(library: Library, daily: Schedule) -> None:
    with pytest.raises(NameTaken, match="'daily' already"):
        schedules.create(library, T, DAILY)
    other = schedules.create(library, T, replace(DAILY, name="other"))
    with pytest.raises(NameTaken, match="'daily' already"):
        schedules.change(library, T, other.id, {"name": daily.name})
    assert [one.name for one in schedules.page(library, T, 9)[0]] == ["other", "daily"]


def test_schedules_come_in_pages_and_by_name(library: Library) -> None:
    for name in "abc":
        schedules.create(library, T, replace(DAILY, name=name))
    first, cursor = schedules.page(library, T, 2)
    rest, end = schedules.page(library, T, 2, cursor)
    assert ([one.name for one in first + rest], end) == (["c", "b", "a"], None)
    assert [one.name for one in schedules.page(library, T, 9, name="b")[0]] == ["b"]
    with pytest.raises(InvalidRequest, match="'x' is not a cursor"):
        schedules.page(library, T, 2, "x")


def test_a_schedule_is_changed_and_removed_with_its_runs(library: Library, daily: Schedule) -> None:
    run = ended(library, daily, "2026-01")
    changed = schedules.change(library, T, daily.id, {"enabled": False, "next_run_at": None})
    assert (changed.enabled, changed.next_run_at, changed.cron) == (False, None, daily.cron)
    schedules.remove(library, T, daily.id)
    for gone in (schedules.read, schedules.remove, schedules.seen):
        with pytest.raises(NotFound, match=daily.id):
            gone(library, T, daily.id)
    with pytest.raises(NotFound, match=run.id):
        read_run(library, T, run.id)


def test_only_what_is_enabled_and_due_is_due(library: Library, daily: Schedule) -> None:
    schedules.create(library, T, replace(DAILY, name="paused", next_run_at=None))
    schedules.create(library, T, replace(DAILY, name="later", next_run_at="2027"))
    assert [one.id for one in schedules.due_by(library, T, "2026-01")] == [daily.id]
    assert schedules.due_by(library, T, "2025-12") == []


def test_a_tick_is_claimed_by_one_of_many_that_read_it(library: Library, daily: Schedule) -> None:
    claimed: list[Run | None] = []
    together = threading.Barrier(6)

    def claim() -> None:
        together.wait()
        claimed.append(schedules.claim(library, T, daily, "2026-02", RunDraft("2026-01")))

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (run,) = [one for one in claimed if one is not None]
    assert run_page(library, T, daily.id, 9) == ([run], None)
    assert (run.tick, run.status, run.ended) == ("2026-01", RunStatus.QUEUED, False)
    assert schedules.read(library, T, daily.id).next_run_at == "2026-02"


def test_a_tick_is_skipped_while_a_run_has_not_ended(library: Library, daily: Schedule) -> None:
    under_way = schedules.add_run(library, T, daily.id, RunDraft(None))
    skipped = schedules.claim(library, T, daily, "2026-02", RunDraft("2026-01"))
    assert skipped is not None
    assert (skipped.status, skipped.ended) == (RunStatus.SKIPPED, True)
    assert under_way.id in str(skipped.reason)
    assert [one.id for one in open_runs(library, T)] == [under_way.id]


def test_a_run_can_not_be_added_while_another_has_not_ended(
    library: Library, daily: Schedule
) -> None:
    first = schedules.add_run(library, T, daily.id, RunDraft(None))
    with pytest.raises(UnderWay, match=first.id):
        schedules.add_run(library, T, daily.id, RunDraft(None))
    finish(library, T, first.id, RunStatus.FAILED, reason="It rained.")
    assert schedules.add_run(library, T, daily.id, RunDraft(None)).id != first.id
    with pytest.raises(NotFound, match="sch_0"):
        schedules.add_run(library, T, "sch_0", RunDraft(None))


def test_a_run_has_ended_once_and_its_job_does_not_bring_it_back(
    library: Library, daily: Schedule
) -> None:
    run = schedules.add_run(library, T, daily.id, RunDraft(None))
    note_job(library, T, run.id, "job_1")
    assert read_run(library, T, run.id).status is RunStatus.QUEUED
    note_under_way(library, T, run.id)
    assert read_run(library, T, run.id).status is RunStatus.RUNNING
    assert finish(library, T, run.id, RunStatus.DONE)
    note_job(library, T, run.id, "job_2")
    note_under_way(library, T, run.id)
    instead_of = [RunStatus.RUNNING]
    assert not finish(library, T, run.id, RunStatus.FAILED, instead_of=instead_of)
    found = read_run(library, T, run.id)
    assert (found.status, found.job_id) == (RunStatus.DONE, "job_1")
    assert found.finished_at is not None


def test_the_history_comes_in_pages_newest_first(library: Library, daily: Schedule) -> None:
    made = [ended(library, daily, f"2026-0{at}") for at in range(1, 6)]
    first, cursor = run_page(library, T, daily.id, 3)
    rest, end = run_page(library, T, daily.id, 3, cursor)
    assert [one.id for one in first + rest] == [one.id for one in reversed(made)]
    assert end is None
    with pytest.raises(InvalidRequest, match="not a cursor"):
        run_page(library, T, daily.id, 3, "-1")


def test_a_run_that_is_older_than_one_that_is_done_does_not_put_back_what_was_seen(
    library: Library, daily: Schedule
) -> None:
    old, new = ended(library, daily, "2026-01"), ended(library, daily, "2026-02")
    for run, version in ((old, 1), (new, 2)):
        seen = json_of_snapshot({"doc": Edition(version, "A")})
        note_changes(library, T, run.id, "{}", seen)
    assert schedules.seen(library, T, daily.id) == {}
    schedules.see(library, T, new)
    schedules.see(library, T, old)
    assert schedules.seen(library, T, daily.id) == {"doc": Edition(2, "A")}


def test_a_snapshot_has_the_versions_that_are_searched(
    library: Library, count_tokens: Callable[[str], int]
) -> None:
    def store(text: str, name: str, collection: str = "news") -> str:
        upload = Upload(text, "text/plain", name, collection, external_id=name, title=name)
        return add(library, T, upload, count_tokens=count_tokens).id

    def publish() -> None:
        with library.writer.begin() as connection:
            connection.exec_driver_sql("UPDATE documents SET version = latest")

    herring, archive = store("Herring.", "herring"), store("Eel.", "eel", "archive")
    assert snapshot(library, T, Selection()) == {}, "nothing is searched yet"
    publish()
    cod = store("Cod.", "cod")
    store("Herring again.", "herring")
    news = Selection(collection="news")
    assert snapshot(library, T, news) == {herring: Edition(1, "herring")}
    publish()
    assert snapshot(library, T, news) == {herring: Edition(2, "herring"), cod: Edition(1, "cod")}
    assert set(snapshot(library, T, Selection())) == {herring, archive, cod}
    by_title = Selection(where=read_filter({"title": "cod"}))
    assert set(snapshot(library, T, by_title)) == {cod}
    assert set(snapshot(library, T, Selection(document_ids=[archive, "doc_0"]))) == {archive}
    library.delete(T, cod)
    assert set(deleted_at(library, T, [cod, herring, "doc_0"])) == {cod}
    assert snapshot(library, "other", Selection()) == {}


def test_a_snapshot_is_the_same_from_its_json() -> None:
    found = {"doc_é": Edition(3, "Ä \u2028 title"), "doc_b": Edition(1, "")}
    assert snapshot_of_json(json_of_snapshot(found)) == found


def test_a_worker_that_is_silent_is_taken_over_by_one_process_only(library: Library) -> None:
    for name in ("alive", "gone"):
        workers.say_alive(library, name)
    long = timedelta(hours=1)
    assert workers.take_silent(library, long) == []
    workers.say_gone(library, "gone")
    assert workers.take_silent(library, long) == ["gone"]
    assert workers.take_silent(library, long) == [], "another has it"
    workers.forget_worker(library, "gone")
    assert workers.take_silent(library, -long) == ["alive"]
