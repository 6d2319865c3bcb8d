"""A summary's job survives kills and outages of its model, and pays for no call twice."""

import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from rag import Settings
from rag.journal import LibraryJournal
from tests.api.process import server
from tests.api.serving import ended_job, job_when, problem_of, serving
from tests.scribe import WRITE, Scribe, kinds, quoted, system
from tests.upstream import Reply, Request, Text, Upstream, error, upstream

SEED = 5
KILLS = 10
EARLY = (3, 7)  # of them, those that may come before the server is up
LATENCY, CALLS = 0.2, 2  # seconds that the model takes, and how many calls of it at a time

TOWNS = ("Tolvane", "Sandel", "Ellery", "Skarne", "Orrin", "Halmer", "Birk", "Vesper")


def book(number: int, parts: int = 24) -> str:
    """A text of which no two sentences say the same."""
    kinds_of = ("harbour", "school", "market", "bridge", "library", "ferry", "museum", "orchard")
    said = [
        f"In {1900 + number * parts + at} the {kinds_of[at % 8]} of {TOWNS[number % 8]} number "
        f"{number * parts + at + 11} was opened by the clerk of ward {at + 3}, and "
        f"{(number + 2) * 1000 + at} people came to see it."
        for at in range(parts)
    ]
    return "\n\n".join(said)


def send_books(client: httpx.Client, count: int, parts: int = 24) -> None:
    files = [("files", (f"{at}.md", book(at, parts).encode())) for at in range(count)]
    response = client.post("/v1/documents", params={"wait": "true"}, files=files)
    assert response.status_code == 200, response.text


def settings_for(folder: Path, url: str, **fields: Any) -> Settings:
    wanted = {
        "data_dir": folder,
        "threads": 1,
        "llm_base_url": url,
        "llm_model": "scribe",
        "llm_retries": 0,
        "summary_tokens": 300,
        **fields,
    }
    return Settings(**wanted)


def prompt_of(request: Request) -> str:
    """The prompt without the words that each process makes anew."""
    whole = f"{system(request)}\n{quoted(request)}"
    return re.sub(r"quoted-[0-9a-f]{12}|zq[0-9a-f]{16}", "", whole)


@contextmanager
def begun(folder: Path, model: Upstream, count: int = 4, **fields: Any) -> Iterator[httpx.Client]:
    """A server with books, which asks the model."""
    with serving(create_app(settings_for(folder, model.url, **fields))) as client:
        send_books(client, count)
        yield client


def has_more_than(requests: int, model: Upstream) -> bool:
    return len(model.requests) > requests


def is_left_alone(model: Upstream) -> bool:
    return model.open == 0


def start(client: httpx.Client, **body: object) -> str:
    response = client.post("/v1/summaries", json={"collection": "default", **body})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def kept_replies(folder: Path) -> int:
    """How many replies a server that is dead has kept."""
    with closing(sqlite3.connect(folder / "pincite.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    return int(count)


def test_a_server_that_is_killed_ten_times_pays_for_no_reply_twice(tmp_path: Path) -> None:
    """Each prompt is paid for once, but for the calls that a kill cuts short."""
    chance = random.Random(SEED)  # noqa: S311 -- when to kill
    lives: list[list[str]] = []  # the prompts of each life of the server
    cut: list[int] = []  # calls of each life whose replies were not kept when it was killed
    with upstream(Scribe(LATENCY)) as model, server(tmp_path) as served:
        served.environment |= {
            "PINCITE_LLM_BASE_URL": model.url,
            "PINCITE_LLM_MODEL": "scribe",
            "PINCITE_SUMMARY_TOKENS": "300",
            "PINCITE_LLM_CONCURRENCY": str(CALLS),
        }
        served.start()
        served.wait_until_ready()
        send_books(served.client, 12)
        job_id = start(served.client, policy="repair", max_words=100)
        seen = kept = 0
        for at in range(KILLS):
            if at not in EARLY:
                assert model.sees(partial(has_more_than, seen), 60)
            time.sleep(chance.uniform(0, 0.5))
            served.end(signal.SIGKILL)
            assert model.sees(is_left_alone, 20)
            prompts = [prompt_of(one) for one in model.requests]
            lives.append(prompts[seen:])
            cut.append(len(prompts) - seen - (kept_replies(tmp_path) - kept))
            seen, kept = len(prompts), kept_replies(tmp_path)
            served.start()
        served.wait_until_ready()
        at_last = served.client.get(f"/v1/jobs/{job_id}").json()
        job = ended_job(served.client, job_id)
        summary = served.client.get(f"/v1/summaries/{job['summary_id']}").raise_for_status().json()
        served.end(signal.SIGTERM)
    prompts = [prompt_of(one) for one in model.requests]
    lives.append(prompts[seen:])
    known: set[str] = set()
    repeated: list[int] = []  # in each life after a kill
    for life in lives:
        repeated.append(sum(one in known for one in life))
        assert len(set(life)) == len(life), "a process asks for a reply twice"
        known |= set(life)
    said = (
        f"Seed {SEED}: {len(prompts)} calls for {len(known)} prompts over {KILLS} kills, which cut "
        f"short {cut}; {repeated[1:]} were asked for again."
    )
    print(said)  # noqa: T201 -- pytest shows it when it fails, and with -s
    assert at_last["status"] in ("queued", "running"), f"it was done before the last kill. {said}"
    assert job["status"] == "done", (said, job)
    for again, lost in zip(accumulate(repeated[1:]), accumulate(cut), strict=True):
        assert again <= lost, f"what was replied is asked for again. {said}"
    assert max(cut) <= CALLS, said
    assert summary["calls"] == len(known), "every prompt counts once in the summary's bill"
    assert job["usage"] == {
        "prompt": summary["usage"]["prompt"],
        "completion": summary["usage"]["completion"],
        "cost": None,
    }


def test_progress_and_cost_are_told_while_it_runs(tmp_path: Path) -> None:
    with (
        upstream(Scribe(0.1)) as model,
        begun(tmp_path, model, llm_price_in=2.0, llm_price_out=10.0, llm_concurrency=1) as client,
    ):
        job_id = start(client)
        part = job_when(client, job_id, lambda job: 2 < job["done"] < job["total"])
        assert part["unit"] == "calls"
        usage = part["usage"]
        assert usage["cost"] == pytest.approx(
            (2.0 * usage["prompt"] + 10.0 * usage["completion"]) / 1e6
        )
        job = ended_job(client, job_id)
        assert (job["status"], job["done"]) == ("done", job["total"])
        summary = client.get(f"/v1/summaries/{job['summary_id']}").json()
        assert summary["cost"] == job["usage"]["cost"] > usage["cost"]


def test_a_job_is_cancelled_within_two_seconds_and_goes_on_where_it_was(tmp_path: Path) -> None:
    scribe = Scribe(0.2)
    with upstream(scribe) as model, begun(tmp_path, model, llm_concurrency=2) as client:
        job_id = start(client)
        job_when(client, job_id, lambda job: job["done"] > 3)
        asked = time.monotonic()
        assert client.post(f"/v1/jobs/{job_id}/cancel").json()["status"] == "cancelled"
        time.sleep(2)
        at_rest = len(model.requests)
        assert all(one.at < asked + 2 for one in model.requests)
        time.sleep(1)
        assert len(model.requests) == at_rest, "the model is asked after the job was cancelled"
        assert client.post(f"/v1/jobs/{job_id}/retry").status_code == 202
        assert ended_job(client, job_id)["status"] == "done"
        prompts = [prompt_of(one) for one in model.requests]
        assert len(prompts) - len(set(prompts)) <= 2, "only what was under way is asked again"


def test_a_job_waits_for_a_model_that_is_down(tmp_path: Path) -> None:
    scribe = Scribe()
    down = {"from": 4, "for": 2.0, "since": 0.0, "seen": 0}

    def reply(request: Request) -> Reply | Text:
        down["seen"] += 1
        if down["seen"] > down["from"] and not down["since"]:
            down["since"] = time.monotonic()
        if down["since"] and time.monotonic() < down["since"] + down["for"]:
            return error(503, "The model is being moved.")
        return scribe(request)

    with upstream(reply) as model, begun(tmp_path, model, llm_concurrency=1) as client:
        job_id = start(client)
        waiting = job_when(client, job_id, lambda job: job["waits_for"] is not None)
        assert waiting["status"] == "running"
        assert "The model is being moved." in waiting["waits_for"]
        job = ended_job(client, job_id)
    assert (job["status"], job["waits_for"]) == ("done", None), job
    assert len(model.requests) > kinds(model.requests)[WRITE] + 4


def test_a_job_whose_model_stays_away_says_so_and_can_be_retried(tmp_path: Path) -> None:
    scribe = Scribe()
    is_up = {"now": False}

    def reply(request: Request) -> Reply | Text:
        if is_up["now"] or quoted(request).count("Tolvane") > 2:
            return scribe(request)
        return error(503, "The model is being moved.")

    with (
        upstream(reply) as model,
        begun(tmp_path, model, llm_patience_seconds=1.5, llm_concurrency=2) as client,
    ):
        body = {"collection": "default"}
        response = client.post("/v1/summaries", params={"wait": "true"}, json=body)
        detail = problem_of(response, 502, "summary-failed")["detail"]
        assert "The model is being moved." in detail
        assert re.search(r"again and again for \d seconds", detail)
        assert "Retry the job" in detail
        (failed,) = [
            job for job in client.get("/v1/jobs").json()["items"] if job["kind"] == "summarize"
        ]
        assert failed["status"] == "failed"
        is_up["now"], scribe.latency = True, 0.5
        before = {prompt_of(one) for one in model.requests if "Tolvane" in quoted(one)}
        seen = len(model.requests)
        client.post(f"/v1/jobs/{failed['id']}/retry").raise_for_status()
        assert model.sees(partial(has_more_than, seen), 20)
        retried = client.get(f"/v1/jobs/{failed['id']}").json()
        assert (retried["status"], retried["waits_for"]) == ("running", None)
        scribe.latency = 0
        assert ended_job(client, failed["id"])["status"] == "done"
        again = {prompt_of(one) for one in model.requests[seen:]}
        assert before - again, "what was replied before is not asked again"


def test_a_summary_that_is_kept_is_not_paid_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job may be broken off before it is recorded that nothing is left to do."""
    forget = LibraryJournal.forget

    async def forget_and_fail(journal: LibraryJournal) -> None:
        await forget(journal)
        raise OSError("The power went.")

    with upstream(Scribe()) as model, begun(tmp_path, model, 1) as client:
        with monkeypatch.context() as patched:
            patched.setattr(LibraryJournal, "forget", forget_and_fail)
            failed = ended_job(client, start(client))
        assert "The power went." in failed["error"]
        kept = client.get(f"/v1/summaries/{failed['summary_id']}").raise_for_status().json()
        paid = len(model.requests)
        client.post(f"/v1/jobs/{failed['id']}/retry").raise_for_status()
        job = ended_job(client, failed["id"])
        assert (job["status"], job["done"], len(model.requests)) == ("done", paid, paid)
        assert client.get(f"/v1/summaries/{job['summary_id']}").json() == kept


def test_what_a_model_refuses_for_good_fails_at_once(tmp_path: Path) -> None:
    with (
        upstream(error(401, "Incorrect API key provided.", "invalid_api_key")) as model,
        begun(tmp_path, model) as client,
    ):
        began = time.monotonic()
        job = ended_job(client, start(client))
    assert job["status"] == "failed"
    assert "PINCITE_LLM_API_KEY" in job["error"]
    assert time.monotonic() < began + 10


def test_a_stopped_server_leaves_a_summary_to_the_next(tmp_path: Path) -> None:
    with upstream(Scribe(0.2)) as model:
        with serving(create_app(settings_for(tmp_path, model.url, llm_concurrency=1))) as client:
            send_books(client, 4)
            job_id = start(client)
            job_when(client, job_id, lambda job: job["done"] > 1)
            began = time.monotonic()
        assert time.monotonic() < began + 3
        with serving(create_app(settings_for(tmp_path, model.url, llm_concurrency=1))) as client:
            assert ended_job(client, job_id)["status"] == "done"
        prompts = [prompt_of(one) for one in model.requests]
        assert len(prompts) - len(set(prompts)) <= 1


def test_with_a_postgres_jobs_are_in_it_and_any_process_tells_of_them(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    database_url = postgres()
    with upstream(Scribe()) as model:
        fields: dict[str, Any] = {"database_url": database_url, "llm_concurrency": 2}
        with begun(tmp_path / "one", model, **fields) as client:
            job = ended_job(client, start(client))
            assert job["status"] == "done", job
            summary = client.get(f"/v1/summaries/{job['summary_id']}").json()
        assert not (tmp_path / "one" / "jobs.db").exists()
        other = settings_for(tmp_path / "two", model.url, **fields)
        with serving(create_app(other)) as client:
            assert client.get(f"/v1/jobs/{job['id']}").json() == job
            assert client.get(f"/v1/summaries/{job['summary_id']}").json() == summary
