"""Streams that are kept alive, and end when the client leaves, in every shape."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import openai
import pytest

from api import sse
from rag.events import Answered, Began, Delta, Event, Stage
from rag.types import Question
from tests.api.scripted import Chat, Script

ASKED = "How did the council vote on the ferry budget?"

OPENAI = ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Slowly."}]})
OPENAI_STREAM = (OPENAI[0], {**OPENAI[1], "stream": True})
UI = (
    "/v1/chat/ui",
    {"messages": [{"role": "user", "parts": [{"type": "text", "text": "Slowly."}]}]},
)


class Slow:
    """A script that says something, waits, and notes when it is closed."""

    def __init__(self, *before: Event) -> None:
        self.before = before
        self.waits = threading.Event()
        self.closed = threading.Event()

    async def script(self, _: Question) -> AsyncGenerator[Event]:
        try:
            for event in self.before:
                yield event
            self.waits.set()
            await asyncio.sleep(60)
        finally:
            self.closed.set()


def pausing(chat: Chat, seconds: float, *before: Event) -> Script:
    """A script that pauses before it gives the real answer to ASKED."""
    answer = asyncio.run(chat.pipeline.ask(ASKED))

    async def script(_: Question) -> AsyncGenerator[Event]:
        for event in before:
            yield event
        await asyncio.sleep(seconds)
        yield Delta(answer.text)
        yield Answered(answer)

    return script


@pytest.mark.parametrize("request_", [OPENAI_STREAM, UI])
def test_a_stream_ends_what_it_comes_from_when_the_client_leaves(
    chat: Chat, request_: tuple[str, dict[str, Any]]
) -> None:
    slow = Slow(Began(Stage.GENERATING), Delta("The ferry"))
    chat.pipeline.scripts["Slowly."] = slow.script
    path, body = request_
    with chat.client.stream("POST", path, json=body) as response:
        lines = response.iter_lines()  # the response is closed with it
        assert any("The ferry" in line for line in lines)
        assert slow.waits.wait(5)
        assert not slow.closed.is_set()
        left = time.monotonic()
    assert slow.closed.wait(5)
    assert time.monotonic() - left < 1


@pytest.mark.parametrize("request_", [OPENAI, OPENAI_STREAM])
def test_a_client_that_leaves_before_anything_was_said_ends_it_too(
    chat: Chat, request_: tuple[str, dict[str, Any]]
) -> None:
    slow = Slow(Began(Stage.GENERATING))
    chat.pipeline.scripts["Slowly."] = slow.script
    path, body = request_
    with httpx.Client(base_url=chat.base, timeout=0.5) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.post(path, json=body)
    assert slow.waits.is_set()
    assert slow.closed.wait(1)


@pytest.mark.parametrize("before", [(), (Began(Stage.GENERATING),), (Delta("Well. "),)])
@pytest.mark.parametrize("request_", [OPENAI_STREAM, UI])
def test_a_stream_is_kept_alive_by_comments(
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    request_: tuple[str, dict[str, Any]],
    before: tuple[Event, ...],
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.1)
    chat.pipeline.scripts["Slowly."] = pausing(chat, 0.55, *before)
    path, body = request_
    found = chat.client.post(path, json=body).raise_for_status()
    frames = found.text.split("\n\n")
    comments = [at for at, frame in enumerate(frames) if frame.startswith(":")]
    assert 1 <= len(comments) <= 8  # a loaded machine sends fewer
    assert comments == list(range(comments[0], comments[0] + len(comments)))
    data = [frame for frame in frames if frame and not frame.startswith(":")]
    assert all(frame.startswith("data: ") for frame in data)
    assert data[-1] == "data: [DONE]"
    assert all(json.loads(frame.removeprefix("data: ")) for frame in data[:-1])


def test_nothing_is_sent_besides_where_there_is_no_pause(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.3)

    async def script(_: Question) -> AsyncGenerator[Event]:
        for word in ["on "] * 8:
            yield Delta(word)
            await asyncio.sleep(0.1)

    chat.pipeline.scripts["Slowly."] = script
    assert ": ping" not in chat.client.post(UI[0], json=UI[1]).text


def test_comments_do_not_disturb_a_client(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    chat.pipeline.scripts["Slowly."] = pausing(chat, 0.2)
    with openai.OpenAI(base_url=f"{chat.base}/v1", api_key="any", max_retries=0) as client:
        stream = client.chat.completions.create(
            model="pincite", messages=[{"role": "user", "content": "Slowly."}], stream=True
        )
        said = "".join(one.choices[0].delta.content or "" for one in stream)
    assert said == asyncio.run(chat.pipeline.ask(ASKED)).text


def test_an_error_after_a_comment_is_in_the_stream(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)

    async def script(_: Question) -> AsyncGenerator[Event]:
        await asyncio.sleep(0.2)
        raise RuntimeError("a secret of the house")
        yield Delta("")

    chat.pipeline.scripts["Slowly."] = script
    found = chat.client.post(OPENAI_STREAM[0], json=OPENAI_STREAM[1])
    assert found.status_code == 200
    last = found.text.split("\n\n")[-2].removeprefix("data: ")
    assert json.loads(last)["error"]["code"] == "internal_error"


def test_many_streams_that_are_left_end_all(chat: Chat) -> None:
    slows = [Slow(Delta("The ferry")) for _ in range(50)]
    scripts = iter(slows)
    chat.pipeline.scripts["Slowly."] = lambda question: next(scripts).script(question)

    async def come_and_go() -> None:
        async def one(client: httpx.AsyncClient) -> None:
            async with client.stream("POST", OPENAI_STREAM[0], json=OPENAI_STREAM[1]) as response:
                async for _ in response.aiter_lines():
                    break

        async with httpx.AsyncClient(base_url=chat.base, timeout=30) as client:
            await asyncio.gather(*(one(client) for _ in slows))

    asyncio.run(come_and_go())
    assert all(slow.closed.wait(5) for slow in slows)
