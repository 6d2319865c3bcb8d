import httpx
import pytest

from tests.api.serving import document_of, ended_job, post_json, problem_of
from tests.corpus.files import (
    one_of_each,
    pdf,
    pdf_of_pictures,
    pdf_report,
    with_entry,
    with_password,
    word,
)

HERON = "The heron stands in the reeds. It waits for a fish."


def send(client: httpx.Client, *files: tuple[str, bytes], **fields: str) -> httpx.Response:
    parts = [("files", file) for file in files]
    return client.post("/v1/documents?wait=true", files=parts, data=fields)


def post(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/v1/documents?wait=true", json=body)


def test_a_file_is_searchable_when_it_was_waited_for(client: httpx.Client) -> None:
    response = send(client, ("heron.txt", HERON.encode()), collection="waited")
    entry = document_of(response)
    assert response.status_code == 200
    assert set(entry) == {"name", "id", "outcome", "version", "title", "status", "job_id"}
    assert (entry["name"], entry["outcome"], entry["version"], entry["status"]) == (
        "heron.txt",
        "created",
        1,
        "ready",
    )
    found = client.post("/v1/search", json={"query": "heron", "collection": "waited"}).json()
    assert found["passages"][0]["chunk"]["document_id"] == entry["id"]


def test_a_file_that_is_not_waited_for_is_accepted_and_becomes_searchable(
    client: httpx.Client,
) -> None:
    response = client.post(
        "/v1/documents", files={"file": ("heron.txt", HERON)}, data={"collection": "later"}
    )
    assert response.status_code == 202
    entry = document_of(response)
    assert entry["status"] == "pending"
    job = ended_job(client, entry["job_id"])
    assert (job["status"], job["document_ids"]) == ("done", [entry["id"]])
    assert client.get(f"/v1/documents/{entry['id']}").json()["status"] == "ready"


def test_a_text_is_a_document(client: httpx.Client) -> None:
    entry = document_of(
        post(
            client,
            text=HERON,
            title="Herons",
            uri="https://example.org/herons",
            external_id="h-1",
            metadata={"year": 2025},
            collection="texts",
        )
    )
    stored = client.get(f"/v1/documents/{entry['id']}").json()
    assert (stored["title"], stored["uri"], stored["external_id"]) == (
        "Herons",
        "https://example.org/herons",
        "h-1",
    )
    assert (stored["metadata"], stored["media_type"]) == ({"year": 2025}, "text/plain")
    assert "text" not in stored


def test_the_form_fields_describe_a_single_file(client: httpx.Client) -> None:
    response = send(
        client,
        ("page.html", b"<h1>Reeds</h1><p>The heron stands in the reeds, as it does.</p>"),
        collection="forms",
        external_id="f-1",
        title="Reeds",
        uri="",
        metadata='{"by": "me"}',
    )
    stored = client.get(f"/v1/documents/{document_of(response)['id']}").json()
    assert (stored["title"], stored["external_id"], stored["uri"]) == ("Reeds", "f-1", None)
    assert (stored["metadata"]["by"], stored["media_type"]) == ("me", "text/html")


def test_the_same_again_is_unchanged_and_other_content_is_a_new_version(
    client: httpx.Client,
) -> None:
    outcomes = [
        document_of(post(client, text=text, external_id="v", collection="versions"))
        for text in (HERON, HERON, "The heron has gone.")
    ]
    assert [one["outcome"] for one in outcomes] == ["created", "unchanged", "updated"]
    assert outcomes[1]["job_id"] is None
    assert len({one["id"] for one in outcomes}) == 1
    url = f"/v1/documents/{outcomes[0]['id']}/text"
    assert client.get(url).json()["text"] == "The heron has gone."
    old = client.get(url, params={"version": 1}).json()
    assert old == {"document_id": outcomes[0]["id"], "version": 1, "text": HERON}


def test_the_same_content_under_another_id_is_a_duplicate(client: httpx.Client) -> None:
    first = document_of(post(client, text=HERON, external_id="a", collection="twins"))
    second = document_of(post(client, text=HERON, external_id="b", collection="twins"))
    assert (second["outcome"], second["id"]) == ("duplicate_of", first["id"])


def test_documents_are_listed_in_pages(client: httpx.Client) -> None:
    sent = [
        document_of(post(client, text=f"{HERON} {n}", collection="pages"))["id"] for n in range(3)
    ]
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        params = {"collection": "pages", "limit": "2", **cursor}
        page = client.get("/v1/documents", params=params).json()
        listed += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert listed == sent


def test_documents_are_listed_by_a_filter(client: httpx.Client) -> None:
    for year in (2024, 2025, 2026):
        body = {"text": f"In {year}.", "collection": "years", "metadata": {"year": year}}
        client.post("/v1/documents?wait=true", json=body).raise_for_status()
    query = {"collection": "years", "filter": '{"year": {"gte": 2025}}', "limit": "1"}
    first = client.get("/v1/documents", params=query).json()
    second = client.get("/v1/documents", params={**query, "cursor": first["next_cursor"]}).json()
    years = [one["metadata"]["year"] for one in (*first["items"], *second["items"])]
    assert (years, second["next_cursor"]) == ([2025, 2026], None)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "The filter is not JSON: "),
        ("[" * 15_000, "The filter is not JSON: "),
        ("[]", "The filter is not a JSON object."),
        ('{"year": {}}', "nothing where an operator should be"),
    ],
)
def test_a_bad_filter_is_a_problem(client: httpx.Client, given: str, says: str) -> None:
    answer = client.get("/v1/documents", params={"filter": given})
    assert says in problem_of(answer, 422, "invalid-request")["detail"]


def test_a_deleted_document_is_gone(client: httpx.Client) -> None:
    document_id = document_of(post(client, text=HERON, collection="deleted"))["id"]
    response = client.delete(f"/v1/documents/{document_id}")
    assert (response.status_code, response.content) == (204, b"")
    problem_of(client.get(f"/v1/documents/{document_id}"), 404, "not-found")
    problem_of(client.get(f"/v1/documents/{document_id}/text"), 404, "not-found")
    problem_of(client.delete(f"/v1/documents/{document_id}"), 404, "not-found")
    found = client.post("/v1/search", json={"query": "heron", "collection": "deleted"}).json()
    assert found["passages"] == []


@pytest.mark.parametrize(
    ("name", "data", "status", "slug"),
    [
        ("empty.txt", b"", 422, "empty-document"),
        ("blank.md", b" \n\t\n", 422, "empty-document"),
        ("program.exe", b"MZ", 415, "unknown-type"),
        ("no-suffix", b"\0\1", 415, "unknown-type"),
        ("scan.pdf", b"\x89PNG\r\n", 415, "unknown-type"),
        ("scan.pdf", pdf_of_pictures(), 422, "no-text"),
        ("locked.pdf", with_password(pdf(["x"])), 422, "encrypted"),
        ("cut.docx", word()[:2000], 422, "damaged"),
        ("long.pdf", pdf(*[["x"]] * 31), 413, "too-many-pages"),
        ("bomb.docx", with_entry(word(), "word/zeros", bytes(2**28)), 413, "expands-too-much"),
        ("latin.txt", "Fähre".encode("latin-1"), 422, "not-utf8"),
        ("binary.txt", b"a\0b", 422, "not-utf8"),
        ("large.txt", b"a" * (1024 * 1024 + 1), 413, "too-large"),
    ],
)
def test_a_file_that_can_not_be_read_is_a_problem(
    client: httpx.Client, name: str, data: bytes, status: int, slug: str
) -> None:
    problem_of(send(client, (name, data)), status, slug)


@pytest.mark.parametrize(
    ("body", "status", "slug", "says"),
    [
        ({"text": "  "}, 422, "empty-document", ""),
        ({"text": "a" * (1024 * 1024 + 1)}, 413, "too-large", "1 MiB"),
        ({"text": "é" * (1024 * 512 + 1)}, 413, "too-large", ""),
        ({"text": "a", "media_type": "application/pdf"}, 415, "unknown-type", "application/pdf"),
        ({"text": "a", "collection": ""}, 422, "invalid-request", "'collection'"),
        ({"text": 7}, 422, "invalid-request", "'text' is 7"),
        ({"title": "no text"}, 422, "invalid-request", "'text' is missing"),
        ({"text": "a", "tags": []}, 422, "invalid-request", "no field 'tags'"),
        ({"text": "a", "metadata": {"x": "\ud800"}}, 422, "invalid-request", "'metadata'"),
        ({"text": "a\ud800b"}, 422, "not-utf8", "U+D800"),
        ([], 422, "invalid-request", ""),
    ],
)
def test_a_text_that_can_not_be_a_document_is_a_problem(
    client: httpx.Client, body: object, status: int, slug: str, says: str
) -> None:
    problem = problem_of(post_json(client, "/v1/documents", body), status, slug)
    assert says in problem["detail"]


def test_in_a_batch_the_bad_files_have_problems_and_the_others_go_on(client: httpx.Client) -> None:
    response = send(
        client,
        ("a.txt", b"The first heron."),
        ("b.exe", b"MZ"),
        ("c.txt", b"\xff\xff"),
        ("d.txt", b"The second heron."),
        collection="batch",
    )
    assert response.status_code == 200
    first, unknown, latin, second = response.json()["documents"]
    job = client.get(f"/v1/jobs/{first['job_id']}").json()
    assert (job["status"], job["total"]) == ("done", 2)
    assert job["document_ids"] == sorted([first["id"], second["id"]])
    assert (first["outcome"], second["outcome"]) == ("created", "created")
    assert (unknown["name"], unknown["problem"]["status"]) == ("b.exe", 415)
    assert (latin["name"], latin["problem"]["status"]) == ("c.txt", 422)


def test_a_batch_of_bad_files_only_is_a_problem_that_names_each(client: httpx.Client) -> None:
    response = send(client, ("a.exe", b"MZ"), ("b.txt", b""))
    assert response.status_code == 415
    assert "a.exe" in response.json()["detail"]
    assert "b.txt" in response.json()["detail"]


def test_files_of_every_format_are_documents(client: httpx.Client) -> None:
    files = one_of_each()
    response = send(client, *files.items(), collection="formats")
    assert response.status_code == 200
    entries = response.json()["documents"]
    assert [(one["name"], one.get("outcome")) for one in entries] == [
        (name, "created") for name in files
    ]
    stored = client.get(f"/v1/documents/{entries[0]['id']}").json()
    assert (stored["media_type"], stored["title"], stored["metadata"]) == (
        "application/pdf",
        "Annual Report of the Coastal Council",
        {"author": "Ilse Maran"},
    )


def test_an_answer_from_a_pdf_names_the_page(client: httpx.Client) -> None:
    send(client, ("report.pdf", pdf_report()), collection="paged")
    body = {"question": "How much did dredging cost?", "collection": "paged"}
    answer = client.post("/v1/answers", json=body).json()
    assert answer["citations"][0]["page"] == 2


def test_a_file_without_a_known_suffix_is_read_by_its_content_type(client: httpx.Client) -> None:
    file = ("README", b"# Herons\n\nThey stand.", "text/markdown; charset=utf-8")
    response = client.post(
        "/v1/documents?wait=true", files={"file": file}, data={"collection": "typed"}
    )
    stored = client.get(f"/v1/documents/{document_of(response)['id']}").json()
    assert (stored["media_type"], stored["title"]) == ("text/markdown", "Herons")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"metadata": "{"}, "'metadata' is not a JSON object"),
        ({"metadata": "[1]"}, "'metadata'"),
        ({"color": "red"}, "no field 'color'"),
    ],
)
def test_bad_form_fields_are_a_problem(
    client: httpx.Client, fields: dict[str, str], says: str
) -> None:
    response = send(client, ("a.txt", b"a"), **fields)
    assert says in problem_of(response, 422, "invalid-request")["detail"]


def test_one_id_for_two_files_is_a_problem(client: httpx.Client) -> None:
    response = send(client, ("a.txt", b"a"), ("b.txt", b"b"), external_id="x")
    problem_of(response, 422, "invalid-request")


def test_a_form_without_a_file_is_a_problem(client: httpx.Client) -> None:
    response = client.post("/v1/documents", files={"picture": ("a.txt", b"a")})
    assert "'files'" in problem_of(response, 422, "invalid-request")["detail"]


def test_a_body_of_another_type_is_a_problem(client: httpx.Client) -> None:
    response = client.post("/v1/documents", content=b"a", headers={"content-type": "text/plain"})
    assert "'text/plain'" in problem_of(response, 415, "unsupported-body")["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x"])
def test_a_bad_page_is_a_problem(client: httpx.Client, query: str) -> None:
    problem_of(client.get(f"/v1/documents?{query}"), 422, "invalid-request")


@pytest.mark.parametrize("path", ["/v1/documents/doc_0", "/v1/documents/doc_0/text"])
def test_an_unknown_document_is_a_problem_that_names_it(client: httpx.Client, path: str) -> None:
    assert "doc_0" in problem_of(client.get(path), 404, "not-found")["detail"]


def test_an_unknown_version_is_a_problem(client: httpx.Client) -> None:
    document_id = client.get("/v1/documents").json()["items"][0]["id"]
    response = client.get(f"/v1/documents/{document_id}/text", params={"version": 99})
    problem_of(response, 404, "not-found")
