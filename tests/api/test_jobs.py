"""Jobs over HTTP: an upload's chunks are embedded by one, which can be followed and stopped."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest

from api.app import create_app
from rag import Pipeline, Settings
from rag.embedding import open_embedder
from tests.api.serving import document_of, ended_job, job_when, problem_of, serving
from tests.upstream import error, text, upstream


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(Settings(data_dir=tmp_path_factory.mktemp("jobs"), threads=1))


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[httpx.Client]:
    with serving(create_app(pipeline.settings, pipeline)) as opened:
        yield opened


@pytest.fixture
def slow(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedding that takes 0.2 seconds for a batch, on any machine."""

    def embed(texts: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        time.sleep(0.2)
        return np.ones((len(texts), 384), np.float32)

    monkeypatch.setattr(pipeline._indexing, "_embed", embed)


def book(name: str, sections: int) -> str:
    """A document of as many chunks as sections."""
    lines = [
        f"## Part {at} of {name}\n\nThe heron {at} waits for a fish.\n" for at in range(sections)
    ]
    return "\n".join(lines)


def upload(client: httpx.Client, name: str, sections: int = 640, **params: str) -> dict[str, Any]:
    body = {"text": book(name, sections), "media_type": "text/markdown", "collection": name}
    return document_of(client.post("/v1/documents", json=body, params=params))


def events(
    client: httpx.Client, job_id: str, last_event_id: str | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """The ids and the jobs of a stream of events, which is read to its end."""
    headers = {} if last_event_id is None else {"last-event-id": last_event_id}
    response = client.get(f"/v1/jobs/{job_id}/events", headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    found = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            assert fields["event"] == "job"
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def test_a_job_whose_remote_model_fails_says_so_and_loses_nothing(
    client: httpx.Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with upstream(text(), embed=lambda _: error(500, "Out of memory.")) as server:
        settings = Settings(embedding_base_url=server.url, embedding_model="m", llm_retries=0)
        remote = open_embedder(settings, pipeline._model)
        with monkeypatch.context() as patched:
            patched.setattr(pipeline._indexing, "_embed", remote.embed)
            entry = upload(client, "remote", 3)
            job = ended_job(client, entry["job_id"])
        remote.close()
    assert (job["status"], job["done"]) == ("failed", 0)
    assert "status 500: Out of memory." in job["error"]
    client.post(f"/v1/jobs/{entry['job_id']}/retry").raise_for_status()
    assert ended_job(client, entry["job_id"])["status"] == "done"


@pytest.mark.usefixtures("slow")
def test_a_job_says_how_much_of_it_is_done(client: httpx.Client) -> None:
    entry = upload(client, "progress", 200)
    job = job_when(client, entry["job_id"], lambda job: job["done"] > 0)
    assert (job["kind"], job["unit"], job["error"]) == ("ingest", "chunks", None)
    assert job["status"] == "running"
    assert 0 < job["done"] < job["total"] == 200
    assert job["started_at"] is not None
    assert job["finished_at"] is None
    job = ended_job(client, entry["job_id"])
    assert (job["status"], job["done"], job["total"]) == ("done", 200, 200)
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]


@pytest.mark.usefixtures("slow")
def test_an_upload_waits_for_its_own_job_only(client: httpx.Client) -> None:
    large = upload(client, "large")
    small = upload(client, "small", 1, wait="true")
    assert small["status"] == "ready"
    assert client.get(f"/v1/jobs/{small['job_id']}").json()["status"] == "done"
    assert client.get(f"/v1/jobs/{large['job_id']}").json()["status"] == "running"
    assert ended_job(client, large["job_id"])["status"] == "done"


@pytest.mark.usefixtures("slow")
def test_a_job_is_cancelled_at_once_and_a_retry_goes_on_where_it_stopped(
    client: httpx.Client,
) -> None:
    entry = upload(client, "cancelled")
    url = f"/v1/jobs/{entry['job_id']}"
    job_when(client, entry["job_id"], lambda job: job["done"] > 0)
    start = time.monotonic()
    job = client.post(f"{url}/cancel").raise_for_status().json()
    assert job["status"] == "cancelled"
    time.sleep(0.5)  # for the batch that was under way
    stopped = client.get(url).json()
    assert time.monotonic() - start < 2
    assert stopped["done"] < stopped["total"]
    time.sleep(0.5)
    assert client.get(url).json() == stopped
    assert client.get(f"/v1/documents/{entry['id']}").json()["status"] == "pending"
    assert client.post(f"{url}/cancel").json() == stopped

    retried = client.post(f"{url}/retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")
    assert retried.json()["done"] == stopped["done"]
    problem_of(client.post(f"{url}/retry"), 409, "not-now")
    job = ended_job(client, entry["job_id"])
    assert (job["status"], job["done"]) == ("done", job["total"])
    assert client.get(f"/v1/documents/{entry['id']}").json()["status"] == "ready"


@pytest.mark.usefixtures("slow")
def test_the_same_upload_again_goes_on_with_what_a_cancelled_job_left(client: httpx.Client) -> None:
    first = upload(client, "again", 128)
    client.post(f"/v1/jobs/{first['job_id']}/cancel").raise_for_status()
    second = upload(client, "again", 128, wait="true")
    assert (second["outcome"], second["status"]) == ("unchanged", "ready")
    assert second["job_id"] not in (None, first["job_id"])


@pytest.mark.usefixtures("slow")
def test_a_wait_ends_when_the_job_is_cancelled(client: httpx.Client) -> None:
    body = {"text": book("left", 640), "media_type": "text/markdown", "collection": "left"}
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.post, "/v1/documents?wait=true", json=body)
        while (job := client.get("/v1/jobs?limit=1").json()["items"][0])["status"] != "running":
            time.sleep(0.02)
        client.post(f"/v1/jobs/{job['id']}/cancel").raise_for_status()
        response = waiting.result()
    assert response.status_code == 202
    entry = document_of(response)
    assert (entry["status"], entry["job_id"]) == ("pending", job["id"])


def test_a_job_that_fails_says_why_and_a_retry_goes_on(
    client: httpx.Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, calls = pipeline._model.embed, 0

    def full(texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(28, "No space left on device")
        return embed(texts)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline._indexing, "_embed", full)
        entry = upload(client, "failed", 100)
        job = ended_job(client, entry["job_id"])
    assert (job["status"], job["done"], job["total"]) == ("failed", 64, 100)
    assert "No space left on device" in job["error"]
    assert calls == 4  # the batch that worked, and three tries of the next
    response = client.post(f"/v1/jobs/{entry['job_id']}/cancel")
    assert "failed" in problem_of(response, 409, "not-now")["detail"]
    client.post(f"/v1/jobs/{entry['job_id']}/retry").raise_for_status()
    job = ended_job(client, entry["job_id"])
    assert (job["status"], job["done"], job["error"]) == ("done", 100, None)


@pytest.mark.usefixtures("slow")
def test_the_events_of_a_job_follow_it_to_its_end(client: httpx.Client) -> None:
    entry = upload(client, "followed", 400)
    found = events(client, entry["job_id"])
    done = [job["done"] for _, job in found]
    assert len(found) > 3
    assert all(one <= other for one, other in pairwise(done))
    assert found[-1][1] == client.get(f"/v1/jobs/{entry['job_id']}").json()
    assert found[-1][1]["status"] == "done"
    assert len({event_id for event_id, _ in found}) == len(found)


@pytest.mark.usefixtures("slow")
def test_events_resume_after_the_one_that_was_seen_last(client: httpx.Client) -> None:
    entry = upload(client, "resumed", 400)
    with client.stream("GET", f"/v1/jobs/{entry['job_id']}/events") as response:
        lines = response.iter_lines()
        seen = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
    found = events(client, entry["job_id"], seen)
    assert seen not in [event_id for event_id, _ in found]
    assert found[-1][1]["status"] == "done"
    assert events(client, entry["job_id"], found[-1][0]) == []
    assert events(client, entry["job_id"], "nonsense") == found[-1:]


def test_jobs_are_listed_in_pages_newest_first(client: httpx.Client) -> None:
    sent = [upload(client, f"page-{at}", 1, wait="true")["job_id"] for at in range(5)]
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/jobs", params={"limit": "2", **cursor}).json()
        assert 1 <= len(page["items"]) <= 2
        listed += [job["id"] for job in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        upload(
            client, f"meanwhile-{len(listed)}", 1, wait="true"
        )  # a page later shows no job twice
    assert listed[:5] == sent[::-1]
    assert len(set(listed)) == len(listed)
    times = [client.get(f"/v1/jobs/{job_id}").json()["created_at"] for job_id in listed]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "cursor=x", "cursor=1-", "cursor=-job_1"]
)
def test_a_bad_page_is_a_problem(client: httpx.Client, query: str) -> None:
    problem_of(client.get(f"/v1/jobs?{query}"), 422, "invalid-request")


def test_a_page_after_a_job_that_is_not_there_is_empty(client: httpx.Client) -> None:
    page = client.get("/v1/jobs?cursor=99999999999999-job_0").json()
    assert page == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")]
)
def test_an_unknown_job_is_a_problem_that_names_it(
    client: httpx.Client, method: str, path: str
) -> None:
    response = client.request(method, f"/v1/jobs/job_0{path}")
    assert "job_0" in problem_of(response, 404, "not-found")["detail"]
