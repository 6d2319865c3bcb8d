"""Answers can be read as they were given, and one request that is sent twice is answered once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api import streams
from api.app import create_app
from corpus.errors import IndexUnreachable
from rag import Pipeline, Settings
from tests.api.scripts import (
    Gate,
    Script,
    Scripts,
    events_in,
    events_of_text,
    read_events,
    text_in,
)
from tests.api.serving import problem_of, serving

SAMPLE = "The lighthouse of Skarne was painted in May 2019. It is white. It stands on the rock."
ASKED = "When was the lighthouse of Skarne painted?"


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    return Scripts()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, scripts: Scripts) -> Pipeline:
    """A pipeline that answers by script where there is one for the question."""
    opened = Pipeline(Settings(data_dir=tmp_path_factory.mktemp("kept"), threads=1))
    by_itself = opened.answering
    opened.answering = lambda question: (  # type: ignore[method-assign]
        scripts(question) if question.text in scripts else by_itself(question)
    )
    return opened


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[httpx.Client]:
    with serving(create_app(pipeline.settings, pipeline)) as opened:
        body = {"text": SAMPLE, "title": "Skarne", "external_id": "skarne"}
        opened.post("/v1/documents?wait=true", json=body).raise_for_status()
        yield opened


@pytest.fixture
def question(request: pytest.FixtureRequest) -> str:
    """A question of the test's own."""
    name: str = request.node.name
    return name


def ask(
    client: httpx.Client, question: str, key: str | None = None, **more: object
) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return client.post("/v1/answers", json={"question": question, **more}, headers=headers)


def read(client: httpx.Client, answer_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/answers/{answer_id}").raise_for_status().json()
    return found


@pytest.mark.parametrize("asked", [ASKED, "Who won the cup?"])
def test_an_answer_is_the_same_whole_as_events_and_read_back(
    client: httpx.Client, asked: str
) -> None:
    whole = ask(client, asked).json()
    assert read(client, whole["id"]) == whole
    events = events_in(ask(client, asked, stream=True))
    streamed = events[-1].data
    assert events[-1].name == "answer"
    assert read(client, streamed["id"]) == streamed
    assert text_in(events) == streamed["text"]
    changing = {"id", "timings"}
    assert set(whole) == set(streamed)
    assert {name: one for name, one in whole.items() if name not in changing} == {
        name: one for name, one in streamed.items() if name not in changing
    }


def test_sentences_come_with_the_citations_that_the_answer_has(client: httpx.Client) -> None:
    events = events_in(ask(client, ASKED, stream=True))
    answer = events[-1].data
    sentences = [one.data for one in events if one.name == "sentence"]
    assert [one for sentence in sentences for one in sentence["citations"]] == answer["citations"]
    for sentence, expected in zip(sentences, answer["sentences"], strict=True):
        assert sentence["span"] == expected["span"]
        assert sentence["markers"] == expected["citations"]
        assert (sentence["verdict"], sentence["score"]) == (expected["verdict"], expected["score"])


def test_an_answer_stays_as_it_was_given_when_its_document_is_deleted(
    client: httpx.Client,
) -> None:
    body = {"text": "The heron stands in the reeds.", "collection": "brief"}
    sent = client.post("/v1/documents?wait=true", json=body).json()
    given = ask(client, "Where does the heron stand?", collection="brief").json()
    assert given["citations"]
    client.delete(f"/v1/documents/{sent['documents'][0]['id']}").raise_for_status()
    assert read(client, given["id"]) == given
    url = f"/v1/citations/{given['citations'][0]['id']}"
    assert client.get(url).json()["status"] == "deleted"


def test_answers_are_listed_newest_first(client: httpx.Client) -> None:
    given = [ask(client, ASKED).json() for _ in range(3)]
    first = client.get("/v1/answers", params={"limit": 2}).json()
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = client.get("/v1/answers", params=params).json()
    entries = [*first["items"], *second["items"]]
    assert [one["id"] for one in entries] == [one["id"] for one in reversed(given)]
    for entry, answer in zip(entries, reversed(given), strict=True):
        created_at = entry.pop("created_at")
        assert created_at.endswith("Z")
        assert entry == {name: answer[name] for name in entry}
        assert set(entry) == {"id", "question", "status", "reason", "text", "model"}
    problem_of(client.get("/v1/answers?cursor=x"), 422, "invalid-request")
    problem_of(client.get("/v1/answers?limit=101"), 422, "invalid-request")


def test_an_answer_that_is_not_there_is_a_problem(client: httpx.Client) -> None:
    problem_of(client.get("/v1/answers/ans_0"), 404, "not-found")


def test_the_same_request_with_the_same_key_is_answered_once(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script(events_of_text())
    first = ask(client, question, "key 1")
    assert ask(client, question, "key 1").json() == first.json()
    events = events_in(ask(client, question, "key 1", stream=True))
    assert events[-1].data == first.json()
    assert len(script.asked) == 1
    assert ask(client, question, "key 2").json()["id"] != first.json()["id"]
    assert ask(client, question).json()["id"] != first.json()["id"]
    assert len(script.asked) == 3


def test_requests_with_one_key_join_the_answer_under_way(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    gate = Gate()
    scripts[question] = script = Script(events_of_text(gate=gate))
    with ThreadPoolExecutor(8) as threads:
        asked = [
            threads.submit(ask, client, question, "join", stream=at % 2 == 0) for at in range(8)
        ]
        headers = {"idempotency-key": "join"}
        body = {"question": question, "stream": True}
        with client.stream("POST", "/v1/answers", json=body, headers=headers) as response:
            events = read_events(response.iter_lines())
            assert text_in(next(events) for _ in range(5)) == "Herring is cheap [1]."
            assert not [one for one in asked if one.done()]
            gate.set()
            answer = list(events)[-1].data
        for at, future in enumerate(asked):
            response = future.result()
            found = events_in(response)[-1].data if at % 2 == 0 else response.json()
            assert found == answer
    assert len(script.asked) == 1


def test_many_requests_at_once_with_one_key_are_answered_once(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script(events_of_text())
    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(ask, client, question, "many") for _ in range(64)]
        answers = [one.result().json() for one in asked]
    assert {one["id"] for one in answers} == {answers[0]["id"]}
    assert len(script.asked) == 1


def test_a_key_that_another_request_had_is_a_problem(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    gate = Gate()
    scripts[question] = Script(events_of_text(gate=gate))
    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(ask, client, question, "mine", stream=True)
        while not scripts[question].asked:
            pass
        for _ in range(2):  # while it is under way, and afterwards
            for more in ({"collection": "other"}, {"filter": {"x": 1}}, {"policy": "strip"}):
                response = ask(client, question, "mine", **more)
                problem = problem_of(response, 422, "idempotency-key-reused")
                assert "'mine'" in problem["detail"]
            gate.set()
            under_way.result()


@pytest.mark.parametrize("early", [True, False])
def test_after_a_failed_answer_the_key_is_free_again(
    client: httpx.Client, scripts: Scripts, question: str, *, early: bool
) -> None:
    fault = IndexUnreachable("Start Chroma.")
    scripts[question] = Script([fault] if early else [*events_of_text(), fault])
    for _ in range(2):
        problem_of(ask(client, question, question), 503, "index-unreachable")
    assert len(scripts[question].asked) == 2
    scripts[question] = Script(events_of_text())
    assert ask(client, question, question).status_code == 200


def test_after_an_answer_was_given_up_the_key_is_free_again(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.2)
    scripts[question] = script = Script(events_of_text(gate=Gate()))
    with pytest.raises(httpx.ReadTimeout):
        client.post(
            "/v1/answers",
            json={"question": question},
            headers={"idempotency-key": question},
            timeout=0.2,
        )
    assert script.closed.wait(10)
    scripts[question] = Script(events_of_text())
    assert ask(client, question, question).status_code == 200


def test_a_request_with_a_key_finds_its_answer_after_the_connection_was_lost(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    gate = Gate()
    scripts[question] = script = Script(events_of_text(gate=gate))
    headers = {"idempotency-key": question}
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v1/answers", json={"question": question}, headers=headers, timeout=0.2)
    gate.set()
    assert ask(client, question, question).status_code == 200
    assert len(script.asked) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "Größe"])
def test_a_bad_key_is_a_problem(client: httpx.Client, key: str) -> None:
    headers = {b"idempotency-key": key.encode("latin-1")}
    response = client.post("/v1/answers", json={"question": ASKED}, headers=headers)
    problem_of(response, 422, "invalid-request")
