"""Schedules over HTTP: what is made, changed, run and told of."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.app import create_app
from rag import Settings
from tests.api.serving import ended_job, job_when, post_json, problem_of, serving

FERRY = "The ferry sails at nine every morning. It carries forty cars to the island."
TRAM = "The tram stops at the harbour square. It runs every ten minutes until midnight."
STRIKE = "The crews of the ferry go on strike next week. Nobody knows for how long."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("served"), threads=2)
    with serving(create_app(settings)) as opened:
        yield opened


@pytest.fixture
def schedule(
    client: httpx.Client, request: pytest.FixtureRequest
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes a schedule of a collection that has the test's name; it is deleted afterwards."""
    made: list[str] = []

    def make(**fields: object) -> dict[str, Any]:
        name = request.node.name[:100]
        body = {
            "name": f"{name[:90]}-{len(made)}",
            "cron": "0 7 1 1 *",
            "summary": {"collection": name},
            **fields,
        }
        response = post_json(client, "/v1/schedules", body)
        assert response.status_code == 201, response.text
        made.append(response.json()["id"])
        found: dict[str, Any] = response.json()
        return found

    yield make
    for schedule_id in made:
        client.delete(f"/v1/schedules/{schedule_id}")


@pytest.fixture
def store(client: httpx.Client, request: pytest.FixtureRequest) -> Callable[[str, str], str]:
    """Stores a document under a name in the test's collection; gives its id."""

    def put(name: str, text: str) -> str:
        body = {
            "text": text,
            "title": name,
            "external_id": name,
            "collection": request.node.name[:100],
        }
        response = client.post("/v1/documents", json=body, params={"wait": "true"})
        assert response.status_code == 200, response.text
        return str(response.json()["documents"][0]["id"])

    return put


def run_of(client: httpx.Client, schedule_id: str) -> dict[str, Any]:
    """What a run that is triggered now has come to."""
    response = client.post(f"/v1/schedules/{schedule_id}/trigger")
    assert response.status_code == 202, response.text
    run = response.json()
    ended_job(client, run["job_id"])
    found: dict[str, Any] = client.get(run["links"]["run"]).raise_for_status().json()
    assert found["job_id"] == run["job_id"]
    return found


def texts(run: dict[str, Any]) -> list[str]:
    return [one["quote"] for one in run["summary"]["citations"]]


def test_a_schedule_is_read_back_as_it_was_sent(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    made = schedule(
        cron="0 7 * * MON-FRI",
        timezone="Europe/Berlin",
        since="all",
        missed="skip",
        only_if_changed=False,
        summary={"collection": "news", "filter": {"year": 2024}, "focus": "ferries"},
    )
    assert client.get(f"/v1/schedules/{made['id']}").json() == made
    assert made["summary"] == {
        "collection": "news",
        "filter": {"year": 2024},
        "focus": "ferries",
    }
    assert (made["since"], made["missed"], made["only_if_changed"]) == ("all", "skip", False)
    at = datetime.fromisoformat(made["next_run_at"])
    assert at > datetime.now(UTC)
    assert (at.minute, at.hour in (5, 6)) == (0, True)


def test_a_paused_schedule_has_no_next_run_until_it_is_enabled(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    made = schedule(enabled=False)
    assert made["next_run_at"] is None
    path = f"/v1/schedules/{made['id']}"
    enabled = client.patch(path, json={"enabled": True}).json()
    assert enabled["next_run_at"].endswith("-01-01T07:00:00.000Z")
    moved = client.patch(path, json={"timezone": "Europe/Berlin", "cron": "30 8 1 1 *"}).json()
    assert moved["next_run_at"].endswith("-01-01T07:30:00.000Z")
    renamed = client.patch(path, json={"name": "renamed", "summary": {"focus": "x"}}).json()
    assert (renamed["name"], renamed["summary"]) == ("renamed", {"focus": "x"})
    assert renamed["next_run_at"] == moved["next_run_at"]
    assert client.patch(path, json={"enabled": False}).json()["next_run_at"] is None


def test_schedules_are_listed_and_found_by_name(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    first, second = schedule(), schedule()
    page = client.get("/v1/schedules", params={"limit": 1}).json()
    assert page["items"] == [second]
    params = {"limit": 1, "cursor": page["next_cursor"]}
    assert client.get("/v1/schedules", params=params).json()["items"] == [first]
    named = client.get("/v1/schedules", params={"name": first["name"]}).json()
    assert (named["items"], named["next_cursor"]) == ([first], None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cron": "0 7 * *"}, "has 4 fields"),
        ({"cron": "0 25 * * *"}, "bad hour"),
        ({"timezone": "Europe/Atlantis"}, "no time zone 'Europe/Atlantis'"),
        ({"name": ""}, "'name' is ''"),
        ({"summary": {"filter": {"x": {"near": 1}}}}, "filter of 'x'"),
        ({"summary": {"document_ids": []}}, "'summary.document_ids' is []"),
        ({"summary": {"max_words": 3}}, "'summary.max_words' is 3"),
        ({"summary": {"mode": "llm"}}, "Set PINCITE_LLM_BASE_URL"),
        ({"summary": {"focus": " "}}, "The focus is blank"),
        ({"since": "yesterday"}, "'since' is 'yesterday'"),
        ({"every": "day"}, "no field 'every'"),
    ],
)
def test_a_bad_schedule_is_a_problem(
    client: httpx.Client, fields: dict[str, object], says: str
) -> None:
    body = {"name": "bad", "cron": "0 7 * * *", "summary": {}, **fields}
    problem = problem_of(post_json(client, "/v1/schedules", body), 422, "invalid-request")
    assert says in problem["detail"]
    assert client.get("/v1/schedules", params={"name": "bad"}).json()["items"] == []


def test_a_bad_change_is_a_problem_and_changes_nothing(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    made, other = schedule(), schedule()
    path = f"/v1/schedules/{made['id']}"
    problem_of(client.patch(path, json={"cron": "never"}), 422, "invalid-request")
    by_model = {"summary": {"mode": "llm"}}
    problem_of(client.patch(path, json=by_model), 422, "invalid-request")
    problem_of(client.patch(path, json={"name": other["name"]}), 409, "name-taken")
    assert client.get(path).json() == made


def test_a_name_that_is_taken_is_a_problem(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    name = schedule()["name"]
    body = {"name": name, "cron": "0 7 * * *", "summary": {}}
    problem = problem_of(client.post("/v1/schedules", json=body), 409, "name-taken")
    assert name in problem["detail"]


def test_what_is_not_there_is_a_problem_that_names_it(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    made = schedule()["id"]
    for method, path in (
        ("GET", "sch_0"),
        ("PATCH", "sch_0"),
        ("DELETE", "sch_0"),
        ("GET", "sch_0/runs"),
        ("POST", "sch_0/trigger"),
        ("GET", f"{made}/runs/sch_0"),
    ):
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        response = client.request(method, f"/v1/schedules/{path}", json=body)
        assert "sch_0" in problem_of(response, 404, "not-found")["detail"]


def test_the_first_run_speaks_of_all_and_the_next_of_what_changed_only(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    made = schedule()["id"]
    ferry, tram = store("ferry", FERRY), store("tram", TRAM)
    first = run_of(client, made)
    assert (first["status"], first["reason"]) == ("done", None)
    assert [one["document_id"] for one in first["changes"]["new"]] == [ferry, tram]
    assert set(first["summary"]["document_ids"]) == {ferry, tram}

    assert store("ferry", f"{FERRY} {STRIKE}") == ferry
    whale = store("whale", "A whale was seen in the bay on Sunday. Hundreds came to look at it.")
    client.delete(f"/v1/documents/{tram}").raise_for_status()
    second = run_of(client, made)
    changes = second["changes"]
    assert [one["document_id"] for one in changes["new"]] == [whale]
    (changed,) = changes["changed"]
    assert (changed["document_id"], changed["title"]) == (ferry, "ferry")
    assert (changed["version_before"], changed["version"]) == (1, 2)
    assert (changed["new_sentences"], changed["removed_sentences"]) == (2, 0)
    assert " ".join(one["quote"] for one in changed["added"]) == STRIKE
    for one in changed["added"]:
        cited = client.get(f"/v1/citations/{one['id']}").raise_for_status().json()
        assert (cited["quote"], cited["version"], cited["status"]) == (one["quote"], 2, "current")
    (gone,) = changes["gone"]
    assert (gone["document_id"], gone["title"], gone["version"]) == (tram, "tram", 1)
    assert datetime.fromisoformat(gone["deleted_at"]) <= datetime.now(UTC)
    said = texts(second)
    assert said
    assert not any(one in FERRY for one in said), "what was said before"
    assert any(one in STRIKE for one in said)
    for citation in second["summary"]["citations"]:
        version = {ferry: 2, whale: 1}[citation["document_id"]]
        assert citation["version"] == version
        text = client.get(
            f"/v1/documents/{citation['document_id']}/text", params={"version": version}
        ).json()["text"]
        assert text[citation["span"]["start"] : citation["span"]["end"]] == citation["quote"]
    kept = client.get(second["links"]["summary"]).raise_for_status().json()
    assert kept == second["summary"]
    (coverage,) = [one for one in second["summary"]["coverage"] if one["document_id"] == ferry]
    assert coverage["set_aside"] == {"unchanged": 2}


def test_nothing_changed_is_no_run_and_says_so(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    made = schedule()["id"]
    empty = run_of(client, made)
    assert (empty["status"], empty["reason"]) == ("skipped", "There is no document.")
    store("ferry", FERRY)
    assert run_of(client, made)["status"] == "done"
    skipped = run_of(client, made)
    assert (skipped["status"], skipped["reason"]) == (
        "skipped",
        "Nothing has changed since the last run.",
    )
    assert (skipped["summary"], skipped["changes"]) == (None, None)
    listed = client.get(f"/v1/schedules/{made}/runs").json()["items"]
    assert [one["status"] for one in listed] == ["skipped", "done", "skipped"]
    assert all(one["tick"] is None for one in listed)


def test_a_run_of_all_documents_speaks_of_all_when_one_has_changed(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    careful, always = schedule(since="all")["id"], schedule(since="all", only_if_changed=False)
    ids = [store("ferry", FERRY), store("tram", TRAM)]
    for made in (careful, always["id"]):
        assert run_of(client, made)["summary"]["document_ids"] == ids
    assert run_of(client, careful)["status"] == "skipped"
    assert run_of(client, always["id"])["summary"]["document_ids"] == ids
    store("tram", f"{TRAM} {STRIKE}")
    again = run_of(client, careful)
    assert again["summary"]["document_ids"] == ids
    assert {one["document_id"]: one["version"] for one in again["summary"]["citations"]} == {
        ids[0]: 1,
        ids[1]: 2,
    }


def test_deletions_alone_are_told_without_a_summary(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    made, ferry = schedule()["id"], store("ferry", FERRY)
    run_of(client, made)
    client.delete(f"/v1/documents/{ferry}").raise_for_status()
    run = run_of(client, made)
    assert (run["status"], run["summary"]) == ("done", None)
    assert [one["title"] for one in run["changes"]["gone"]] == ["ferry"]
    assert run["changes"]["text"] == "Documents: 1 deleted.\nDeleted: ferry (version 1)."
    assert run_of(client, made)["status"] == "skipped"


def test_a_document_that_is_not_selected_any_more_is_gone_and_not_deleted(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    ferry = store("ferry", FERRY)
    made = schedule(summary={"filter": {"kept": {"ne": "no"}, "title": "ferry"}})["id"]
    run_of(client, made)
    client.patch(f"/v1/documents/{ferry}", json={"metadata": {"kept": "no"}}).raise_for_status()
    (gone,) = run_of(client, made)["changes"]["gone"]
    assert (gone["document_id"], gone["deleted_at"]) == (ferry, None)


def test_a_document_that_lost_a_sentence_has_changed_and_nothing_in_it_is_new(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    made = schedule()["id"]
    store("ferry", f"{FERRY} {STRIKE}")
    run_of(client, made)
    store("ferry", FERRY)
    run = run_of(client, made)
    (changed,) = run["changes"]["changed"]
    assert (changed["new_sentences"], changed["removed_sentences"]) == (0, 2)
    assert " ".join(one["quote"] for one in changed["removed"]) == STRIKE
    assert {one["version"] for one in changed["removed"]} == {1}
    assert (run["status"], run["summary"]) == ("done", None)


def test_a_paused_schedule_can_be_triggered(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    store("ferry", FERRY)
    made = schedule(enabled=False)
    assert run_of(client, made["id"])["status"] == "done"
    assert client.get(f"/v1/schedules/{made['id']}").json()["next_run_at"] is None


def test_the_job_of_a_run_says_how_many_documents_it_read(
    client: httpx.Client,
    schedule: Callable[..., dict[str, Any]],
    store: Callable[[str, str], str],
) -> None:
    made = schedule()["id"]
    for name, text in (("ferry", FERRY), ("tram", TRAM)):
        store(name, text)
    run = run_of(client, made)
    job = client.get(run["links"]["job"]).json()
    assert (job["kind"], job["done"], job["total"], job["unit"]) == ("digest", 2, 2, "documents")


def test_a_schedule_is_deleted_with_its_history(
    client: httpx.Client, schedule: Callable[..., dict[str, Any]]
) -> None:
    made = schedule()["id"]
    run = run_of(client, made)
    assert client.delete(f"/v1/schedules/{made}").status_code == 204
    problem_of(client.get(run["links"]["run"]), 404, "not-found")
    problem_of(client.get(f"/v1/schedules/{made}"), 404, "not-found")
    job_when(client, run["job_id"], lambda job: job["status"] == "done")
