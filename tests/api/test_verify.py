from typing import Any

import httpx
import pytest

from tests.api.serving import document_of, post_json, problem_of

FERRY = (
    "The ferry carries 120 passengers. It was built in 1978 at Skarne. Fares rose by 15% in March."
)
TEXT = "The ferry carries 120 passengers. Is it old?  It carries 300 passengers to Oslo."


def _verify(client: httpx.Client, text: str, *sources: dict[str, str]) -> dict[str, Any]:
    response = client.post("/v1/verify", json={"text": text, "sources": list(sources)})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_every_sentence_gets_a_verdict_a_score_and_reasons(client: httpx.Client) -> None:
    found = _verify(client, TEXT, {"id": "ferry", "text": FERRY})
    assert found["text"] == TEXT
    assert [set(one) for one in found["sentences"]] == [
        {"text", "span", "verdict", "score", "citations", "reasons"}
    ] * 3
    first, question, last = found["sentences"]
    assert (first["verdict"], first["reasons"]) == ("supported", [])
    assert (question["verdict"], question["citations"]) == ("not_a_claim", [])
    assert last["verdict"] in {"contradicted", "partial", "unsupported"}
    assert any("300" in reason for reason in last["reasons"])
    assert first["score"] > 0.5 > last["score"]
    for sentence in found["sentences"]:
        span = sentence["span"]
        assert TEXT[span["start"] : span["end"]] == sentence["text"]


def test_a_citation_is_the_text_of_its_source_at_its_span(client: httpx.Client) -> None:
    found = _verify(client, TEXT, {"id": "other", "text": "Bees hum."}, {"id": "f", "text": FERRY})
    (marker,) = found["sentences"][0]["citations"]
    citation = next(one for one in found["citations"] if one["marker"] == marker)
    assert (citation["document_id"], citation["version"]) == ("f", 0)
    assert citation["quote"] == "The ferry carries 120 passengers."
    assert FERRY[citation["span"]["start"] : citation["span"]["end"]] == citation["quote"]


def test_a_stored_document_is_a_source_and_its_citation_can_be_looked_up(
    client: httpx.Client,
) -> None:
    sent = client.post("/v1/documents?wait=true", json={"text": FERRY, "collection": "verified"})
    document_id = document_of(sent)["id"]
    found = _verify(client, "The ferry was built at Skarne in 1978.", {"document_id": document_id})
    assert found["sentences"][0]["verdict"] == "supported"
    citation = found["citations"][0]
    assert citation["document_id"] == document_id
    looked_up = client.get(f"/v1/citations/{citation['id']}").json()
    assert (looked_up["status"], looked_up["quote"]) == ("current", citation["quote"])


def test_a_document_that_is_not_there_is_a_problem(client: httpx.Client) -> None:
    body = {"text": "It is.", "sources": [{"document_id": "doc_" + "0" * 20}]}
    problem_of(client.post("/v1/verify", json=body), 404, "not-found")


SOURCE = {"id": "a", "text": "It rains."}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"text": " ", "sources": [SOURCE]}, "blank"),
        ({"text": "It \ud800 rains.", "sources": [SOURCE]}, "'text'"),
        ({"text": "It rains.", "sources": []}, "'sources' is []"),
        ({"text": "It rains.", "sources": [{"id": "a"}]}, "either {id, text} or {document_id}"),
        ({"text": "It rains.", "sources": [{"text": "b"}]}, "either {id, text} or {document_id}"),
        (
            {"text": "It rains.", "sources": [{**SOURCE, "document_id": "d"}]},
            "either {id, text} or {document_id}",
        ),
        ({"text": "It rains.", "sources": [SOURCE, SOURCE]}, "Two sources have the id 'a'"),
        (
            {"text": "It rains.", "sources": [{"id": str(at), "text": "x"} for at in range(51)]},
            "50",
        ),
        ({"text": "a" * 50_001, "sources": [SOURCE]}, "'text'"),
        ({"text": "It rains. " * 201, "sources": [SOURCE]}, "has 201 sentences"),
        (
            {"text": "It rains.", "sources": [{"id": "a", "text": "x" * 1_000_001}]},
            "the sources have 1,000,001 characters",
        ),
        ({"text": "It rains.", "sources": [SOURCE], "judge": True}, "no field 'judge'"),
        ({"sources": [SOURCE]}, "'text' is missing"),
    ],
)
def test_a_bad_request_is_a_problem(client: httpx.Client, body: object, says: str) -> None:
    problem = problem_of(post_json(client, "/v1/verify", body), 422, "invalid-request")
    assert says in problem["detail"]


def test_an_empty_source_is_a_problem(client: httpx.Client) -> None:
    body = {"text": "It rains.", "sources": [{"id": "a", "text": " \n "}]}
    problem_of(client.post("/v1/verify", json=body), 422, "empty-document")
