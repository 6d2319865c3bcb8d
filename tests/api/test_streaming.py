"""An answer comes as events, goes on for a while without its client, and can be resumed."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from api import stream, streams
from api.app import create_app
from corpus.errors import IndexUnreachable
from rag import Answering, Pipeline, Policy, Role, Settings, Turn
from rag.events import Began, Delta, Stage
from tests.api.scripts import (
    TEXT,
    Gate,
    Script,
    Scripts,
    Sent,
    events_in,
    events_of_text,
    read_events,
    text_in,
)
from tests.api.serving import problem_of, serving


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    return Scripts()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, scripts: Scripts) -> Iterator[httpx.Client]:
    """A client of a server whose answers are scripted."""
    pipeline = Pipeline(Settings(data_dir=tmp_path_factory.mktemp("streams"), threads=1))
    pipeline.answering = scripts  # type: ignore[method-assign]
    with serving(create_app(pipeline.settings, pipeline)) as opened:
        yield opened


@pytest.fixture
def question(request: pytest.FixtureRequest) -> str:
    """A question of the test's own."""
    name: str = request.node.name
    return name


def asking(question: str, **more: object) -> dict[str, object]:
    return {"question": question, "stream": True, **more}


def first_events(
    client: httpx.Client, question: str, number: int, last_event_id: str | None = None
) -> list[Sent]:
    """The first events that come; then the client leaves."""
    headers = {} if last_event_id is None else {"last-event-id": last_event_id}
    body = asking(question)
    with client.stream("POST", "/v1/answers", json=body, headers=headers) as response:
        assert response.status_code == 200
        events = read_events(response.iter_lines())
        return [next(events) for _ in range(number)]


def test_the_events_are_those_of_the_design_and_the_answer_is_last(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = Script(events_of_text(mended=True))
    response = client.post("/v1/answers", json=asking(question))
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    events = events_in(response)
    assert [one.name for one in events] == [
        *("status", "passages", "status", "delta", "sentence", "replace", "delta", "sentence"),
        "answer",
    ]
    answer = events[-1].data
    assert [one.id for one in events] == [f"{answer['id']}:{at}" for at in range(1, 10)]
    assert events[0].data == {"stage": "retrieving"}
    assert events[1].data == {"passages": answer["passages"]}
    assert events[4].data == {
        "index": 0,
        "span": {"start": 0, "end": 21},
        "verdict": "supported",
        "score": 0.9,
        "markers": [1],
        "citations": answer["citations"],
    }
    assert events[5].data == {"index": 1, "text": "Nobody knows why.", "reason": "unsupported"}
    assert text_in(events) == answer["text"] == TEXT


def test_no_text_breaks_the_lines_of_a_stream(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    text = "".join(map(chr, [*range(0x300), 0x2028, 0x2029, 0x1F41F]))
    scripts[question] = Script([Delta(text)])
    events = events_in(client.post("/v1/answers", json=asking(question)))
    assert text_in(events) == text


def test_all_that_is_asked_reaches_the_pipeline(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script([])
    history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    body = {"collection": "c", "filter": {"year": 1}, "history": history}
    client.post(
        "/v1/answers", json={"question": question, "mode": "llm", "policy": "strip", **body}
    ).raise_for_status()
    (asked,) = script.asked
    assert (asked.collection, asked.where) == ("c", {"year": 1})
    assert asked.history == (Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b"))
    assert (asked.answering, asked.policy) == (Answering.LLM, Policy.STRIP)


def test_an_event_comes_as_soon_as_it_happens(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    gate = Gate()
    scripts[question] = Script(events_of_text(gate=gate))
    with client.stream("POST", "/v1/answers", json=asking(question)) as response:
        events = read_events(response.iter_lines())
        assert text_in(next(events) for _ in range(5)) == TEXT[:21]
        gate.set()
        assert text_in(events) == TEXT[21:]


def test_a_comment_comes_when_nothing_else_does(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    gate = Gate()
    scripts[question] = Script(events_of_text(gate=gate))
    with client.stream("POST", "/v1/answers", json=asking(question)) as response:
        events = read_events(response.iter_lines())
        assert [next(events).name for _ in range(8)][5:] == ["", "", ""]
        gate.set()
        assert list(events)[-1].name == "answer"


def test_a_heartbeat_is_well_within_what_proxies_wait() -> None:
    assert stream.HEARTBEAT_SECONDS == 15


@pytest.mark.parametrize("streamed", [True, False])
def test_an_error_before_the_first_event_is_a_problem(
    client: httpx.Client, scripts: Scripts, question: str, *, streamed: bool
) -> None:
    scripts[question] = Script([IndexUnreachable("Start Chroma.")])
    response = client.post("/v1/answers", json={"question": question, "stream": streamed})
    assert problem_of(response, 503, "index-unreachable")["detail"] == "Start Chroma."


def test_an_error_in_mid_stream_is_the_last_event_and_can_be_read_again(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = Script([Began(Stage.RETRIEVING), IndexUnreachable("Start Chroma.")])
    events = events_in(client.post("/v1/answers", json=asking(question)))
    assert [one.name for one in events] == ["status", "error"]
    problem = client.post("/v1/answers", json={"question": question})
    found = problem_of(problem, 503, "index-unreachable")
    assert events[-1].data == {name: found[name] for name in ("type", "title", "detail")}
    answer_id = events[0].id.partition(":")[0]
    assert events_in(client.get(f"/v1/answers/{answer_id}/events")) == events
    problem_of(client.get(f"/v1/answers/{answer_id}"), 404, "not-found")


def test_an_unexpected_error_in_mid_stream_is_logged_and_not_shown(
    client: httpx.Client, scripts: Scripts, question: str, caplog: pytest.LogCaptureFixture
) -> None:
    scripts[question] = Script([Began(Stage.RETRIEVING), RuntimeError("a secret of the house")])
    _, error = events_in(client.post("/v1/answers", json=asking(question)))
    assert error.data["type"] == "urn:pincite:problem:internal-error"
    assert "secret" not in json.dumps(error.data)
    answer_id = error.id.partition(":")[0]
    assert answer_id in error.data["detail"]
    assert answer_id in caplog.text
    assert "a secret of the house" in caplog.text


def test_a_client_that_comes_back_in_time_gets_the_rest_while_it_is_made(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    gate = Gate()
    scripts[question] = script = Script(events_of_text(gate=gate))
    before = first_events(client, question, 4)
    headers = {"last-event-id": before[-1].id}
    with client.stream("POST", "/v1/answers", json=asking(question), headers=headers) as response:
        events = read_events(response.iter_lines())
        following = [next(events)]
        assert following[0].name == "sentence"
        gate.set()
        following += events
    assert [one.id.partition(":")[2] for one in [*before, *following]] == [
        str(at) for at in range(1, 9)
    ]
    assert text_in([*before, *following]) == TEXT == following[-1].data["text"]
    assert len(script.asked) == 1


def test_a_stream_is_resumed_after_its_end_by_either_route(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script(events_of_text())
    events = events_in(client.post("/v1/answers", json=asking(question)))
    url = f"/v1/answers/{events[-1].data['id']}/events"
    assert events_in(client.get(url)) == events
    for at in range(len(events) - 1):
        headers = {"last-event-id": events[at].id}
        assert events_in(client.get(url, headers=headers)) == events[at + 1 :]
        again = client.post("/v1/answers", json=asking(question), headers=headers)
        assert events_in(again) == events[at + 1 :]
    headers = {"last-event-id": events[-1].id}
    assert client.get(url, headers=headers).status_code == 204, "nothing is left"
    assert len(script.asked) == 1


@pytest.mark.parametrize("number", ["", "x", "-1", "99", "9" * 5000, "²"])
def test_what_is_no_event_of_the_answer_is_a_problem(
    client: httpx.Client, scripts: Scripts, question: str, number: str
) -> None:
    scripts[question] = Script(events_of_text())
    answer_id = client.post("/v1/answers", json={"question": question}).json()["id"]
    url = f"/v1/answers/{answer_id}/events"
    for last in (f"{answer_id}:{number}", f"{answer_id}{number}", "ans_0:1"):
        headers = {b"last-event-id": last.encode("latin-1")}
        problem = problem_of(client.get(url, headers=headers), 422, "invalid-request")
        assert "no event of answer" in problem["detail"]


def test_a_stream_is_resumed_by_the_request_that_it_answers(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = Script(events_of_text())
    last = events_in(client.post("/v1/answers", json=asking(question)))[2]
    body = asking(question, collection="other")
    response = client.post("/v1/answers", json=body, headers={"last-event-id": last.id})
    problem = problem_of(response, 422, "invalid-request")
    assert "another request" in problem["detail"]


def test_an_answer_that_is_not_there_has_no_events(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script(events_of_text())
    problem_of(client.get("/v1/answers/ans_0/events"), 404, "not-found")
    headers = {"last-event-id": "ans_0:3"}
    response = client.post("/v1/answers", json=asking(question), headers=headers)
    problem_of(response, 404, "not-found")
    assert script.asked == []


def test_an_answer_whose_client_stays_away_is_given_up_after_the_grace(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.5)
    scripts[question] = script = Script(events_of_text(gate=Gate()))
    started = time.monotonic()
    (first,) = first_events(client, question, 1)
    assert script.closed.wait(10)
    assert time.monotonic() - started > 0.4
    response = client.get(f"/v1/answers/{first.id.partition(':')[0]}/events")
    problem_of(response, 404, "not-found")


def test_a_client_that_comes_and_goes_starts_the_grace_anew(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.6)
    scripts[question] = script = Script(events_of_text(gate=Gate()))
    (last,) = first_events(client, question, 1)
    for _ in range(4):
        time.sleep(0.3)
        (last,) = first_events(client, question, 1, last.id)
    assert not script.closed.is_set()
    assert script.closed.wait(10)


def test_without_a_stream_or_a_key_it_is_given_up_at_once(
    client: httpx.Client, scripts: Scripts, question: str
) -> None:
    scripts[question] = script = Script(events_of_text(gate=Gate()))
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v1/answers", json={"question": question}, timeout=0.2)
    assert script.closed.wait(10)
    assert time.monotonic() - started < streams.GRACE_SECONDS


def test_one_that_still_follows_keeps_the_answer_going(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.1)
    gate = Gate()
    scripts[question] = Script(events_of_text(gate=gate))
    with client.stream("POST", "/v1/answers", json=asking(question)) as response:
        events = read_events(response.iter_lines())
        first = next(events)
        first_events(client, question, 1, first.id)
        time.sleep(0.5)
        gate.set()
        assert list(events)[-1].name == "answer"


def test_streams_that_have_ended_are_kept_in_bounded_number_and_size(
    client: httpx.Client, scripts: Scripts, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts[question] = Script(events_of_text())
    size = len(client.post("/v1/answers", json=asking(question)).content)
    for bound, most in (("ENDED_STREAMS", 2), ("ENDED_BYTES", int(2.5 * size))):
        with monkeypatch.context() as bounded:
            bounded.setattr(streams, bound, most)
            given = [events_in(client.post("/v1/answers", json=asking(question))) for _ in range(3)]
            urls = [f"/v1/answers/{events[-1].data['id']}/events" for events in given]
            headers = [{"last-event-id": events[2].id} for events in given]
            first, second, third = (
                events_in(client.get(url, headers=one))
                for url, one in zip(urls, headers, strict=True)
            )
            assert (second, third) == (given[1][3:], given[2][3:])
            assert [(one.name, one.data) for one in first] == [("answer", given[0][-1].data)]
            replayed = events_in(client.get(urls[0]))
            assert text_in(replayed) == TEXT
            assert replayed[-1].data == given[0][-1].data
