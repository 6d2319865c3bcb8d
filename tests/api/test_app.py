import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from rag import Settings
from tests.api.serving import problem_of


def test_the_process_is_alive(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_the_store_answers_and_says_what_it_holds(client: httpx.Client) -> None:
    body = client.get("/readyz").json()
    assert body["status"] == "ok"
    assert body["documents"] >= 6
    assert body["searchable_chunks"] > body["documents"]
    assert body["collections_by_words_only"] == 0


def test_it_is_not_ready_before_it_has_started(settings: Settings) -> None:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(settings))  # which runs no lifespan
        async with httpx.AsyncClient(transport=transport, base_url="http://pincite") as unstarted:
            return await unstarted.get("/readyz")

    problem_of(asyncio.run(get()), 503, "not-ready")


def test_an_unknown_route_is_a_problem(client: httpx.Client) -> None:
    assert "/docs" in problem_of(client.get("/v2/answers"), 404, "no-such-route")["detail"]


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: httpx.Client) -> None:
    response = client.get("/v1/search")
    assert "POST" in problem_of(response, 405, "method-not-allowed")["detail"]
    assert response.headers["allow"] == "POST"


def test_every_response_has_a_request_id(client: httpx.Client) -> None:
    first, second = (client.get("/healthz").headers["x-request-id"] for _ in range(2))
    assert first != second


def test_a_plain_request_id_of_the_client_is_kept(client: httpx.Client) -> None:
    response = client.get("/nothing", headers={"x-request-id": "abc-1"})
    assert problem_of(response, 404, "no-such-route")["request_id"] == "abc-1"


@pytest.mark.parametrize("sent", ["two words", "x" * 65, "a\tb"])
def test_an_odd_request_id_of_the_client_is_replaced(client: httpx.Client, sent: str) -> None:
    response = client.get("/healthz", headers={"x-request-id": sent})
    assert response.headers["x-request-id"].startswith("req_")


def test_the_page_to_try_it_needs_no_other_host(client: httpx.Client) -> None:
    page = client.get("/", follow_redirects=True)
    assert page.url.path == "/docs"
    loaded = [httpx.URL(one) for one in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
    assert len(loaded) == 3
    for url in loaded:
        assert url.host == page.url.host
        assert client.get(url).content
    assert "url: '/openapi.json'" in page.text


def test_the_routes_are_described(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/documents", "/v1/search", "/v1/answers", "/v1/summaries", "/v1/jobs"} <= set(paths)


@pytest.mark.parametrize("body", [b"{", b'{"query": ', b"\xff", b"[" * 200_000])
@pytest.mark.parametrize("path", ["/v1/search", "/v1/documents"])
def test_a_body_that_is_not_json_is_a_problem(client: httpx.Client, path: str, body: bytes) -> None:
    response = client.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_a_request_over_the_limit_is_refused_by_its_declared_length(client: httpx.Client) -> None:
    response = client.post("/v1/search", content=b" " * (3 * 1024 * 1024 + 1))
    assert "3 MiB" in problem_of(response, 413, "too-large")["detail"]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/v1/search", "application/json"),
        ("/v1/documents", "application/json"),
        ("/v1/documents", "multipart/form-data; boundary=x"),
    ],
)
def test_a_request_over_the_limit_is_refused_as_it_comes_in(
    settings: Settings, client: httpx.Client, path: str, content_type: str
) -> None:
    def parts() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(settings.max_request_mb + 1):
            yield b"a" * 1024 * 1024

    # Over a connection of its own, which the server closes.
    response = httpx.post(
        str(client.base_url.join(path)), content=parts(), headers={"content-type": content_type}
    )
    problem_of(response, 413, "too-large")


def test_the_description_of_the_api_refers_to_what_it_has(client: httpx.Client) -> None:
    described = client.get("/openapi.json")
    named = set(re.findall(r'"\$ref":\s*"([^"]+)"', described.text))
    schemas = described.json()["components"]["schemas"]
    assert named
    assert named <= {f"#/components/schemas/{name}" for name in schemas}


def test_the_description_of_an_answer_has_it_whole_and_as_events(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/answers"]["post"]
    content = described["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    kinds = content["text/event-stream"]["itemSchema"]["oneOf"]
    stage = kinds[0]["properties"]["data"]["contentSchema"]["properties"]["stage"]
    assert stage["enum"] == ["retrieving", "generating", "verifying"]
