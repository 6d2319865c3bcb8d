"""Digests reach their webhook, signed, and their folder; and a model may write them."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks

from api.app import create_app
from api.destinations import hand_out
from corpus import deliveries
from rag import Pipeline, Settings
from rag.holdings import TENANT
from tests.api.receiver import receiver
from tests.api.serving import ended_job, problem_of, serving
from tests.scribe import WRITE, Scribe, kinds, quoted
from tests.upstream import upstream

FERRY = "The ferry sails at nine every morning. It carries forty cars to the island."
STRIKE = "The crews of the ferry go on strike next week. Nobody knows for how long it will be."
HERE = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Starts a server that may send to this machine, and stops it at the end."""
    opened: list[Any] = []

    def begin(**fields: Any) -> httpx.Client:
        folders = {"data_dir": tmp_path / "data", "digest_dir": tmp_path / "digests"}
        wanted = {**folders, "threads": 1, "webhook_allow_private": HERE, **fields}
        serving_now = serving(create_app(Settings(**wanted)))
        client = serving_now.__enter__()
        opened.append(serving_now)
        return client

    yield begin
    for one in opened:
        one.__exit__(None, None, None)


def store(client: httpx.Client, text: str) -> str:
    body = {"text": text, "title": "Ferry", "external_id": "ferry"}
    response = client.post("/v1/documents", json=body, params={"wait": "true"})
    return str(response.raise_for_status().json()["documents"][0]["id"])


def make(client: httpx.Client, **fields: object) -> dict[str, Any]:
    body = {"name": "morning", "cron": "0 7 1 1 *", "summary": {"collection": "default"}, **fields}
    response = client.post("/v1/schedules", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def run_of(client: httpx.Client, schedule_id: str) -> dict[str, Any]:
    """What a run that is triggered now has come to."""
    run = client.post(f"/v1/schedules/{schedule_id}/trigger").raise_for_status().json()
    assert ended_job(client, run["job_id"])["status"] == "done"
    found: dict[str, Any] = client.get(run["links"]["run"]).raise_for_status().json()
    return found


def delivered(client: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    """The delivery of a run's digest, once it was accepted."""
    deadline = time.monotonic() + 30
    while True:
        delivery = client.get(run["links"]["run"]).json()["delivery"]
        if delivery["status"] == "delivered":
            found: dict[str, Any] = delivery
            return found
        assert time.monotonic() < deadline, delivery
        time.sleep(0.05)


def test_a_digest_is_delivered_signed_and_written_to_the_folder(
    served: Callable[..., httpx.Client], tmp_path: Path
) -> None:
    client = served()
    document_id = store(client, FERRY)
    with receiver(204) as hooks:
        made = make(client, webhook_url=hooks.url, folder=True)
        run = run_of(client, made["id"])
        delivery = delivered(client, run)
    (got,) = hooks.got
    event = standardwebhooks.Webhook(made["webhook_secret"]).verify(got.body, got.headers)
    assert event == json.loads(got.body)
    assert (event["type"], event["timestamp"]) == ("digest.created", run["created_at"])
    data = event["data"]
    assert data["schedule"] == {"id": made["id"], "name": "morning"}
    assert data["run"]["id"] == run["id"]
    assert [one["document_id"] for one in data["changes"]["new"]] == [document_id]
    assert data["summary"] == run["summary"]
    assert data["summary"]["citations"][0]["quote"] in FERRY
    assert got.headers["webhook-id"] == delivery["event_id"]
    assert [one["status_code"] for one in delivery["attempts"]] == [204]

    files = sorted((tmp_path / "digests").rglob("*morning*"))
    assert [one.suffix for one in files] == [".html", ".md"]
    assert "## New (1)" in files[1].read_text()
    assert run["id"] in files[1].name


def test_each_digest_is_one_event_and_two_files_and_a_skipped_run_is_none(
    served: Callable[..., httpx.Client], tmp_path: Path
) -> None:
    client = served()
    store(client, FERRY)
    with receiver(200) as hooks:
        made = make(client, webhook_url=hooks.url, folder=True, timezone="Europe/Berlin")
        first = run_of(client, made["id"])
        delivered(client, first)
        skipped = run_of(client, made["id"])
        client.delete(f"/v1/documents/{first['changes']['new'][0]['document_id']}")
        last = run_of(client, made["id"])
        delivered(client, last)
    assert (skipped["status"], skipped["delivery"]) == ("skipped", None)
    events = [json.loads(one.body)["data"] for one in hooks.got]
    assert [one["run"]["id"] for one in events] == [first["id"], last["id"]]
    assert events[1]["summary"] is None
    assert [one["title"] for one in events[1]["changes"]["gone"]] == ["Ferry"]
    assert "Deleted: Ferry (version 1)." in events[1]["changes"]["text"]
    _, told = sorted((tmp_path / "digests").rglob("*.md"))
    assert last["id"] in told.name
    assert "- **Ferry**, version 1, deleted on " in told.read_text()
    since = r" CES?T\n\nSince \d+ \w+ 20\d\d, \d\d:\d\d CES?T\. Documents: 1 deleted\.\n"
    assert re.search(since, told.read_text())
    assert [one["run"]["since"] for one in events] == [None, first["created_at"]]
    assert len(list((tmp_path / "digests").rglob("*.html"))) == 2


def test_a_digest_that_is_handed_out_again_after_a_crash_is_the_same_and_its_attempts_are_told(
    tmp_path: Path,
) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("location", "http://169.254.169.254/")
        handler.send_header("content-length", "0")
        handler.end_headers()

    folder = tmp_path / "digests"
    pipeline = Pipeline(
        Settings(data_dir=tmp_path, digest_dir=folder, threads=1, webhook_allow_private=HERE)
    )
    with receiver(redirect) as hooks, serving(create_app(pipeline.settings, pipeline)) as client:
        store(client, FERRY)
        run = run_of(client, make(client, webhook_url=hooks.url, folder=True)["id"])
        assert hooks.came.wait(30)
        tried = logged(client, run)
        files = {path: path.read_bytes() for path in folder.rglob("*.*")}
        asyncio.run(hand_out(pipeline, run["id"], lambda: None))
        assert logged(client, run) == tried
        assert {path: path.read_bytes() for path in folder.rglob("*.*")} == files
        assert len(deliveries.page(pipeline.library, TENANT, 9)[0]) == 1
    (attempt,) = tried["attempts"]
    assert (tried["status"], attempt["status_code"]) == ("pending", 307)
    assert "redirects are not followed" in attempt["error"]
    assert tried["next_attempt_at"] > attempt["at"]
    assert len(files) == 2


def logged(client: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    """The delivery of a run's digest, once an attempt is in the log."""
    deadline = time.monotonic() + 30
    while True:
        delivery: dict[str, Any] = client.get(run["links"]["run"]).json()["delivery"]
        if delivery["attempts"]:
            return delivery
        assert time.monotonic() < deadline, delivery
        time.sleep(0.05)


def test_the_secret_is_told_once_and_another_webhook_has_another(
    served: Callable[..., httpx.Client],
) -> None:
    client = served()
    store(client, FERRY)
    with receiver(200) as first, receiver(200) as second:
        made = make(client, webhook_url=first.url)
        path = f"/v1/schedules/{made['id']}"
        assert made["webhook_secret"].startswith("whsec_")
        shown = client.get(path).json()
        assert (shown["webhook_url"], shown["webhook_secret"]) == (first.url, None)
        (listed,) = client.get("/v1/schedules").json()["items"]
        assert listed == shown
        renamed = client.patch(path, json={"name": "evening", "webhook_secret": None}).json()
        assert (renamed["webhook_url"], renamed["webhook_secret"]) == (first.url, None)
        moved = client.patch(path, json={"webhook_url": second.url}).json()
        assert moved["webhook_secret"] not in (None, made["webhook_secret"])
        delivered(client, run_of(client, made["id"]))
        (got,) = second.got
        standardwebhooks.Webhook(moved["webhook_secret"]).verify(got.body, got.headers)
        assert client.patch(path, json={"webhook_url": None}).json()["webhook_url"] is None
        store(client, f"{FERRY} {STRIKE}")
        assert run_of(client, made["id"])["delivery"] is None
    assert (len(first.got), len(second.got)) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"webhook_url": "http://10.0.0.1/hooks"}, "10.0.0.1"),
        ({"webhook_url": "ftp://example.com/"}, "ftp"),
        ({"webhook_url": "http://127.0.0.1:9/", "webhook_secret": "secret"}, "whsec_"),
        ({"webhook_secret": "whsec_" + "A" * 32}, "no webhook_url"),
        ({"folder": True}, "PINCITE_DIGEST_DIR"),
    ],
)
def test_a_digest_that_can_not_go_there_is_a_problem(
    served: Callable[..., httpx.Client], fields: dict[str, object], says: str
) -> None:
    client = served(digest_dir=None)
    body = {"name": "bad", "cron": "0 7 * * *", "summary": {}, **fields}
    problem = problem_of(client.post("/v1/schedules", json=body), 422, "invalid-request")
    assert says in problem["detail"]
    assert client.get("/v1/schedules").json()["items"] == []
    made = make(client)
    path = f"/v1/schedules/{made['id']}"
    problem_of(client.patch(path, json=fields), 422, "invalid-request")
    assert client.get(path).json() == made


def test_a_model_writes_a_digest_and_is_sent_only_what_is_new(
    served: Callable[..., httpx.Client],
) -> None:
    with upstream(Scribe()) as model:
        client = served(llm_base_url=model.url, llm_model="scribe", llm_retries=0)
        made = make(client, summary={"collection": "default", "style": "bullets"})
        store(client, FERRY)
        run_of(client, made["id"])
        seen = len(model.requests)
        store(client, f"{FERRY} {STRIKE}")
        run = run_of(client, made["id"])
        later = list(model.requests[seen:])
        kept = client.get(f"/v1/summaries/{run['summary_id']}").json()
        seen = len(model.requests)
        client.delete(f"/v1/documents/{run['changes']['changed'][0]['document_id']}")
        told, skipped = run_of(client, made["id"]), run_of(client, made["id"])
        assert len(model.requests) == seen, "neither what is gone nor nothing costs anything"
    assert set(kinds(later)) == {WRITE}
    assert all("go on strike next week" in quoted(one) for one in later)
    assert not any("forty cars" in quoted(one) for one in later)
    assert (run["summary"]["model"], run["summary"]["style"]) == ("scribe", "bullets")
    assert {one["version"] for one in run["summary"]["citations"]} == {2}
    assert kept == run["summary"]
    assert (told["status"], skipped["status"]) == ("done", "skipped")
