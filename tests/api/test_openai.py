import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from api.problems import KINDS, Kind
from rag.errors import RagError
from rag.events import Began, Delta, Event, Stage, events_of
from rag.types import Answer, Answering, Policy, Question, Reason, Role, Status, Turn
from tests.api.scripted import Chat, Script
from tests.api.serving import post_json

QUESTION = "How did the council vote on the ferry budget?"
UNANSWERED = "What colour is the moon of Jupiter?"


class Limited(RagError):
    """A limit that says when to come again, as a provider's does."""

    retry_after = 6.5


@pytest.fixture(scope="module", autouse=True)
def limits_are_known() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, Limited, Kind(429, "rate-limited", "Too many requests"))
        yield


@pytest.fixture(scope="module")
def sdk(chat: Chat) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{chat.base}/v1", api_key="any", max_retries=0) as client:
        yield client


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def error_of(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error that a response is, in OpenAI's shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["code"] == code
    return error


def complete(chat: Chat, **body: Any) -> httpx.Response:
    return post_json(chat.client, "/v1/chat/completions", {"messages": user(QUESTION)} | body)


def frames(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.text.endswith("\n\n")
    return [frame.removeprefix("data: ") for frame in response.text.split("\n\n")[:-1]]


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a whole stream."""
    *found, done = frames(response)
    assert done == "[DONE]"
    return [json.loads(one) for one in found]


def answer_of(chat: Chat, question: str) -> Answer:
    return asyncio.run(chat.pipeline.ask(question))


def telling(change: Callable[[Answer], Answer], chat: Chat) -> Script:
    """A script of the real answer to QUESTION, changed."""

    async def script(question: Question) -> AsyncGenerator[Event]:
        answer = await chat.pipeline.ask(QUESTION, collection=question.collection)
        yield Began(Stage.GENERATING)
        for event in events_of(change(answer)):
            yield event

    return script


async def refuse(_: Question) -> AsyncGenerator[Event]:
    yield Began(Stage.GENERATING)
    raise Limited("The model takes no more requests for now.")


async def fail(_: Question) -> AsyncGenerator[Event]:
    yield Began(Stage.RETRIEVING)
    raise RuntimeError("a secret of the house")


def test_the_models_on_offer_are_listed(sdk: openai.OpenAI) -> None:
    assert [one.id for one in sdk.models.list()] == ["pincite", "pincite-extractive"]


@pytest.mark.parametrize("name", ["pincite", "pincite-extractive", "pincite:news/2026"])
def test_a_model_can_be_looked_up(sdk: openai.OpenAI, name: str) -> None:
    assert sdk.models.retrieve(name).id == name


@pytest.mark.parametrize("name", ["gpt-5", "pincite:", "pincite-other:news", ""])
def test_an_unknown_model_is_not_found(chat: Chat, sdk: openai.OpenAI, name: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.chat.completions.create(model=name, messages=user(QUESTION))
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert repr(name) in caught.value.message
    if name:
        error_of(chat.client.get(f"/v1/models/{name}"), 404, "model_not_found")


def test_a_completion_is_the_answer_with_its_annotations(chat: Chat, sdk: openai.OpenAI) -> None:
    found = sdk.chat.completions.create(model="pincite", messages=user(QUESTION))
    native = chat.client.post("/v1/answers", json={"question": QUESTION}).json()
    (choice,) = found.choices
    content = choice.message.content or ""
    assert content == native["text"]
    assert (choice.finish_reason, choice.message.refusal) == ("stop", None)
    assert found.id.startswith("chatcmpl-")
    assert (found.object, found.model) == ("chat.completion", "pincite")
    assert found.usage is not None
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    assert found.model_extra is not None
    assert found.model_extra["pincite"]["sentences"] == native["sentences"]

    annotations = [one.url_citation for one in choice.message.annotations or []]
    spans = [content[one.start_index : one.end_index] for one in annotations]
    cited = [one["text"] for one in native["sentences"] for _ in one["citations"]]
    assert spans == cited
    assert len(cited) > 0
    quotes = {one["id"]: one["quote"] for one in native["citations"]}
    for one in annotations:
        state = httpx.get(one.url).raise_for_status().json()
        assert state["quote"] == quotes[state["id"]]
        assert state["title"] == one.title


def test_a_completion_can_be_awaited_and_streamed_asynchronously(chat: Chat) -> None:
    async def ask() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{chat.base}/v1", api_key="any") as client:
            whole = await client.chat.completions.create(model="pincite", messages=user(QUESTION))
            stream = await client.chat.completions.create(
                model="pincite", messages=user(QUESTION), stream=True
            )
            parts = [one.choices[0].delta.content or "" async for one in stream]
        return whole.choices[0].message.content, "".join(parts)

    whole, streamed = asyncio.run(ask())
    assert whole == streamed != ""


@pytest.mark.parametrize("with_usage", [True, False])
def test_the_chunks_of_a_stream_are_in_order(chat: Chat, *, with_usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if with_usage else {}
    found = chunks(complete(chat, model="pincite:default", stream=True, **options))
    assert len({(one["id"], one["created"], one["model"]) for one in found}) == 1
    assert {one["object"] for one in found} == {"chat.completion.chunk"}
    assert found[0]["model"] == "pincite:default"
    if with_usage:
        *found, last = found
        assert last["choices"] == []
        assert set(last["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
        assert {one["usage"] for one in found} == {None}
    else:
        assert not any("usage" in one for one in found)
    first, *texts, annotated, end = [one["choices"][0]["delta"] for one in found]
    assert first == {"role": "assistant", "content": ""}
    assert {tuple(one) for one in texts} == {("content",)}
    assert list(annotated) == ["annotations"]
    assert {one["type"] for one in annotated["annotations"]} == {"url_citation"}
    assert end == {}
    finishes = [one["choices"][0]["finish_reason"] for one in found]
    assert finishes == [None] * (len(found) - 1) + ["stop"]
    assert "".join(one["content"] for one in texts) == found[-1]["pincite"]["text"]
    assert not any("pincite" in one for one in found[:-1])


def test_the_sdk_gathers_a_stream_into_a_completion(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.stream(model="pincite", messages=user(QUESTION)) as stream:
        gathered = stream.get_final_completion()
    whole = sdk.chat.completions.create(model="pincite", messages=user(QUESTION))
    assert gathered.choices[0].message.content == whole.choices[0].message.content
    assert gathered.choices[0].message.annotations == whole.choices[0].message.annotations


def test_langchain_invokes_and_streams(chat: Chat) -> None:
    model = ChatOpenAI(model="pincite", base_url=f"{chat.base}/v1", api_key="any")
    invoked = model.invoke(QUESTION)
    streamed = list(model.stream(QUESTION))
    native = answer_of(chat, QUESTION)
    assert invoked.content == native.text
    assert "".join(str(one.content) for one in streamed) == native.text
    assert invoked.response_metadata["finish_reason"] == "stop"
    assert any(one.response_metadata.get("finish_reason") == "stop" for one in streamed)


def test_an_abstention_says_so_and_names_what_is_nearest(sdk: openai.OpenAI) -> None:
    found = sdk.chat.completions.create(model="pincite", messages=user(UNANSWERED))
    (choice,) = found.choices
    assert choice.message.content is not None
    assert choice.message.content.startswith("The documents do not answer this question.")
    assert "Nearest to it:\n- " in choice.message.content
    assert (choice.finish_reason, choice.message.refusal) == ("stop", None)
    assert choice.message.annotations == []
    assert found.model_extra is not None
    assert found.model_extra["pincite"]["status"] == "abstained"
    stream = sdk.chat.completions.create(model="pincite", messages=user(UNANSWERED), stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in stream) == choice.message.content


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        (Reason.LENGTH, "length"),
        (Reason.CONTENT_FILTER, "content_filter"),
        (Reason.INTERRUPTED, "length"),
    ],
)
def test_an_answer_that_was_cut_off_says_how(chat: Chat, reason: Reason, finish: str) -> None:
    def cut(answer: Answer) -> Answer:
        return replace(answer, status=Status.INCOMPLETE, reason=reason)

    chat.pipeline.scripts["Cut off."] = telling(cut, chat)
    whole = complete(chat, messages=user("Cut off.")).json()
    assert whole["choices"][0]["finish_reason"] == finish
    assert whole["choices"][0]["message"]["content"] == answer_of(chat, QUESTION).text
    streamed = chunks(complete(chat, messages=user("Cut off."), stream=True))
    assert streamed[-1]["choices"][0]["finish_reason"] == finish
    assert streamed[-1]["pincite"]["reason"] == reason


def test_the_last_message_of_the_user_is_asked_after_its_history(chat: Chat) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:"}}
    answered = "468 million crowns. [1][12]\nMore than planned [2]."
    messages = [
        {"role": "system", "content": "Answer like a pirate."},
        {"role": "user", "content": [text("What does"), text("the tram cost?")]},
        {"role": "assistant", "content": answered, "tool_calls": []},
        {"role": "assistant", "content": None},
        {"role": "tool", "content": "42", "tool_call_id": "x"},
        {"role": "developer", "content": "Be brief."},
        {"role": "oracle", "content": "Beware."},
        {"role": "user", "content": [picture, text(QUESTION)], "name": "A"},
        {"role": "assistant", "content": "Well,"},
    ]
    assert complete(chat, messages=messages).status_code == 200
    assert chat.pipeline.asked[-1] == Question(
        QUESTION,
        history=(
            Turn(Role.USER, "What does\nthe tram cost?"),
            Turn(Role.ASSISTANT, "468 million crowns.\nMore than planned."),
        ),
    )


def test_parameters_of_other_models_are_accepted(chat: Chat) -> None:
    more = {
        "temperature": 0.2,
        "n": 3,
        "stop": ["\n"],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
        "user": "u",
        "max_completion_tokens": 5,
        "stream": None,
        "stream_options": None,
        "metadata": {"chat_id": "7"},
        "nobody": {"knows": ["this"]},
    }
    found = complete(chat, **more).json()
    assert len(found["choices"]) == 1
    assert found["choices"][0]["message"]["content"] == answer_of(chat, QUESTION).text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Question(QUESTION)),
        ({"model": "pincite:news"}, Question(QUESTION, "news")),
        (
            {"model": "pincite-extractive:a:b"},
            Question(QUESTION, "a:b", answering=Answering.EXTRACTIVE),
        ),
        ({"metadata": {"collection": "news"}}, Question(QUESTION, "news")),
        (
            {"model": "pincite:news", "metadata": {"collection": "news"}},
            Question(QUESTION, "news"),
        ),
        ({"metadata": {"policy": "strip"}}, Question(QUESTION, policy=Policy.STRIP)),
        ({"metadata": {"filter": '{"year": 2024}'}}, Question(QUESTION, where={"year": 2024})),
        ({"metadata": {"filter": {"year": [2024]}}}, Question(QUESTION, where={"year": [2024]})),
    ],
)
def test_model_and_metadata_say_what_is_asked_of_whom(
    chat: Chat, body: dict[str, Any], expected: Question
) -> None:
    assert complete(chat, **body).status_code == 200
    assert chat.pipeline.asked[-1] == expected


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"messages": []}, "messages", "'messages' is []"),
        ({"messages": None}, "messages", "'messages' is None"),
        ({"messages": [{"content": "Why?"}]}, "messages.0.role", "'messages.0.role' is missing"),
        ({"messages": [{"role": "system", "content": "Why?"}]}, None, "the role 'user'"),
        ({"messages": user(" ")}, None, "blank"),
        ({"messages": user("a\ud800")}, None, "lone surrogate"),
        ({"messages": user("a" * 32_001)}, None, "32001 characters"),
        ({"metadata": {"policy": "lie"}}, "metadata.policy", "'lie'"),
        ({"metadata": {"collection": ""}}, "metadata.collection", "''"),
        ({"metadata": {"filter": "{"}}, None, "not JSON"),
        ({"metadata": {"filter": {"x": {"near": 1}}}}, None, "there are gt"),
        ({"model": "pincite:a", "metadata": {"collection": "b"}}, None, "'a' and the metadata 'b'"),
        ({"stream": "perhaps"}, "stream", "'perhaps'"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_can_not_be_used_is_a_bad_request(
    chat: Chat, body: dict[str, Any], param: str | None, says: str, *, stream: bool
) -> None:
    error = error_of(complete(chat, **({"stream": stream} | body)), 400, "invalid_request")
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert says in error["message"]


def test_all_errors_of_its_routes_are_in_openais_shape(chat: Chat) -> None:
    client = chat.client
    error_of(client.get("/v1/chat"), 404, "no_such_route")
    error_of(client.post("/v1/chat/nothing"), 404, "no_such_route")
    error_of(client.delete("/v1/models"), 405, "method_not_allowed")
    refused = client.get("/v1/chat/completions")
    error_of(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    headers = {"content-type": "application/json"}
    error_of(
        client.post("/v1/chat/completions", content="{", headers=headers), 400, "malformed_json"
    )
    big = b" " * (3 * 1024 * 1024 + 1)
    error_of(client.post("/v1/chat/completions", content=big, headers=headers), 413, "too_large")


@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_says_when_to_come_again(chat: Chat, sdk: openai.OpenAI, *, stream: bool) -> None:
    chat.pipeline.scripts["Too much."] = refuse
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.chat.completions.create(model="pincite", messages=user("Too much."), stream=stream)
    assert caught.value.response.headers["retry-after"] == "7"
    assert (caught.value.type, caught.value.code) == ("rate_limit_error", "rate_limited")


@pytest.mark.parametrize("stream", [False, True])
def test_an_unexpected_error_before_the_text_is_a_server_error(
    chat: Chat, sdk: openai.OpenAI, caplog: pytest.LogCaptureFixture, *, stream: bool
) -> None:
    chat.pipeline.scripts["Fail."] = fail
    with pytest.raises(openai.InternalServerError) as caught:
        sdk.chat.completions.create(model="pincite", messages=user("Fail."), stream=stream)
    assert caught.value.code == "internal_error"
    assert "secret" not in caught.value.response.text
    assert "a secret of the house" in caplog.text


def test_an_error_in_mid_stream_is_the_last_frame(chat: Chat, sdk: openai.OpenAI) -> None:
    stream = sdk.chat.completions.create(model="pincite", messages=user("Break off."), stream=True)
    parts: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        parts.extend(one.choices[0].delta.content or "" for one in stream)
    stream.close()
    assert "".join(parts) == "The ferry"
    assert caught.value.code == "index_unreachable"
    assert caught.value.message == "The vector index hung up. Try again."
    found = frames(complete(chat, messages=user("Break off."), stream=True))
    assert [json.loads(one).get("error", {}).get("type") for one in found] == [
        None,
        None,
        "server_error",
    ]
    assert json.loads(found[1])["choices"][0]["delta"] == {"content": "The ferry"}


def test_an_unforeseen_error_in_mid_stream_is_logged_and_not_shown(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(_: Question) -> AsyncGenerator[Event]:
        yield Delta("The ferry")
        raise RuntimeError("a secret of the house")

    chat.pipeline.scripts["Burst."] = script
    response = complete(chat, messages=user("Burst."), stream=True)
    error = json.loads(frames(response)[-1])["error"]
    assert error["code"] == "internal_error"
    assert response.headers["x-request-id"] in error["message"]
    assert "secret" not in response.text
    assert "a secret of the house" in caplog.text
    assert response.headers["x-request-id"] in caplog.text
