"""Answers stay when the process goes, for as long as the settings say."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import streams
from api.app import create_app
from rag import Pipeline, Settings
from tests.api.scripts import Gate, Script, Scripts, events_in, events_of_text
from tests.api.serving import problem_of, serving

ASKED = "Who won the cup?"


def ask(client: httpx.Client, key: str | None = None, **more: object) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return client.post("/v1/answers", json={"question": ASKED, **more}, headers=headers)


def read(client: httpx.Client, answer_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/answers/{answer_id}").raise_for_status().json()
    return found


def test_answers_and_their_keys_outlive_the_process(tmp_path: Path) -> None:
    code = """
import asyncio, os, sys
from pathlib import Path
from corpus.answers import Claim
from rag import Pipeline, Question, Settings
from api.requests import AnswerRequest

async def main():
    pipeline = Pipeline(Settings(data_dir=Path(sys.argv[1]), threads=1))
    asked = AnswerRequest(question="Who won the cup?")
    async for _ in pipeline.answer_and_keep(
        Question(asked.question, id="ans_before"), Claim("key", asked.sha256())
    ):
        pass
    os._exit(9)

asyncio.run(main())
"""
    died = subprocess.run([sys.executable, "-c", code, tmp_path], check=False)  # noqa: S603
    assert died.returncode == 9
    pipeline = Pipeline(Settings(data_dir=tmp_path, threads=1))
    app = create_app(pipeline.settings, pipeline)
    pipeline.answering = Scripts()  # type: ignore[method-assign]  # nothing is answered anew
    with serving(app) as opened:
        again = ask(opened, "key").raise_for_status().json()
        assert (again["id"], again["status"]) == ("ans_before", "abstained")
        events = events_in(ask(opened, "key", stream=True))
        assert events[-1].data == again


def test_old_answers_are_removed_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "2020-01-01T00:00:00.000Z"
    kept_for_good = Settings(data_dir=tmp_path, threads=1)
    with monkeypatch.context() as then:
        then.setattr("corpus.answers.timestamp", lambda: old)
        with serving(create_app(kept_for_good)) as opened:
            answer_id = ask(opened).json()["id"]
    with serving(create_app(kept_for_good)) as opened:
        assert read(opened, answer_id)["id"] == answer_id
    short = Settings(data_dir=tmp_path, threads=1, keep_answers_days=1)
    with serving(create_app(short)) as opened:
        problem_of(opened.get(f"/v1/answers/{answer_id}"), 404, "not-found")
        with monkeypatch.context() as then:
            then.setattr("corpus.answers.timestamp", lambda: old)
            answer_id = ask(opened).json()["id"]
        problem_of(opened.get(f"/v1/answers/{answer_id}"), 404, "not-found")
        answer_id = ask(opened).json()["id"]
        assert read(opened, answer_id)["id"] == answer_id


def test_answers_under_way_are_broken_off_soon_after_the_server_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STOP_SECONDS", 0.1)
    pipeline = Pipeline(Settings(data_dir=tmp_path, threads=1))
    script = Script(events_of_text(gate=Gate()))
    pipeline.answering = Scripts({ASKED: script})  # type: ignore[method-assign]
    app, told = create_app(pipeline.settings, pipeline), threading.Event()
    app.state.stopping = told.is_set
    with serving(app) as opened, ThreadPoolExecutor(2) as threads:
        streamed, whole = (threads.submit(ask, opened, stream=one) for one in (True, False))
        while len(script.asked) < 2:
            time.sleep(0.01)
        told.set()
        *_, sentence, error = events_in(streamed.result())
        problem = problem_of(whole.result(), 503, "answer-stopped")
        assert (sentence.name, error.name) == ("sentence", "error")
        assert error.data == {name: problem[name] for name in ("type", "title", "detail")}
    assert script.closed.is_set()
