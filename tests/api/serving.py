"""An application on a real port, and what tests ask of its answers."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of `app`, which is served over HTTP from a thread."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the application did not start"
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def post_json(client: httpx.Client, path: str, body: object) -> httpx.Response:
    """Send any JSON, even with lone surrogates, which httpx refuses to write."""
    headers = {"content-type": "application/json"}
    return client.post(path, content=json.dumps(body), headers=headers)


def problem_of(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that a response is, with this status and type."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}
    assert problem["type"] == f"urn:pincite:problem:{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].endswith((".", "'"))
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def ended_job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job, once it has ended."""
    return job_when(client, job_id, lambda job: job["status"] not in ("queued", "running"))


def job_when(
    client: httpx.Client, job_id: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """A job, once this holds for it."""
    deadline = time.monotonic() + 60
    while True:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
        if holds(job):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.02)


def document_of(response: httpx.Response) -> dict[str, Any]:
    """The one document of an upload's answer."""
    assert response.is_success, response.text
    (entry,) = response.json()["documents"]
    found: dict[str, Any] = entry
    return found
