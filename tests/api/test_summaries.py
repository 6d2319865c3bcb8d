import httpx
import pytest

from tests.api.serving import post_json, problem_of


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
    assert 0 < len(words) <= 60


def test_a_focus_is_noted(client: httpx.Client, document_ids: list[str]) -> None:
    summary = summarize(client, document_ids=document_ids[:1], focus="money").json()
    assert summary["focus"] == "money"


def test_a_summary_that_is_not_waited_for_is_a_problem_that_says_how_to_wait(
    client: httpx.Client, document_ids: list[str]
) -> None:
    response = client.post("/v1/summaries", json={"document_ids": document_ids})
    assert "?wait=true" in problem_of(response, 422, "invalid-request")["detail"]


def test_an_unknown_document_is_a_problem_that_names_it(client: httpx.Client) -> None:
    problem = problem_of(summarize(client, document_ids=["doc_0"]), 404, "not-found")
    assert "doc_0" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "'document_ids' is missing"),
        ({"document_ids": []}, "'document_ids' is []"),
        ({"document_ids": ["doc_0"] * 21}, "'document_ids'"),
        ({"document_ids": ["doc_0"], "max_words": 19}, "'max_words' is 19"),
        ({"document_ids": ["doc_0"], "max_words": 1001}, "'max_words' is 1001"),
        ({"document_ids": ["doc_0"], "style": "bullets"}, "no field 'style'"),
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
