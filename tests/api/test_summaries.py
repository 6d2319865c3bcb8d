import httpx
import pytest

from tests.api.serving import ended_job, post_json, problem_of


@pytest.fixture(scope="module")
def document_ids(client: httpx.Client) -> list[str]:
    page = client.get("/v1/documents", params={"collection": "default", "limit": 2}).json()
    return [one["id"] for one in page["items"]]


def summarize(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/v1/summaries?wait=true", json=body)


def test_a_summary_cites_characters_of_its_document(
    client: httpx.Client, document_ids: list[str]
) -> None:
    summary = summarize(client, document_ids=document_ids[:1]).json()
    text = client.get(f"/v1/documents/{document_ids[0]}/text").json()["text"]
    assert summary["citations"]
    for citation in summary["citations"]:
        assert text[citation["span"]["start"] : citation["span"]["end"]] == citation["quote"]
    for sentence in summary["sentences"]:
        span = sentence["span"]
        assert summary["text"][span["start"] : span["end"]] == sentence["text"]


def test_a_summary_says_what_it_made_of_each_document(
    client: httpx.Client, document_ids: list[str]
) -> None:
    summary = summarize(client, document_ids=document_ids, max_words=200).json()
    assert summary["document_ids"] == document_ids
    assert [one["document_id"] for one in summary["coverage"]] == document_ids
    assert all(0 <= one["cited"] <= one["read"] for one in summary["coverage"])


def test_a_summary_keeps_to_its_words(client: httpx.Client, document_ids: list[str]) -> None:
    summary = summarize(client, document_ids=document_ids[:1], max_words=60).json()
    words = [word for word in summary["text"].split() if not word.startswith("[")]
    assert 0.85 * 60 <= len(words) <= 1.15 * 60


def test_a_focus_is_noted(client: httpx.Client, document_ids: list[str]) -> None:
    summary = summarize(client, document_ids=document_ids[:1], focus="money").json()
    assert summary["focus"] == "money"


def test_a_summary_that_is_not_waited_for_has_a_job_that_makes_it(
    client: httpx.Client, document_ids: list[str]
) -> None:
    response = client.post("/v1/summaries", json={"document_ids": document_ids})
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["document_ids"]) == ("summarize", document_ids)
    done = ended_job(client, job["id"])
    assert (done["status"], done["done"]) == ("done", done["total"])
    summary = client.get(f"/v1/summaries/{job['summary_id']}").json()
    assert summary["id"] == job["summary_id"]
    assert summary["document_ids"] == document_ids
    listed = client.get("/v1/summaries", params={"limit": 1}).json()
    assert listed["items"][0]["summary"] == summary


def test_a_request_with_the_same_key_has_the_same_job(
    client: httpx.Client, document_ids: list[str]
) -> None:
    def send(**body: object) -> httpx.Response:
        asked = {"document_ids": document_ids, **body}
        return client.post("/v1/summaries", json=asked, headers={"idempotency-key": "once"})

    jobs = {send().json()["id"] for _ in range(3)}
    assert len(jobs) == 1
    problem_of(send(focus="money"), 422, "idempotency-key-reused")


def test_a_collection_is_summarized_as_far_as_it_passes_the_filter(client: httpx.Client) -> None:
    whole = summarize(client, collection="default").json()
    assert len(whole["document_ids"]) > 3
    title = whole["coverage"][0]["title"]
    some = summarize(client, collection="default", filter={"title": title}).json()
    assert some["document_ids"] == whole["document_ids"][:1]
    none = summarize(client, collection="default", filter={"title": "no such"})
    assert "passes the filter" in problem_of(none, 422, "invalid-request")["detail"]


def test_a_dry_run_without_a_model_takes_nothing(
    client: httpx.Client, document_ids: list[str]
) -> None:
    before = client.get("/v1/jobs").json()["items"]
    response = client.post("/v1/summaries", json={"document_ids": document_ids, "dry_run": True})
    assert response.status_code == 200
    assert response.json() == {
        "documents": len(document_ids),
        "calls": 0,
        "sources": 0,
        "prompt": 0,
        "completion": 0,
        "cost": None,
    }
    assert client.get("/v1/jobs").json()["items"] == before


def test_a_summary_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    problem_of(client.get("/v1/summaries/sum_0"), 404, "not-found")


def test_an_unknown_document_is_a_problem_that_names_it(client: httpx.Client) -> None:
    problem = problem_of(summarize(client, document_ids=["doc_0"]), 404, "not-found")
    assert "doc_0" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "either document_ids or a collection"),
        ({"document_ids": ["doc_0"], "collection": "default"}, "either document_ids or"),
        ({"document_ids": ["doc_0"], "filter": {"a": 1}}, "A filter is for a collection"),
        ({"collection": "default", "mode": "llm"}, "PINCITE_LLM_BASE_URL"),
        ({"collection": "default", "focus": " "}, "The focus is blank"),
        ({"document_ids": []}, "'document_ids' is []"),
        ({"document_ids": ["doc_0"] * 10_001}, "'document_ids'"),
        ({"document_ids": ["doc_0"], "max_words": 19}, "'max_words' is 19"),
        ({"document_ids": ["doc_0"], "max_words": 1001}, "'max_words' is 1001"),
        ({"document_ids": ["doc_0"], "style": "ode"}, "'style' is 'ode'"),
        ({"document_ids": ["doc_0"], "length": 3}, "no field 'length'"),
        ({"document_ids": ["\ud800"]}, "'document_ids.0'"),
        ({"document_ids": [1]}, "'document_ids.0' is 1"),
    ],
)
def test_a_bad_request_is_a_problem(
    client: httpx.Client, body: dict[str, object], says: str
) -> None:
    response = post_json(client, "/v1/summaries?wait=true", body)
    problem = problem_of(response, 422, "invalid-request")
    assert says in problem["detail"]
