from typing import Any

import httpx
import pytest

from tests.api.serving import document_of, post_json, problem_of

TEXT = "The heron stands in the reeds. It waits there for a fish every morning."


def test_a_search_gives_passages_best_first(client: httpx.Client) -> None:
    found = client.post("/v1/search", json={"query": "herring quota", "k": 3}).json()
    assert (found["query"], found["mode"]) == ("herring quota", "hybrid")
    assert [passage["rank"] for passage in found["passages"]] == [1, 2, 3]
    best = found["passages"][0]
    assert set(best) == {"chunk", "title", "uri", "text", "score", "rank", "ranks_by"}
    assert "units" not in best["chunk"]
    assert set(best["ranks_by"]) <= {"dense", "lexical"}


def test_a_passage_is_the_text_at_its_span(client: httpx.Client) -> None:
    (passage,) = client.post("/v1/search", json={"query": "tram", "k": 1}).json()["passages"]
    chunk = passage["chunk"]
    text = client.get(f"/v1/documents/{chunk['document_id']}/text").json()["text"]
    assert text[chunk["span"]["start"] : chunk["span"]["end"]] == passage["text"]


@pytest.mark.parametrize(("mode", "half"), [("dense", "dense"), ("lexical", "lexical")])
def test_half_of_the_search_can_be_asked_alone(client: httpx.Client, mode: str, half: str) -> None:
    found = client.post("/v1/search", json={"query": "ferry budget", "mode": mode}).json()
    assert found["mode"] == mode
    assert {key for passage in found["passages"] for key in passage["ranks_by"]} == {half}


def test_a_collection_that_is_not_there_has_no_passages(client: httpx.Client) -> None:
    found = client.post("/v1/search", json={"query": "tram", "collection": "none"}).json()
    assert found["passages"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"query": "tram", "k": 0}, "'k' is 0"),
        ({"query": "tram", "k": 101}, "'k' is 101"),
        ({"query": "tram", "k": "many"}, "'k' is 'many'"),
        ({"query": "tram", "mode": "fuzzy"}, "'mode' is 'fuzzy'"),
        ({"query": "   "}, "blank"),
        ({"query": ""}, "blank"),
        ({"query": "a\ud800"}, "'query'"),
        ({"query": "a" * 4001}, "'query'"),
        ({"query": None}, "'query' is None"),
        ({}, "'query' is missing"),
        ({"query": "tram", "filter": []}, "'filter' is []"),
        ({"query": "tram", "filter": {"year": []}}, "a list of 0 where a list of 1 to 100"),
        ({"query": "tram", "filter": {"year": {"near": 1}}}, "there are gt, gte, lt, lte, eq"),
        ({"query": "tram", "max_tokens": 0}, "'max_tokens' is 0"),
        ({"query": "tram", "per_document": 0}, "'per_document' is 0"),
    ],
)
def test_a_bad_search_is_a_problem(client: httpx.Client, body: object, says: str) -> None:
    problem = problem_of(post_json(client, "/v1/search", body), 422, "invalid-request")
    assert says in problem["detail"]


def test_a_search_keeps_a_budget_and_a_cap(client: httpx.Client) -> None:
    def search(**more: int) -> list[dict[str, Any]]:
        body = {"query": "ferry budget", "k": 10, **more}
        found: list[dict[str, Any]] = client.post("/v1/search", json=body).json()["passages"]
        return found

    names = [one["chunk"]["document_id"] for one in search(per_document=1)]
    assert len(names) == len(set(names)) > 1
    sizes = [one["chunk"]["token_count"] for one in search(max_tokens=200)]
    assert sum(sizes) <= 200 < sum(one["chunk"]["token_count"] for one in search())


def test_a_filter_chooses_the_documents_of_searches_and_answers(client: httpx.Client) -> None:
    for year, colour in ((2024, "blue"), (2025, "red")):
        text = f"The lighthouse of Skarne was painted {colour}."
        body = {"text": text, "collection": "painted", "metadata": {"year": year, "tags": ["a"]}}
        client.post("/v1/documents?wait=true", json=body).raise_for_status()

    def ask(path: str, name: str, where: object) -> dict[str, Any]:
        question = "Which colour was the lighthouse of Skarne painted?"
        body = {name: question, "collection": "painted", "filter": where}
        found: dict[str, Any] = client.post(path, json=body).raise_for_status().json()
        return found

    for year, colour in ((2024, "blue"), (2025, "red")):
        where = {"year": {"gte": year, "lt": year + 1}, "tags": {"contains": "a"}}
        (passage,) = ask("/v1/search", "query", where)["passages"]
        assert colour in passage["text"]
        assert colour in ask("/v1/answers", "question", where)["text"]
    assert len(ask("/v1/search", "query", None)["passages"]) == 2
    assert ask("/v1/answers", "question", {"tags": "a"})["status"] == "abstained"


def test_a_filter_that_is_nested_deep_is_a_problem(client: httpx.Client) -> None:
    for depth in (100, 900, 100_000):
        nested = '{"x": ' * depth + "1" + "}" * depth
        for path, body in (
            ("/v1/search", f'{{"query": "tram", "filter": {nested}}}'),
            ("/v1/search", f'{{"query": {nested}}}'),
            ("/v1/answers", f'{{"question": "tram", "filter": {nested}}}'),
        ):
            headers = {"content-type": "application/json"}
            answer = client.post(path, content=body, headers=headers)
            assert answer.status_code in {400, 422}, answer.text


def test_an_answer_cites_characters_of_its_documents(client: httpx.Client) -> None:
    question = "Where does the heron stand?"
    client.post("/v1/documents?wait=true", json={"text": TEXT, "collection": "quoted"})
    body = {"question": question, "collection": "quoted"}
    answer = client.post("/v1/answers", json=body).json()
    assert (answer["status"], answer["reason"], answer["question"]) == ("answered", None, question)
    assert answer["citations"]
    for citation in answer["citations"]:
        url = f"/v1/documents/{citation['document_id']}/text"
        text = client.get(url, params={"version": citation["version"]}).json()["text"]
        assert text[citation["span"]["start"] : citation["span"]["end"]] == citation["quote"]
    for sentence in answer["sentences"]:
        span = sentence["span"]
        assert answer["text"][span["start"] : span["end"]] == sentence["text"]


def test_an_answer_has_every_field_of_the_design(client: httpx.Client) -> None:
    answer = client.post(
        "/v1/answers", json={"question": "How deep is the harbour?", "mode": "extractive"}
    ).json()
    assert list(answer) == [
        "id",
        "question",
        "standalone_question",
        "status",
        "reason",
        "text",
        "sentences",
        "citations",
        "passages",
        "conflicts",
        "usage",
        "timings",
        "model",
        "prompt_hash",
    ]


def test_without_evidence_it_abstains_and_says_why(client: httpx.Client) -> None:
    body = {"question": "Who painted the ceiling?", "collection": "none"}
    answer = client.post("/v1/answers", json=body).json()
    assert (answer["status"], answer["reason"]) == ("abstained", "no_evidence")
    assert (answer["text"], answer["citations"]) == ("", [])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"question": " \t\n"}, "blank"),
        ({"question": "Why?", "mode": "llm"}, "There is no model"),
        ({"question": "Why?", "mode": "best"}, "'mode' is 'best'"),
        ({"question": "Why?", "policy": "hide"}, "'policy' is 'hide'"),
        ({"question": "Why?", "streaming": True}, "no field 'streaming'"),
        ({"question": "Why?", "history": [{"role": "system", "content": ""}]}, "'system'"),
        (
            {"question": "Why?", "filter": {"x": {"gt": "soon"}}},
            "'soon' where the bound of a range",
        ),
        ({"question": ["Why?"]}, "'question' is ['Why?']"),
    ],
)
def test_a_bad_question_is_a_problem(client: httpx.Client, body: dict[str, Any], says: str) -> None:
    for asked in (body, {**body, "stream": True}):
        problem = problem_of(client.post("/v1/answers", json=asked), 422, "invalid-request")
        assert says in problem["detail"]


def test_a_citation_is_current_then_changed_then_deleted(client: httpx.Client) -> None:
    def send(text: str) -> str:
        body = {"text": text, "external_id": "cited", "collection": "cited"}
        sent = client.post("/v1/documents?wait=true", json=body)
        document_id: str = document_of(sent)["id"]
        return document_id

    document_id = send(TEXT)
    summary = client.post("/v1/summaries?wait=true", json={"document_ids": [document_id]}).json()
    citation = summary["citations"][0]
    url = f"/v1/citations/{citation['id']}"

    current = client.get(url).json()
    assert current["status"] == "current"
    assert {key: current[key] for key in ("id", "document_id", "version", "span", "quote")} == {
        key: citation[key] for key in ("id", "document_id", "version", "span", "quote")
    }
    send("The heron has gone to the sea.")
    changed = client.get(url).json()
    assert (changed["status"], changed["quote"]) == ("changed", citation["quote"])
    client.delete(f"/v1/documents/{document_id}")
    deleted = client.get(url).json()
    assert (deleted["status"], deleted["quote"]) == ("deleted", None)


@pytest.mark.parametrize("citation_id", ["cit_0", "x", "%20"])
def test_an_unknown_citation_is_a_problem(client: httpx.Client, citation_id: str) -> None:
    problem_of(client.get(f"/v1/citations/{citation_id}"), 404, "not-found")
