import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from rag.events import Delta, Event, events_of
from rag.types import Answering, Policy, Question, Role, Turn
from tests.api.scripted import Chat
from tests.api.serving import post_json, problem_of

QUESTION = "How did the council vote on the ferry budget?"
UNANSWERED = "What colour is the moon of Jupiter?"


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"id": "1", "role": role, "parts": [{"type": "text", "text": one} for one in texts]}


def ask(chat: Chat, question: str, **more: object) -> httpx.Response:
    body = {"id": "chat", "trigger": "submit-message", "messages": [said("user", question)]}
    return post_json(chat.client, "/v1/chat/ui", body | more)


def parts(response: httpx.Response) -> list[dict[str, Any]]:
    """The parts of a whole stream."""
    assert response.status_code == 200, response.text
    *frames, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def test_the_headers_are_those_of_the_protocol(chat: Chat) -> None:
    headers = ask(chat, QUESTION).headers
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-vercel-ai-ui-message-stream"] == "v1"


def test_the_parts_are_in_order(chat: Chat) -> None:
    found = parts(ask(chat, QUESTION))
    native = chat.client.post("/v1/answers", json={"question": QUESTION}).json()
    kinds = list(dict.fromkeys(one["type"] for one in found))
    assert kinds == [
        "start",
        "start-step",
        "data-status",
        "text-start",
        "text-delta",
        "text-end",
        "source-document",
        "source-url",
        "data-citation",
        "finish-step",
        "finish",
    ]
    assert "".join(one.get("delta", "") for one in found) == native["text"]
    assert [one["data"] for one in found if one["type"] == "data-citation"] == native["citations"]
    urls = [one for one in found if one["type"] == "source-url"]
    assert [one["sourceId"] for one in urls] == [one["id"] for one in native["citations"]]
    for one, cited in zip(urls, native["citations"], strict=True):
        assert httpx.get(one["url"]).raise_for_status().json()["quote"] == cited["quote"]
    status = next(one for one in found if one["type"] == "data-status")
    assert (status["data"], status["transient"]) == ({"stage": "retrieving"}, True)


def test_the_metadata_has_the_answers_id_status_and_sentences(chat: Chat) -> None:
    metadata = parts(ask(chat, QUESTION))[-1]["messageMetadata"]
    native = chat.client.post("/v1/answers", json={"question": QUESTION}).json()
    assert metadata["answer_id"].startswith("ans_")
    assert (metadata["status"], metadata["reason"]) == ("answered", None)
    assert metadata["sentences"] == native["sentences"]


def test_a_document_that_is_cited_twice_is_one_source(chat: Chat) -> None:
    facts = ("The heron of Sandel nests in March.", "The heron of Sandel nests on the pier.")
    for name, fact in zip("ab", facts, strict=True):
        body = {
            "text": fact,
            "title": f"Herons {name}",
            "uri": f"https://birds.example/{name}/heron.txt?x=1",
            "collection": "herons",
        }
        chat.client.post("/v1/documents?wait=true", json=body).raise_for_status()
    found = parts(ask(chat, "Where and when does the heron of Sandel nest?", collection="herons"))
    documents = [one for one in found if one["type"] == "source-document"]
    cited = {one["data"]["document_id"] for one in found if one["type"] == "data-citation"}
    assert len(documents) == len(cited) > 0
    for one in documents:
        mine = one["providerMetadata"]["pincite"]
        assert mine["document_id"] in cited
        assert one["sourceId"] == f"{mine['document_id']}:{mine['version']}"
        assert (one["mediaType"], one["filename"]) == ("text/plain", "heron.txt")
        assert mine["uri"].startswith("https://birds.example/")


def test_a_document_that_was_deleted_meanwhile_is_no_source(chat: Chat) -> None:
    answer = asyncio.run(chat.pipeline.ask(QUESTION))
    gone = tuple(replace(one, document_id="doc_0") for one in answer.citations)

    async def script(_: Question) -> AsyncGenerator[Event]:
        for event in events_of(replace(answer, citations=gone)):
            yield event

    chat.pipeline.scripts["And then?"] = script
    found = parts(ask(chat, "And then?"))
    assert not any(one["type"] == "source-document" for one in found)
    assert len([one for one in found if one["type"] == "data-citation"]) == len(gone) > 0


def test_an_abstention_is_the_text_that_other_shapes_have(chat: Chat) -> None:
    found = parts(ask(chat, UNANSWERED))
    text = "".join(one.get("delta", "") for one in found)
    body = {"messages": [{"role": "user", "content": UNANSWERED}]}
    other = chat.client.post("/v1/chat/completions", json=body).json()
    assert text == other["choices"][0]["message"]["content"]
    assert found[-1]["messageMetadata"]["status"] == "abstained"
    assert not any(one["type"].startswith("source") for one in found)


def test_the_last_message_of_the_user_is_asked_after_its_history(chat: Chat) -> None:
    reasoning = {"type": "reasoning", "text": "Let me think."}
    odd = {"type": "data-odd", "text": {"is": "no text"}}
    answered = {
        "id": "2",
        "role": "assistant",
        "parts": [reasoning, odd, *said("", "468. [1]")["parts"]],
    }
    messages = [
        said("system", "Rhyme."),
        said("user", "What", "now?"),
        answered,
        said("user", QUESTION),
    ]
    assert ask(chat, "", messages=messages).status_code == 200
    assert chat.pipeline.asked[-1] == Question(
        QUESTION, history=(Turn(Role.USER, "What\nnow?"), Turn(Role.ASSISTANT, "468."))
    )


def test_the_body_may_choose_what_is_asked_of_whom(chat: Chat) -> None:
    more = {"filter": {"year": 2024}, "mode": "extractive", "policy": "repair", "model": "x"}
    assert ask(chat, QUESTION, collection="news", **more).status_code == 200
    assert chat.pipeline.asked[-1] == Question(
        QUESTION,
        "news",
        {"year": 2024},
        answering=Answering.EXTRACTIVE,
        policy=Policy.REPAIR,
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"messages": []}, "'messages' is []"),
        ({"messages": [said("assistant", "Hello.")]}, "the role 'user'"),
        ({"messages": [said("user")]}, "blank"),
        ({"policy": "lie"}, "'policy' is 'lie'"),
        ({"filter": {"x": {"near": 1}}}, "there are gt"),
    ],
)
def test_a_bad_request_is_a_problem(chat: Chat, body: dict[str, Any], says: str) -> None:
    problem = problem_of(ask(chat, QUESTION, **body), 422, "invalid-request")
    assert says in problem["detail"]


def test_an_error_in_mid_stream_is_a_part(chat: Chat) -> None:
    found = parts(ask(chat, "Break off."))
    assert [one["type"] for one in found] == [
        "start",
        "start-step",
        "data-status",
        "text-start",
        "text-delta",
        "error",
    ]
    assert found[-1]["errorText"] == "The vector index hung up. Try again."


def test_an_unforeseen_error_is_logged_and_not_shown(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(_: Question) -> AsyncGenerator[Event]:
        yield Delta("The ferry")
        raise RuntimeError("a secret of the house")

    chat.pipeline.scripts["Burst."] = script
    response = ask(chat, "Burst.")
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in parts(response)[-1]["errorText"]
    assert "a secret of the house" in caplog.text
