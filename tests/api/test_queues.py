"""Summaries and digests of a tenant wait for each other, those of another tenant do not."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api import queues
from api.app import create_app
from tests.api.serving import ended_job, job_when, serving
from tests.api.test_summary_jobs import send_books, settings_for, start
from tests.scribe import Scribe
from tests.upstream import upstream

FOR_GOOD = 600.0  # seconds that the model takes until it is told otherwise


def is_running(job: dict[str, Any]) -> bool:
    return bool(job["status"] == "running")


def read(client: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
    return found


def run_of(client: httpx.Client) -> dict[str, Any]:
    """The run of the one schedule that has one."""
    (schedule,) = client.get("/v1/schedules").raise_for_status().json()["items"]
    (run,) = client.get(f"/v1/schedules/{schedule['id']}/runs").raise_for_status().json()["items"]
    found: dict[str, Any] = run
    return found


def trigger(client: httpx.Client) -> str:
    """The job of a digest that quotes."""
    summary = {"collection": "default", "mode": "extractive"}
    body = {"name": "daily", "cron": "0 7 1 1 *", "summary": summary}
    made = client.post("/v1/schedules", json=body).raise_for_status().json()
    run = client.post(f"/v1/schedules/{made['id']}/trigger").raise_for_status().json()
    return str(run["job_id"])


def test_a_summary_waits_for_its_turn_also_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe = Scribe(FOR_GOOD)
    with upstream(scribe) as model:
        app = create_app(settings_for(tmp_path, model.url, summaries_at_once=2))
        with serving(app) as client:
            send_books(client, 1)
            first = [start(client) for _ in range(2)]
            for job_id in first:
                job_when(client, job_id, is_running)
            third = start(client)
            with monkeypatch.context() as patched:
                patched.setattr(queues, "TENANT", "another")
                others = start(client)
            job_when(client, others, is_running)
            waiting = read(client, third)
            assert (waiting["status"], waiting["started_at"]) == ("queued", None)
            cancelled = client.post(f"/v1/jobs/{third}/cancel").json()
            assert (cancelled["status"], cancelled["started_at"]) == ("cancelled", None)
            assert client.post(f"/v1/jobs/{third}/retry").json()["status"] == "queued"
        scribe.latency = 0.05
        app = create_app(settings_for(tmp_path, model.url, summaries_at_once=2))
        with serving(app) as client:
            done = {job_id: ended_job(client, job_id) for job_id in [*first, third, others]}
    assert {one["status"] for one in done.values()} == {"done"}
    mine = [done[job_id] for job_id in [*first, third]]
    last = max(one["started_at"] for one in mine)
    assert last >= min(one["finished_at"] for one in mine), "three ran at the same time"


def test_a_digest_goes_before_the_summaries_that_wait(tmp_path: Path) -> None:
    with upstream(Scribe(FOR_GOOD)) as model:
        app = create_app(settings_for(tmp_path, model.url, summaries_at_once=1))
        with serving(app) as client:
            send_books(client, 1)
            first = start(client)
            job_when(client, first, is_running)
            second = start(client, mode="extractive")
            digest = trigger(client)
            assert read(client, digest)["status"] == read(client, second)["status"] == "queued"
            assert run_of(client)["status"] == "queued"
            client.post(f"/v1/jobs/{first}/cancel").raise_for_status()
            digest_done, second_done = ended_job(client, digest), ended_job(client, second)
    assert (digest_done["status"], second_done["status"]) == ("done", "done")
    assert digest_done["finished_at"] <= second_done["started_at"]
