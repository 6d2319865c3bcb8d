"""A server that is killed loses nothing and doubles nothing of what it has accepted."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import text as sql

from api.app import create_app
from rag import Pipeline, Settings
from tests.api.process import Server, server
from tests.api.serving import ended_job, serving

ROOT = Path(__file__).parents[2]
DOCUMENTS = 24
SECTIONS = 40  # of a document, each a chunk
KILLS = 10


def word(number: int, section: int) -> str:
    """A word that is in one section of one book only."""
    return f"heron{number}of{section}"


def book(number: int, edition: int) -> str:
    parts = [
        f"## Part {at}\n\nHeron {word(number, at)} waits, says edition {edition}.\n"
        for at in range(SECTIONS)
    ]
    return "\n".join(parts)


def send_books(client: httpx.Client) -> str:
    """Send all the books in one request; gives the job's id."""
    files = [("files", (f"{at}.md", book(at, 1).encode())) for at in range(DOCUMENTS)]
    response = client.post("/v1/documents", files=files)
    assert response.status_code == 202, response.text
    jobs = {entry["job_id"] for entry in response.json()["documents"]}
    assert len(jobs) == 1
    return str(jobs.pop())


def send_edition(client: httpx.Client, edition: int, **params: str) -> str:
    """Send a version of one more book; gives the job's id."""
    body = {"text": book(DOCUMENTS, edition), "media_type": "text/markdown", "external_id": "more"}
    response = client.post("/v1/documents", json=body, params=params)
    assert response.is_success, response.text
    return str(response.json()["documents"][0]["job_id"])


def best(client: httpx.Client, query: str) -> str:
    """The text of the passage that a search for a word finds first."""
    body = {"query": query, "mode": "lexical"}
    return str(client.post("/v1/search", json=body).json()["passages"][0]["text"])


def kill_at(served: Server, job_id: str, share: float, jitter: float) -> dict[str, Any]:
    """Kill the server `jitter` seconds after this share of the job is done; gives the job then."""
    served.wait_until_ready()
    deadline = time.monotonic() + 60
    job: dict[str, Any] = {"done": 0, "total": 1}
    while job["done"] < share * job["total"]:
        assert time.monotonic() < deadline, job
        job = served.client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
    time.sleep(jitter)
    served.end(signal.SIGKILL)
    return job


def test_a_server_that_is_killed_ten_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311 -- when to kill
    shares = sorted(chance.uniform(0, 0.85) for _ in range(KILLS - 2))
    with server(tmp_path) as served:
        served.start()
        served.wait_until_ready()
        send_edition(served.client, 1, wait="true")
        job_id = send_books(served.client)
        more_id = send_edition(served.client, 2)
        seen = []
        for share in shares:
            seen.append(kill_at(served, job_id, share, chance.uniform(0, 0.1)))
            served.start()
        for _ in range(2):  # before it is up, or just then
            time.sleep(chance.uniform(0.5, 3))
            served.end(signal.SIGKILL)
            served.start()
        served.wait_until_ready()
        jobs = [ended_job(served.client, one) for one in (job_id, more_id)]
        listed = served.client.get("/v1/jobs").json()["items"]
        found = [best(served.client, word(number, 7)) for number in range(DOCUMENTS + 1)]
        served.end(signal.SIGTERM)
    assert {job["status"] for job in seen} <= {"running", "queued"}, "killed after it was done"
    assert [(job["status"], job["done"]) for job in jobs] == [
        ("done", DOCUMENTS * SECTIONS),
        ("done", SECTIONS),
    ]
    assert len(listed) == 3
    assert all(word(number, 7) in text for number, text in enumerate(found))
    assert "edition 2" in found[-1]
    check_stored(tmp_path)


def check_stored(folder: Path) -> None:
    """Every book is there once, and SQL, the words and the vectors have the same chunks."""
    pipeline = Pipeline(Settings(data_dir=folder, threads=1))
    try:
        library, vectors = pipeline._library, pipeline._vectors
        documents, _ = library.documents("default", None, 100)
        assert sorted(one.title for one in documents) == sorted(["Part 0"] * (DOCUMENTS + 1))
        assert {one.status for one in documents} == {"ready"}
        chunks = {chunk.id for one in documents for chunk in library.chunks("default", one.id)}
        assert len(chunks) == (DOCUMENTS + 1) * SECTIONS
        with library.engine.connect() as connection:
            stored = set(connection.scalars(sql("SELECT id FROM chunks")))
            worded = set(connection.scalars(sql("SELECT rowid FROM chunks_text")))
        assert stored == worded == chunks
        query = np.ones(384, np.float32)
        assert vectors.count("default", "default") == len(chunks)
        assert set(vectors.search("default", "default", query, 2 * len(chunks))) == chunks
    finally:
        pipeline.close()


def test_what_was_stored_just_before_a_kill_gets_a_job_at_the_next_start(tmp_path: Path) -> None:
    program = """
import asyncio, os, sys
from pathlib import Path
from rag import Pipeline, Settings, Upload
pipeline = Pipeline(Settings(data_dir=Path(sys.argv[1]), threads=1))
upload = Upload("The heron stands in the reeds.", "text/plain", "heron.txt")
asyncio.run(pipeline.add([upload]))
os._exit(9)  # as a kill between the commit and the start of the job
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9  # noqa: S603 -- our own
    with serving(create_app(Settings(data_dir=tmp_path, threads=1))) as client:
        (job,) = client.get("/v1/jobs").json()["items"]
        assert (ended_job(client, job["id"])["status"], job["total"]) == ("done", 1)
    with serving(create_app(Settings(data_dir=tmp_path, threads=1))) as client:
        assert len(client.get("/v1/jobs").json()["items"]) == 1
