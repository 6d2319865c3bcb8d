"""Every way in which a server of a model can behave gives text, or an error that says what it was.

The model is a real server that behaves so, on this machine.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from rag import (
    EmptyCompletion,
    InvalidSettings,
    MalformedCompletion,
    OverlongCompletion,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    Settings,
)
from rag.completion import TokenUsage
from rag.llm import (
    MAX_CHARACTERS,
    Finish,
    chat_model,
    close_model,
    complete,
    generate,
)
from tests.api.serving import free_port
from tests.upstream import (
    CLOSE,
    HANG,
    Reply,
    Text,
    Upstream,
    body,
    close,
    error,
    event,
    hang,
    refusing,
    stream,
    text,
    upstream,
)

KEY = "sk-proj-s3cret-0123456789"
MESSAGES = [SystemMessage("Answer from the passages."), HumanMessage("How many ferries?")]


@dataclass
class Outcome:
    """What came of a call: its pieces of text, its end or its error, and the seconds it took."""

    pieces: list[str]
    finish: Finish | None
    error: ProviderError | None
    seconds: float


def model_at(url: str, **settings: Any) -> BaseChatModel:
    made = chat_model(Settings(llm_base_url=url, llm_model="tiny", llm_api_key=KEY, **settings))
    assert made is not None
    return made


async def outcome(model: BaseChatModel, seconds: float = 5, retries: int = 0) -> Outcome:
    came = Outcome([], None, None, 0)
    start = time.monotonic()
    try:
        async for piece in generate(model, MESSAGES, seconds=seconds, retries=retries):
            if isinstance(piece, Finish):
                came.finish = piece
            else:
                came.pieces.append(piece)
    except ProviderError as raised:
        came.error = raised
    came.seconds = time.monotonic() - start
    return came


def asked(server: Upstream, seconds: float = 5, retries: int = 0) -> Outcome:
    return asyncio.run(outcome(model_at(server.url), seconds, retries))


# What is sent and what comes


def test_the_messages_go_to_the_server_with_the_key_and_all_that_was_set() -> None:
    with upstream(text("Four."), key=KEY) as server:
        asyncio.run(outcome(model_at(server.url, llm_max_tokens=77)))
    (sent,) = server.chats
    assert server.refused == []
    assert sent == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Answer from the passages."},
            {"role": "user", "content": "How many ferries?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": 77,
    }


def test_text_is_yielded_as_it_comes_and_then_how_it_ended() -> None:
    async def first_piece(server: Upstream) -> float:
        start = time.monotonic()
        pieces = generate(model_at(server.url), MESSAGES, seconds=5, retries=0)
        async with aclosing(pieces):
            assert await anext(pieces) == "Four "
            return time.monotonic() - start

    with upstream(text("Four ", 1.0, "ferries.", usage=(20, 3))) as server:
        assert asyncio.run(first_piece(server)) < 0.9
        came = asked(server)
    assert came.pieces == ["Four ", "ferries."]
    assert came.finish == Finish("stop", TokenUsage(20, 3))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("eos_token", "stop"),
    ],
)
def test_the_reason_of_the_end_is_told(told: str, reason: str) -> None:
    with upstream(text("Four", finish=told)) as server:
        came = asked(server)
    assert came.pieces == ["Four"]
    assert came.finish == Finish(reason, TokenUsage(11, 7))


def test_a_filter_may_take_all_text() -> None:
    with upstream(text(finish="content_filter")) as server:
        came = asked(server)
    assert (came.pieces, came.error) == ([], None)
    assert came.finish == Finish("content_filter", TokenUsage(11, 7))


def test_a_refusal_of_the_model_counts_as_filtered() -> None:
    refusal = {"index": 0, "delta": {"refusal": "I can not."}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "content_filter"}
    with upstream(stream(event({"choices": [refusal]}), event({"choices": [end]}))) as server:
        came = asked(server)
    assert came.finish == Finish("content_filter", None)


def test_white_space_before_the_text_is_no_piece_of_its_own() -> None:
    with upstream(text("\n", " ", "Four")) as server:
        assert asked(server).pieces == ["\n Four"]


def test_the_whole_text_can_be_asked_for() -> None:
    async def whole(server: Upstream) -> tuple[str, Finish]:
        return await complete(model_at(server.url), MESSAGES, seconds=5, retries=0)

    with upstream(text("Four ", "ferries.", usage=None)) as server:
        assert asyncio.run(whole(server)) == ("Four ferries.", Finish("stop", None))


@pytest.mark.parametrize("parameter", ["stream_options", "temperature", "max_tokens"])
def test_what_a_server_refuses_is_left_out_from_then_on(parameter: str) -> None:
    async def twice(model: BaseChatModel) -> list[Outcome]:
        return [await outcome(model), await outcome(model)]

    with upstream(refusing(parameter, text("Four."))) as server:
        first, second = asyncio.run(twice(model_at(server.url)))
    assert first.pieces == second.pieces == ["Four."]
    assert [parameter in sent for sent in server.chats] == [True, False, False]


def test_several_calls_may_learn_at_once_what_a_server_refuses() -> None:
    async def at_once(model: BaseChatModel) -> list[Outcome]:
        return await asyncio.gather(*(outcome(model) for _ in range(5)))

    with upstream(refusing("stream_options", text("Four."))) as server:
        assert all(came.finish for came in asyncio.run(at_once(model_at(server.url))))


def test_the_count_of_tokens_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.completion._USAGE_SECONDS", 0.2)
    end = {"index": 0, "delta": {"content": "Four."}, "finish_reason": "stop"}
    with upstream(stream(event({"choices": [end]}), HANG)) as server:
        came = asked(server)
    assert came.pieces == ["Four."]
    assert came.finish == Finish("stop", None)
    assert came.seconds < 2


# Faults


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error(400, "This is wrong."), ProviderRejected, "status 400: This is wrong."),
        (error(401, "Who?"), ProviderRejected, "PINCITE_LLM_API_KEY"),
        (error(403, "Not you."), ProviderRejected, "PINCITE_LLM_API_KEY"),
        (error(404, "No model tiny."), ProviderRejected, "PINCITE_LLM_MODEL"),
        (error(400, "Long.", "context_length_exceeded"), ProviderRejected, "PASSAGE_TOKENS"),
        (error(429, "Pay.", "insufficient_quota"), ProviderRejected, "status 429: Pay."),
        (error(429, "Slow down."), RateLimited, "Slow down."),
        (error(500, "Oh."), ProviderUnavailable, "status 500: Oh."),
        (body("<h1>Bad gateway</h1>", 502), ProviderUnavailable, "status 502"),
        (close(), ProviderUnavailable, "disconnected"),
        (stream(event({"error": {"message": "Overloaded."}})), ProviderUnavailable, "Overloaded."),
        (text(finish="error"), ProviderUnavailable, "broke off"),
        (text(finish=None), ProviderUnavailable, "hung up"),
        (stream(b'data: {"choices": [\n\n'), MalformedCompletion, "JSON"),
        (stream(b"\xff\xfe\x00 no text\n\n"), MalformedCompletion, "can not be read"),
        (stream(b"event without colon\n\nmore\n\n"), MalformedCompletion, "can not be read"),
        (stream(event({"choices": "x"})), MalformedCompletion, "can not be read"),
        (stream(event({"choices": [{"delta": 1}]})), MalformedCompletion, "can not be read"),
        (stream(event(["x"])), MalformedCompletion, "can not be read"),
        (body("<h1>Welcome</h1>"), MalformedCompletion, "OpenAI-compatible"),
        (text(), EmptyCompletion, "without a word"),
        (text(" ", "\n"), EmptyCompletion, "without a word"),
        (text(finish="length"), EmptyCompletion, "PINCITE_LLM_MAX_TOKENS"),
    ],
)
def test_a_fault_before_the_text_has_its_error(
    reply: Reply | Text, kind: type[ProviderError], says: str
) -> None:
    with upstream(reply) as server:
        came = asked(server)
        assert server.refused == []
    assert type(came.error) is kind
    assert says in str(came.error)
    assert came.pieces == []
    assert came.seconds < 3


def test_a_server_that_is_not_there_is_unavailable() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    came = asyncio.run(outcome(model_at(url), retries=1))
    assert type(came.error) is ProviderUnavailable
    assert url in str(came.error)
    assert came.seconds < 3


@pytest.mark.parametrize(
    "reply",
    [
        hang(),
        stream(HANG),
        stream(*(b": keep-alive\n\n", 0.05) * 100),
        Reply([b"{", HANG], 500),
    ],
)
def test_a_server_that_hangs_is_left_at_the_deadline(reply: Reply) -> None:
    with upstream(reply) as server:
        came = asked(server, seconds=0.4, retries=3)
        assert server.sees_disconnect()
    assert type(came.error) is ProviderTimeout
    assert came.pieces == []
    assert 0.3 < came.seconds < 1.5
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        ([CLOSE], ProviderUnavailable),
        ([HANG], ProviderTimeout),
        ([b"data: {oops\n\n"], MalformedCompletion),
        ([event({"error": {"message": "Overloaded.", "code": 500}})], ProviderUnavailable),
    ],
)
def test_after_text_a_fault_says_so_and_nothing_is_asked_again(
    then: list[Any], kind: type[ProviderError]
) -> None:
    with upstream(text("Four ", "fer", *then, finish=None, done=False)) as server:
        came = asked(server, seconds=0.5, retries=3)
    assert type(came.error) is kind
    assert came.pieces == ["Four ", "fer"]
    assert came.error.partial == "Four fer"
    assert "8 characters had come" in str(came.error)
    assert len(server.requests) == 1
    assert came.seconds < 1.5


def test_a_stream_without_an_end_is_not_taken_for_whole() -> None:
    with upstream(text("Four ", finish=None)) as server:
        came = asked(server, retries=2)
    assert type(came.error) is ProviderUnavailable
    assert came.error.partial == "Four "


@pytest.mark.parametrize("pieces", [["x" * 10_000_000], ["x" * 1000] * 10_000])
def test_a_completion_of_ten_megabytes_is_cut_off(pieces: list[str]) -> None:
    with upstream(text(*pieces)) as server:
        came = asked(server)
    assert type(came.error) is OverlongCompletion
    assert sum(map(len, came.pieces)) == MAX_CHARACTERS
    assert came.error.partial == "x" * MAX_CHARACTERS
    assert came.seconds < 4


def test_a_line_without_an_end_is_not_read_for_ever() -> None:
    with upstream(stream(b"data: ", *[b"x" * 1_000_000] * 80, HANG)) as server:
        came = asked(server, seconds=20)
        assert server.sees_disconnect()
    assert type(came.error) is OverlongCompletion
    assert "32 MiB" in str(came.error)


# Asking again


@pytest.mark.parametrize(
    "fault", [error(500), error(503), error(408), error(429), close(), stream(event({}), CLOSE)]
)
def test_a_call_that_brought_nothing_is_made_again(fault: Reply) -> None:
    with upstream([fault, fault, text("Four.")]) as server:
        came = asked(server, retries=2)
    assert came.pieces == ["Four."]
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [error(400), error(401), text(), body("<h1>Hello</h1>")])
def test_what_would_fail_again_is_not_asked_again(fault: Reply | Text) -> None:
    with upstream(fault) as server:
        assert asked(server, retries=3).error is not None
    assert len(server.requests) == 1


def test_retries_are_bounded() -> None:
    with upstream(error(500)) as server:
        came = asked(server, retries=2)
    assert type(came.error) is ProviderUnavailable
    assert len(server.requests) == 3


def test_retries_end_at_the_deadline() -> None:
    with upstream(error(500)) as server:
        came = asked(server, seconds=0.5, retries=1000)
    assert type(came.error) is ProviderUnavailable
    assert came.seconds < 1.5


@pytest.mark.parametrize("header", ["retry_after", "retry_after_ms"])
def test_the_wait_that_a_server_asks_for_is_kept(header: str) -> None:
    value = {"retry_after": "1", "retry_after_ms": "1000"}[header]
    with upstream([error(429, **{header: value}), text("Four.")]) as server:
        came = asked(server, retries=1)
    assert came.pieces == ["Four."]
    first, second = server.requests
    assert 0.95 < second.at - first.at < 3


def test_a_wait_over_the_deadline_is_told_at_once() -> None:
    with upstream(error(429, retry_after="30")) as server:
        came = asked(server, retries=3)
    assert isinstance(came.error, RateLimited)
    assert came.error.retry_after == 30
    assert came.seconds < 2
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True), 50, 60),
        (lambda: format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0, 0),
        (lambda: "-5", 0, 0),
    ],
)
def test_a_wait_may_be_a_date(value: Callable[[], str], least: float, most: float) -> None:
    with upstream(error(429, retry_after=value())) as server:
        came = asked(server)
    assert isinstance(came.error, RateLimited)
    assert came.error.retry_after is not None
    assert least <= came.error.retry_after <= most


@pytest.mark.parametrize("value", ["soon", "Mon, 32 Foo", "nan", "inf"])
def test_a_wait_that_can_not_be_read_is_none(value: str) -> None:
    with upstream([error(429, retry_after=value), text("Four.")]) as server:
        came = asked(server)
        assert isinstance(came.error, RateLimited)
        assert came.error.retry_after is None


# Leaving


@pytest.mark.parametrize("reply", [text("Four ", HANG), text("Four ", *("x ", 0.01) * 1000)])
def test_closing_the_generator_cancels_the_request(reply: Text) -> None:
    async def leave(server: Upstream) -> None:
        pieces = generate(model_at(server.url), MESSAGES, seconds=30, retries=0)
        assert await anext(pieces) == "Four "
        await pieces.aclose()
        assert await asyncio.to_thread(server.sees_disconnect, 1)

    with upstream(reply) as server:
        asyncio.run(leave(server))


@pytest.mark.parametrize("reply", [hang(), text(HANG), text("Four ", HANG)])
def test_cancelling_the_task_cancels_the_request(reply: Reply | Text) -> None:
    async def leave(server: Upstream) -> None:
        task = asyncio.create_task(outcome(model_at(server.url), seconds=30))
        assert await asyncio.to_thread(server.sees, lambda seen: len(seen.requests) == 1)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.sees_disconnect, 1)

    with upstream(reply) as server:
        asyncio.run(leave(server))


def test_a_connection_is_kept_for_the_next_call_and_closed_with_the_model() -> None:
    async def calls(server: Upstream) -> None:
        model = model_at(server.url)
        for _ in range(3):
            assert (await outcome(model)).finish
        assert server.connections == server.open == 1
        close_model(model)
        assert await asyncio.to_thread(server.sees, lambda seen: seen.open == 0)

    with upstream(text("Four.")) as server:
        asyncio.run(calls(server))


def test_a_model_serves_one_event_loop_after_the_other() -> None:
    with upstream(text("Four.")) as server:
        model = model_at(server.url)
        for _ in range(3):
            assert asyncio.run(outcome(model)).finish
        close_model(model)


def test_many_streams_run_at_once() -> None:
    async def at_once(model: BaseChatModel) -> list[Outcome]:
        return await asyncio.gather(*(outcome(model, seconds=30) for _ in range(100)))

    with upstream(text(*["word "] * 20)) as server:
        outcomes = asyncio.run(at_once(model_at(server.url)))
    assert [came.pieces for came in outcomes] == [["word "] * 20] * 100


# Which model


def test_with_nothing_set_there_is_no_model_and_nothing_is_imported_for_one() -> None:
    code = (
        "import sys; from rag import Settings; from rag.llm import chat_model; "
        "assert chat_model(Settings()) is None; "
        "print([name for name in ('openai', 'langchain_openai', 'httpx2') if name in sys.modules])"
    )
    shown = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"openai_api_key": KEY}, "gpt-5.4-mini"),
        ({"llm_api_key": KEY}, "gpt-5.4-mini"),
        ({"openai_api_key": KEY, "llm_model": "gpt-4.1"}, "gpt-4.1"),
        ({"openai_api_key": KEY, "llm_model": "openai:gpt-4.1"}, "gpt-4.1"),
    ],
)
def test_a_key_of_openai_is_enough(settings: dict[str, Any], name: str) -> None:
    model: Any = chat_model(Settings(**settings))
    assert model.model_name == name
    assert model.openai_api_base == "https://api.openai.com/v1"
    assert model.openai_api_key.get_secret_value() == KEY
    assert model.temperature == 0


def test_the_key_of_openai_goes_to_no_other_server() -> None:
    with upstream(text("Four.")) as server:
        settings = Settings(llm_base_url=server.url, llm_model="tiny", openai_api_key=KEY)
        model = chat_model(settings)
        assert model is not None
        assert asyncio.run(outcome(model)).finish
    assert KEY not in str(server.requests)


def test_a_name_with_a_colon_is_the_server_s_own_where_there_is_a_base_url() -> None:
    with upstream(text("Four.")) as server:
        model = chat_model(Settings(llm_base_url=server.url, llm_model="qwen2.5:7b"))
        assert model is not None
        assert asyncio.run(outcome(model)).finish
    assert server.chats[0]["model"] == "qwen2.5:7b"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"llm_base_url": "http://127.0.0.1/v1"}, "PINCITE_LLM_MODEL"),
        ({"llm_base_url": "127.0.0.1:80", "llm_model": "m"}, "http://HOST:PORT/v1"),
        ({"llm_base_url": "ftp://x/v1", "llm_model": "m"}, "http://HOST:PORT/v1"),
        ({"llm_base_url": "http://x:port/v1", "llm_model": "m"}, "http://HOST:PORT/v1"),
        ({"llm_base_url": "http://me:s3cret@x/v1", "llm_model": "m"}, "PINCITE_LLM_API_KEY"),
        ({"llm_model": "gpt-4.1"}, "OPENAI_API_KEY"),
        ({"llm_model": "anthropic:claude-x"}, "pip install langchain-anthropic"),
        ({"llm_model": "nobody:claude-x"}, "nobody"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(
    settings: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_anthropic", None)  # as if it were not installed
    with pytest.raises(InvalidSettings, match=says) as caught:
        chat_model(Settings(**settings))
    assert "s3cret" not in str(caught.value)


def test_a_key_is_in_no_error_log_or_representation(caplog: pytest.LogCaptureFixture) -> None:
    with upstream(text("Four."), key="another") as server:  # which repeats the key that it refuses
        model = model_at(server.url)
        came = asyncio.run(outcome(model, retries=1))
    assert "Incorrect API key" in str(came.error)
    held: BaseException | None = came.error
    while held is not None:
        assert KEY not in f"{held} {held!r}"
        held = held.__cause__ or held.__context__
    assert KEY not in f"{model!r} {model} {caplog.text}"


def test_a_server_s_long_words_are_cut_short() -> None:
    with upstream(error(400, "word " * 1000)) as server:
        assert len(str(asked(server).error)) < 400


def test_langchain_s_own_methods_work_as_well() -> None:
    async def ask(model: BaseChatModel) -> str:
        return str((await model.ainvoke(MESSAGES)).text)

    with upstream(text("Four ", "ferries.")) as server:
        model = model_at(server.url)
        assert asyncio.run(ask(model)) == "Four ferries."
        assert model.invoke(MESSAGES).text == "Four ferries."
        assert "".join(chunk.text for chunk in model.stream(MESSAGES)) == "Four ferries."
    assert server.refused == []
