"""Each tick is one run and each run one job, whatever dies, and however many processes look."""

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url
from sqlalchemy import text as sql

from api import ticks, workers
from api.app import create_app
from corpus import schedules
from corpus.errors import IndexUnreachable
from corpus.library import Library
from rag import Pipeline, Settings, Summary, SummaryTask
from rag.holdings import TENANT
from rag.plan import Plan
from rag.schedules import fire
from rag.settings import variable
from tests.api.process import Server, server
from tests.api.receiver import receiver
from tests.api.serving import ended_job, job_when, serving
from tests.api.test_durability import book
from tests.api.test_summary_jobs import is_left_alone, prompt_of, send_books
from tests.scribe import Scribe
from tests.upstream import upstream

SCHEDULES = 12
ROUNDS = 3
MOST_ROUNDS = 9  # in which more than one of the processes is quick enough to get a tick
CALLS = 2  # of a model, at a time
PAST = "2026-01-01T07:00:00.000Z"
LONG_PAST = "2025-01-01T07:00:00.000Z"
STORY = "The ferry sails at nine every morning. It carries forty cars to the island."


class Stubborn(Pipeline):
    """A pipeline that does not summarize while it is told so: it fails, or takes its time."""

    fails = False
    goes_on = threading.Event()

    async def make_summary(self, task: SummaryTask, plan: Plan | None, **how: Any) -> Summary:
        if self.fails:
            raise IndexUnreachable("The disk is on strike.")
        await asyncio.to_thread(self.goes_on.wait, 60)
        return await super().make_summary(task, plan, **how)


@pytest.fixture
def pipeline(tmp_path: Path) -> Stubborn:
    return Stubborn(Settings(data_dir=tmp_path, threads=2))


@pytest.fixture
def client(pipeline: Stubborn) -> Iterator[httpx.Client]:
    pipeline.goes_on.set()
    with serving(create_app(pipeline.settings, pipeline)) as opened:
        try:
            yield opened
        finally:
            pipeline.goes_on.set()


def store(client: httpx.Client, name: str, text: str = STORY) -> None:
    body = {"text": f"{text} {name}.", "title": name, "external_id": name}
    client.post("/v1/documents", json=body, params={"wait": "true"}).raise_for_status()


def make(client: httpx.Client, name: str, **fields: object) -> str:
    body = {"name": name, "cron": "0 7 1 1 *", "summary": {"collection": "default"}, **fields}
    response = client.post("/v1/schedules", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def runs_of(client: httpx.Client, schedule_id: str) -> list[dict[str, Any]]:
    path = f"/v1/schedules/{schedule_id}/runs"
    found: list[dict[str, Any]] = client.get(path).raise_for_status().json()["items"]
    return found


def runs_when(
    client: httpx.Client, schedule_id: str, holds: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """The runs of a schedule, once this holds for them."""
    deadline = time.monotonic() + 60
    while True:
        found = runs_of(client, schedule_id)
        if holds(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def ended(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda runs: len(runs) == count and all(one["finished_at"] for one in runs)


def make_and_fail(client: httpx.Client, pipeline: Stubborn) -> tuple[str, dict[str, Any]]:
    """A new schedule of a document, and its first run, which failed."""
    store(client, "ferry")
    made = make(client, "daily")
    pipeline.fails = True
    client.post(f"/v1/schedules/{made}/trigger").raise_for_status()
    (failed,) = runs_when(client, made, ended(1))
    pipeline.fails = False
    return made, failed


def test_a_tick_that_is_due_runs_by_itself(client: httpx.Client, pipeline: Stubborn) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    schedules.change(pipeline.library, TENANT, made, {"next_run_at": PAST})
    (run,) = runs_when(client, made, ended(1))
    assert (run["status"], run["missed_since"]) == ("done", None)
    assert run["tick"] == PAST
    assert client.get(f"/v1/schedules/{made}").json()["next_run_at"] > PAST


def test_missed_ticks_are_one_run_or_none_if_the_schedule_says_so(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    store(client, "ferry")
    ids = {how: make(client, how, cron="0 7 1 * *", missed=how) for how in ("once", "skip")}
    for schedule_id in ids.values():
        schedules.change(pipeline.library, TENANT, schedule_id, {"next_run_at": LONG_PAST})
    (done,) = runs_when(client, ids["once"], ended(1))
    (skipped,) = runs_when(client, ids["skip"], ended(1))
    assert (done["status"], done["missed_since"]) == ("done", LONG_PAST)
    assert (skipped["status"], skipped["tick"]) == ("skipped", done["tick"])
    assert "the schedule skips what was missed" in skipped["reason"]
    assert (skipped["job_id"], skipped["links"]["summary"]) == (None, None)
    for schedule_id in ids.values():
        assert client.get(f"/v1/schedules/{schedule_id}").json()["next_run_at"] > done["tick"]


def test_a_run_that_fails_says_why_and_the_next_says_what_it_did_not(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    made, failed = make_and_fail(client, pipeline)
    assert failed["status"] == "failed"
    assert "The disk is on strike." in failed["reason"]
    job = client.get(failed["links"]["job"]).json()
    assert (job["status"], job["error"]) == ("failed", failed["reason"])
    store(client, "tram")
    client.post(f"/v1/schedules/{made}/trigger").raise_for_status()
    run, _ = runs_when(client, made, ended(2))
    assert [one["title"] for one in run["changes"]["new"]] == ["ferry", "tram"]


def test_a_job_that_failed_is_retried_where_it_stopped(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    made, failed = make_and_fail(client, pipeline)
    pipeline.goes_on.clear()
    client.post(f"{failed['links']['job']}/retry").raise_for_status()
    (again,) = runs_when(client, made, lambda runs: runs[0]["status"] == "running")
    assert (again["reason"], again["finished_at"]) == (None, None)
    assert client.post(f"/v1/schedules/{made}/trigger").status_code == 409
    pipeline.goes_on.set()
    assert ended_job(client, failed["job_id"])["status"] == "done"
    (run,) = runs_of(client, made)
    assert (run["id"], run["status"], run["reason"]) == (failed["id"], "done", None)


def test_a_run_that_is_cancelled_is_said_to_be_and_the_next_says_what_it_did_not(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    pipeline.goes_on.clear()
    run = client.post(f"/v1/schedules/{made}/trigger").raise_for_status().json()
    again = client.post(f"/v1/schedules/{made}/trigger")
    assert (again.status_code, again.json()["type"]) == (409, "urn:pincite:problem:under-way")
    client.post(f"{run['links']['job']}/cancel").raise_for_status()
    (cancelled,) = runs_when(client, made, ended(1))
    assert (cancelled["status"], cancelled["summary_id"]) == ("cancelled", None)
    pipeline.goes_on.set()
    client.post(f"/v1/schedules/{made}/trigger").raise_for_status()
    run, _ = runs_when(client, made, ended(2))
    assert [one["title"] for one in run["changes"]["new"]] == ["ferry"]


def test_a_tick_during_a_run_is_skipped_with_the_reason(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    pipeline.goes_on.clear()
    first = client.post(f"/v1/schedules/{made}/trigger").raise_for_status().json()
    schedules.change(pipeline.library, TENANT, made, {"next_run_at": PAST})
    skipped, _ = runs_when(client, made, lambda runs: len(runs) == 2)
    assert (skipped["status"], skipped["tick"]) == ("skipped", PAST)
    assert first["id"] in skipped["reason"]
    pipeline.goes_on.set()
    assert [one["status"] for one in runs_when(client, made, ended(2))] == ["skipped", "done"]


def test_a_schedule_that_is_deleted_during_a_run_cancels_its_job(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    pipeline.goes_on.clear()
    run = client.post(f"/v1/schedules/{made}/trigger").raise_for_status().json()
    assert client.delete(f"/v1/schedules/{made}").status_code == 204
    assert job_when(client, run["job_id"], lambda job: job["status"] == "cancelled")


def test_a_schedule_that_is_deleted_beside_the_server_during_a_run_costs_no_more(
    client: httpx.Client, pipeline: Stubborn
) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    pipeline.goes_on.clear()
    run = client.post(f"/v1/schedules/{made}/trigger").raise_for_status().json()
    job_when(client, run["job_id"], lambda job: job["total"] == 1)
    schedules.remove(pipeline.library, TENANT, made)  # as `pincite schedules delete` does
    assert job_when(client, run["job_id"], lambda job: job["status"] == "cancelled")


def test_a_run_whose_process_died_before_its_job_began_gets_it(
    client: httpx.Client, pipeline: Stubborn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(client, "ferry")
    made = make(client, "daily")
    schedules.change(pipeline.library, TENANT, made, {"next_run_at": "2026-11-20T07:00:00.000Z"})
    # As by a process that died just then; the server may have been quicker, and is not told.
    claimed = fire(pipeline.library, TENANT, datetime.now(UTC))
    assert len(claimed) == 1
    assert runs_of(client, made)[0]["status"] == "queued"
    monkeypatch.setattr(ticks, "_START", timedelta(0))
    (run,) = runs_when(client, made, ended(1))
    assert (run["status"], run["id"]) == ("done", claimed[0].id)
    digests = [one for one in client.get("/v1/jobs").json()["items"] if one["kind"] == "digest"]
    assert [one["id"] for one in digests] == [run["job_id"]]


@contextmanager
def three_servers(folder: Path, database: str, chroma: str) -> Iterator[list[Server]]:
    """Three processes of `pincite serve` on one Postgres and one Chroma."""
    with ExitStack() as stack:
        opened = [stack.enter_context(server(folder / str(number))) for number in range(3)]
        for one in opened:
            one.environment |= {
                "PINCITE_DATABASE_URL": database,
                "PINCITE_CHROMA_URL": chroma,
                "PINCITE_THREADS": "1",
            }
            one.start()
        for one in opened:
            one.wait_until_ready()
        yield opened


def test_three_processes_on_one_postgres_run_each_tick_once(
    tmp_path: Path, postgres: Callable[[], str], chroma: str
) -> None:
    database = postgres()
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with three_servers(tmp_path, database, chroma) as servers:
        clients = [one.client for one in servers]
        made = [
            make(clients[0], f"s{at}", since="all", only_if_changed=False)
            for at in range(SCHEDULES)
        ]
        store(clients[1], "ferry")
        query = sql("SELECT executor_id FROM dbos.workflow_status WHERE name = 'digest'")
        by_process: Counter[str] = Counter()
        rounds: list[str] = []
        while len(rounds) < ROUNDS or (len(by_process) < 2 and len(rounds) < MOST_ROUNDS):
            tick = f"2026-01-0{len(rounds) + 1}T07:00:00.000Z"
            rounds.append(tick)
            with engine.begin() as connection:
                connection.execute(sql("UPDATE schedules SET next_run_at = :tick"), {"tick": tick})
            for at, schedule_id in enumerate(made):
                runs_when(clients[at % 3], schedule_id, ended(len(rounds)))
            with engine.connect() as connection:
                by_process = Counter(connection.scalars(query))
        runs = [run for schedule_id in made for run in runs_of(clients[2], schedule_id)]
        # More than one was at it, and none did what another had.
        with engine.connect() as connection:
            steps = sql(
                "SELECT workflow_uuid, function_id, count(*) FROM dbos.operation_outputs "
                "GROUP BY 1, 2 HAVING count(*) > 1"
            )
            assert connection.execute(steps).all() == []
    engine.dispose()
    assert {run["status"] for run in runs} == {"done"}
    ticks_of = Counter((run["schedule_id"], run["tick"]) for run in runs)
    assert set(ticks_of.values()) == {1}
    assert len(runs) == SCHEDULES * len(rounds) == by_process.total()
    assert len({run["summary_id"] for run in runs}) == len(runs)
    assert len(by_process) > 1


def test_the_jobs_of_a_process_that_was_killed_are_done_by_another_and_no_other(
    tmp_path: Path, postgres: Callable[[], str], chroma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload, a summary and a digest: nothing is done, paid or delivered twice."""
    monkeypatch.setattr(workers, "_SILENCE", timedelta(seconds=7))
    monkeypatch.setattr(workers, "_SAY", 0.5)
    database = postgres()
    scribe = Scribe(0.1)
    with (
        receiver(204) as hooks,
        upstream(scribe) as model,
        server(tmp_path / "killed") as killed,
    ):
        of_model: dict[str, Any] = {
            "llm_base_url": model.url,
            "llm_model": "scribe",
            "llm_concurrency": CALLS,
        }
        settings = Settings(
            data_dir=tmp_path / "other",
            threads=1,
            database_url=SecretStr(database),
            chroma_url=SecretStr(chroma),
            summary_tokens=300,
            webhook_allow_private=(ip_network("127.0.0.0/8"),),
            **of_model,
        )
        killed.environment |= {
            "PINCITE_DATABASE_URL": database,
            "PINCITE_CHROMA_URL": chroma,
            "PINCITE_SUMMARY_TOKENS": "300",
            "PINCITE_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
            **{variable(name): str(value) for name, value in of_model.items()},
        }
        killed.start()
        killed.wait_until_ready()
        send_books(killed.client, 3)
        made = make(killed.client, "daily", webhook_url=hooks.url)
        begin = {"collection": "default", "focus": "the harbour"}
        summary_id = killed.client.post("/v1/summaries", json=begin).json()["id"]
        run = killed.client.post(f"/v1/schedules/{made}/trigger").raise_for_status().json()
        jobs = [summary_id, run["job_id"]]
        for job_id in jobs:
            job_when(killed.client, job_id, lambda job: job["done"] > 0)
        scribe.latency = 600.0  # so that they do not get further
        with serving(create_app(settings)) as other:
            time.sleep(1)  # in which it could take what is not its own
            files = [("files", (f"{at}.md", book(at, 1).encode())) for at in range(20)]
            fields = {"collection": "herons"}
            sent = killed.client.post("/v1/documents", files=files, data=fields).json()
            jobs.append(sent["documents"][0]["job_id"])
            job_when(killed.client, jobs[-1], lambda job: job["done"] > 0)
            killed.end(signal.SIGKILL)
            assert model.sees(is_left_alone, 20)
            before = [prompt_of(one) for one in model.requests]
            engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
            with engine.connect() as connection:
                lost = len(before) - connection.execute(sql("SELECT 1 FROM replies")).rowcount
            engine.dispose()
            scribe.latency = 0.0
            left = [other.get(f"/v1/jobs/{job_id}").json() for job_id in jobs]
            done = [ended_job(other, job_id) for job_id in jobs]
            (run,) = runs_when(other, made, ended(1))
            listed = {one["id"] for one in other.get("/v1/jobs").json()["items"]}
            assert hooks.came.wait(10)
            time.sleep(0.5)  # for what would come twice
    assert {one["status"] for one in left} == {"running"}
    assert all(one["done"] < one["total"] for one in left)
    assert [(one["status"], one["error"]) for one in done] == [("done", None)] * 3
    assert run["status"] == "done"
    assert len(listed) == 4, "the upload of the books, and these three"
    assert len(hooks.got) == 1
    after = [prompt_of(one) for one in model.requests[len(before) :]]
    assert len(set(before)) == len(before) > 0
    assert len(set(after)) == len(after) > 0
    assert len(set(before) & set(after)) <= lost <= CALLS, "only what was under way is paid twice"


def test_a_process_that_is_stopped_in_order_leaves_its_name(
    tmp_path: Path, postgres: Callable[[], str], chroma: str
) -> None:
    database = postgres()
    settings = Settings(
        data_dir=tmp_path,
        threads=1,
        database_url=SecretStr(database),
        chroma_url=SecretStr(chroma),
    )
    with serving(create_app(settings)) as client:
        assert client.get("/v1/jobs").json()["items"] == []
    library = Library(database, "model-1")
    with library.engine.connect() as connection:
        (worker,) = connection.execute(sql("SELECT id, seen_at FROM workers")).all()
    library.close()
    assert (worker.id.startswith("pincite-"), worker.seen_at) == (True, "")
    assert not (tmp_path / "jobs.db").exists()
