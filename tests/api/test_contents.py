import httpx
import pytest

from tests.api.serving import document_of, problem_of

HERON = "The heron stands in the reeds. It waits for a fish."


def send(client: httpx.Client, name: str, data: bytes, **fields: str) -> str:
    response = client.post("/v1/documents?wait=true", files={"file": (name, data)}, data=fields)
    found: str = document_of(response)["id"]
    return found


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("heron.txt", "attachment; filename*=UTF-8''heron.txt"),
        ('a "b";\r\n é.txt', "attachment; filename*=UTF-8''"),
    ],
)
def test_the_file_comes_back_as_it_was_sent(
    client: httpx.Client, name: str, disposition: str
) -> None:
    data = b"\xef\xbb\xbf" + HERON.encode() + b"\r\n"
    document_id = send(client, name, data, collection=f"files {len(name)}")
    response = client.get(f"/v1/documents/{document_id}/file")
    assert (response.status_code, response.content) == (200, data)
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["content-disposition"].startswith(disposition)
    assert not set(response.headers["content-disposition"]) & set('"\r\n')
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_page_is_not_shown_by_a_browser(client: httpx.Client) -> None:
    page = b"<script>alert(1)</script><p>The heron stands in the reeds, as it does.</p>"
    document_id = send(client, "page.html", page, collection="pages of files")
    response = client.get(f"/v1/documents/{document_id}/file")
    assert response.content == page
    assert response.headers["content-disposition"].startswith("attachment;")


def test_a_text_comes_back_as_a_file_and_old_versions_too(client: httpx.Client) -> None:
    same = {"external_id": "f", "collection": "texts of files"}
    client.post("/v1/documents?wait=true", json={"text": HERON, **same})
    newer = {"text": "The heron has gone. Ütsch.", **same}
    response = client.post("/v1/documents?wait=true", json=newer)
    url = f"/v1/documents/{document_of(response)['id']}/file"
    assert client.get(url).content == "The heron has gone. Ütsch.".encode()
    assert client.get(url, params={"version": 1}).content == HERON.encode()
    problem_of(client.get(url, params={"version": 3}), 404, "not-found")


def test_the_chunks_are_slices_of_the_text(client: httpx.Client) -> None:
    sections = "\n\n".join(f"# Part {number}\n\n{HERON}" for number in range(3))
    document_id = send(client, "parts.md", sections.encode(), collection="chunks")
    text = client.get(f"/v1/documents/{document_id}/text").json()["text"]
    chunks = client.get(f"/v1/documents/{document_id}/chunks").json()["items"]
    assert [one["ordinal"] for one in chunks] == [0, 1, 2]
    assert [one["heading_path"] for one in chunks] == [["Part 0"], ["Part 1"], ["Part 2"]]
    for one in chunks:
        assert text[one["span"]["start"] : one["span"]["end"]].endswith(HERON)


def test_metadata_is_changed_by_name(client: httpx.Client) -> None:
    document_id = send(
        client, "heron.txt", HERON.encode(), collection="metadata", metadata='{"a": 1, "b": 2}'
    )
    url = f"/v1/documents/{document_id}"
    changed = client.patch(url, json={"metadata": {"a": None, "c": [3]}})
    assert changed.status_code == 200
    assert changed.json() == client.get(url).json()
    assert (changed.json()["metadata"], changed.json()["version"]) == ({"b": 2, "c": [3]}, 1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "'metadata' is missing"),
        ({"metadata": []}, "'metadata'"),
        ({"metadata": {}, "text": "x"}, "no field 'text'"),
    ],
)
def test_what_can_not_be_changed_is_a_problem(
    client: httpx.Client, body: object, says: str
) -> None:
    response = client.patch("/v1/documents/doc_0", json=body)
    assert says in problem_of(response, 422, "invalid-request")["detail"]


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("GET", "/file"), ("GET", "/chunks")])
def test_an_unknown_document_is_a_problem(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, f"/v1/documents/doc_0{path}", json={"metadata": {}})
    assert "doc_0" in problem_of(response, 404, "not-found")["detail"]


@pytest.mark.parametrize("name", ["herons", "a/b c", "é"])
def test_a_collection_is_listed_until_it_is_deleted(client: httpx.Client, name: str) -> None:
    send(client, "a.txt", HERON.encode(), collection=name)
    document_id = send(client, "b.txt", b"The heron has gone.", collection=name)
    listed = client.get("/v1/collections").json()["items"]
    assert {"name": name, "documents": 2} in listed
    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    url = f"/v1/collections/{name}"
    assert client.delete(url).status_code == 204
    assert name not in {one["name"] for one in client.get("/v1/collections").json()["items"]}
    problem_of(client.get(f"/v1/documents/{document_id}"), 404, "not-found")
    assert (
        client.post("/v1/search", json={"query": "heron", "collection": name}).json()["passages"]
        == []
    )
    assert name in problem_of(client.delete(url), 404, "not-found")["detail"]
    again = client.get("/v1/documents", params={"collection": name}).json()
    assert again["items"] == []
