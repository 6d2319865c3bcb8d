import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.console import ABSTAINED, FAILED
from corpus.embedders import start_over
from rag import Pipeline, load_settings
from tests.corpus.files import one_of_each, pdf, with_password

HERON = "The heron stands in the reeds at dawn. It waits for a fish."
QUESTION = "Where does the heron stand at dawn?"


def pincite(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def ingested(*arguments: str | Path) -> list[dict[str, Any]]:
    result = pincite("ingest", "--json", *arguments)
    documents: list[dict[str, Any]] = json.loads(result.stdout)["documents"]
    return documents


@pytest.fixture
def heron(data_dir: Path, tmp_path: Path) -> Path:
    """A file that is ingested into the folder of the command line."""
    assert not data_dir.exists()
    path = tmp_path / "heron.txt"
    path.write_text(HERON)
    assert pincite("ingest", path).exit_code == 0
    return path


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    program = (
        "import sys, api.cli\n"
        "try: api.cli.app(['--help'])\n"
        "except SystemExit: print({'chromadb', 'onnxruntime', 'fastapi'} & set(sys.modules))\n"
    )
    result = subprocess.run(  # noqa: S603 -- its own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert all(name in result.stdout for name in ("serve", "ingest", "ask", "summarize", "demo"))
    assert result.stdout.endswith("set()\n")


def test_the_version_is_printed() -> None:
    assert pincite("--version").stdout.startswith("pincite ")


@pytest.mark.parametrize(
    "arguments", [["ask"], ["dance"], ["ingest", "no-such-file"], ["ask", "\udcff"]]
)
def test_wrong_usage_is_exit_code_2(data_dir: Path, arguments: list[str]) -> None:
    assert pincite(*arguments).exit_code == 2
    assert not data_dir.exists()


def test_ingest_says_how_many_of_each(heron: Path) -> None:
    assert pincite("ingest", heron).stdout == (
        "0 created, 0 updated, 1 unchanged, 0 duplicates, 0 failed.\n"
    )
    heron.write_text("The heron has gone.")
    assert pincite("ingest", heron).stdout.startswith("0 created, 1 updated")


def test_ingest_reads_folders_and_passes_over_what_it_can_not_read(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "a.txt").write_text("The first note.")
    (folder / "deep" / "b.md").write_text("The second note.")
    (folder / ".git" / "c.txt").write_text("Not a note.")
    (folder / "d.png").write_bytes(b"\x89PNG")
    result = pincite("ingest", folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("2 created")
    assert result.stdout.endswith("1 of other types passed over.\n")
    assert data_dir.is_dir()


def test_files_of_every_format_are_ingested_and_a_page_is_shown(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, data in one_of_each().items():
        (folder / name).write_bytes(data)
    (folder / "locked.pdf").write_bytes(with_password(pdf(["x"])))
    result = pincite("ingest", folder)
    assert result.exit_code == FAILED
    assert result.stdout.startswith("6 created, 0 updated, 0 unchanged, 0 duplicates, 1 failed")
    assert "/locked.pdf: It has a password." in result.stderr
    shown = pincite("ask", "How much did dredging cost the harbour master?").stdout
    assert "2 Harbours · page 2 · characters" in shown
    assert data_dir.is_dir()


def test_a_named_file_that_can_not_be_read_is_an_error_and_the_others_go_on(
    data_dir: Path, tmp_path: Path
) -> None:
    assert not data_dir.exists()
    contents = {
        "a.png": b"\x89PNG",
        "b.txt": b"\xff\xfe",
        "c.txt": b"",
        "d.txt": HERON.encode(),
        "e.txt": b"a" * (1024 * 1024 + 1),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    result = pincite("ingest", *(tmp_path / name for name in contents))
    assert result.exit_code == FAILED
    assert result.stdout.startswith("1 created")
    assert "4 failed" in result.stdout
    for name in ("a.png", "b.txt", "c.txt", "e.txt"):
        assert f"/{name}: " in result.stderr


def test_ingest_as_json_has_the_shape_of_the_http_route(heron: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"")
    stored, refused = ingested(heron, bad)
    assert stored == {
        "name": "heron.txt",
        "id": stored["id"],
        "outcome": "unchanged",
        "version": 1,
        "title": "heron.txt",
        "status": "ready",
        "job_id": None,
    }
    assert refused["problem"]["type"] == "urn:pincite:problem:empty-document"


@pytest.mark.parametrize("name", ["news.jsonl", "news.jsonl.gz"])
def test_json_lines_are_documents_by_their_mapping(
    data_dir: Path, tmp_path: Path, name: str
) -> None:
    assert not data_dir.exists()
    lines = [
        {"body": HERON, "head": "Herons", "url": "https://example.org/1", "date": "2024/01/02"},
        {"body": "Another text, without more."},
    ]
    data = "\n".join(json.dumps(line) for line in lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    first, second = ingested("--jsonl", "text=body,title=head,uri=url,date=date", path)
    assert (first["title"], second["outcome"]) == ("Herons", "created")

    pipeline = Pipeline(load_settings())
    try:
        stored = pipeline._library.document("default", first["id"])
    finally:
        pipeline.close()
    assert (stored.external_id, stored.uri) == ("https://example.org/1", "https://example.org/1")
    assert (stored.text, stored.metadata) == (HERON, {"date": "2024/01/02"})


def test_a_bad_line_is_named_by_its_number_and_the_others_go_on(
    data_dir: Path, tmp_path: Path
) -> None:
    assert not data_dir.exists()
    path = tmp_path / "news.jsonl"
    good = json.dumps({"text": HERON}).encode()
    bad = [b"{", b"[]", b'{"text": 7}', b'{"text": "a", "title": 7}', b"\xff", b'{"text": ""}']
    path.write_bytes(b"\n".join([*bad, b"", good]))
    result = pincite("ingest", "--jsonl", "text=text,title=title", path)
    assert result.exit_code == FAILED
    assert result.stdout.startswith("1 created")
    for number in range(1, len(bad) + 1):
        assert f"pincite: {path}:{number}: " in result.stderr


def test_an_archive_that_breaks_off_is_an_error(data_dir: Path, tmp_path: Path) -> None:
    assert not data_dir.exists()
    path = tmp_path / "news.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": HERON}).encode() + b"\n")[:-9])
    result = pincite("ingest", "--jsonl", "text=text", path)
    assert result.exit_code == FAILED
    assert f"pincite: {path}:" in result.stderr


@pytest.mark.parametrize("mapping", ["title=title", "text", "text=", "text=a,text=b"])
def test_a_mapping_that_makes_no_sense_is_an_error(
    data_dir: Path, tmp_path: Path, mapping: str
) -> None:
    path = tmp_path / "news.jsonl"
    path.write_text("{}")
    result = pincite("ingest", "--jsonl", mapping, path)
    assert result.exit_code == FAILED
    assert result.stderr.startswith(f"pincite: {mapping!r} ")
    assert not data_dir.exists()


def test_ask_prints_the_answer_with_its_citation(heron: Path) -> None:
    result = pincite("ask", QUESTION)
    assert result.exit_code == 0
    assert "stands in the reeds at dawn. [1]" in result.stdout
    assert f"characters 0-38 · {heron.name}" in result.stdout
    assert "\x1b" not in result.stdout


def test_ask_reads_only_what_passes_the_filter(heron: Path) -> None:
    assert pincite("ask", QUESTION, "--filter", f'{{"title": "{heron.name}"}}').exit_code == 0
    assert pincite("ask", QUESTION, "--filter", '{"title": "Another"}').exit_code == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [("title=x", "The filter is not JSON"), ('{"a": {"like": 1}}', "'like' where an operator")],
)
def test_ask_says_what_is_wrong_with_a_filter(heron: Path, given: str, says: str) -> None:
    assert heron.exists()
    result = pincite("ask", QUESTION, "--filter", given)
    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr


def test_ask_as_json_has_the_shape_of_the_http_route(heron: Path, client: httpx.Client) -> None:
    assert heron.exists()
    answer = json.loads(pincite("ask", QUESTION, "--json").stdout)
    client.post("/v1/documents?wait=true", json={"text": HERON, "collection": "shape"})
    body = {"question": QUESTION, "collection": "shape"}
    over_http = client.post("/v1/answers", json=body).json()
    assert answer["question"] == QUESTION
    assert shape(answer) == shape(over_http)


def shape(value: object) -> object:
    """Field names, as deep as they go; a list is as its first item."""
    if isinstance(value, dict):
        open_keyed = ("ranks_by", "set_aside", "timings")
        return {key: None if key in open_keyed else shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1] if isinstance(one, dict)]
    return None


def test_ask_says_that_it_searches_by_words_only(heron: Path) -> None:
    pipeline = Pipeline(load_settings())
    start_over(pipeline._library)
    pipeline.close()
    result = pincite("ask", QUESTION)
    assert result.exit_code == 0
    assert result.stderr.startswith("pincite: searching by words only")
    assert pincite("ingest", heron).exit_code == 0
    assert pincite("ask", QUESTION).stderr == ""


def test_ask_has_its_own_exit_code_for_no_answer(heron: Path) -> None:
    assert heron.exists()
    result = pincite("ask", QUESTION, "--collection", "empty")
    assert result.exit_code == ABSTAINED
    assert "No answer." in result.stdout


def test_a_blank_question_is_an_error_in_one_line(heron: Path) -> None:
    assert heron.exists()
    result = pincite("ask", "  ")
    assert result.exit_code == FAILED
    assert result.stderr.startswith("pincite: ")
    assert result.stderr.count("\n") == 1


def test_summarize_finds_a_document_by_all_its_names(heron: Path) -> None:
    (entry,) = ingested(heron)
    for name in (entry["id"], heron, heron.as_uri(), "heron.txt", "Heron.TXT", "HERON"):
        result = pincite("summarize", name)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("heron.txt\n")


def test_summarize_as_json_has_the_shape_of_the_http_route(
    heron: Path, client: httpx.Client
) -> None:
    summary = json.loads(pincite("summarize", heron, "--json", "--max-words", "40").stdout)
    document_id = client.get("/v1/documents").json()["items"][0]["id"]
    over_http = client.post("/v1/summaries?wait=true", json={"document_ids": [document_id]}).json()
    assert shape(summary) == shape(over_http)


def test_summarize_takes_several_documents_or_a_collection(heron: Path, tmp_path: Path) -> None:
    ingested(heron)
    (tmp_path / "stork.txt").write_text("The stork nests on the roof of the old town hall.")
    ingested(tmp_path / "stork.txt")
    both = json.loads(pincite("summarize", "heron.txt", "stork.txt", "--json").stdout)
    whole = json.loads(pincite("summarize", "--collection", "default", "--json").stdout)
    assert len(both["document_ids"]) == len(whole["document_ids"]) == 2
    one = pincite(
        "summarize", "--collection", "default", "--filter", '{"title": "stork.txt"}', "--json"
    )
    assert [part["title"] for part in json.loads(one.stdout)["coverage"]] == ["stork.txt"]
    bullets = pincite("summarize", "stork.txt", "--style", "bullets")
    assert "- The stork nests" in bullets.stdout
    planned = pincite("summarize", "--collection", "default", "--dry-run")
    assert planned.stdout == "2 documents, and no call of a model.\n"
    wrong = pincite("summarize", "stork.txt", "--style", "ode")
    assert wrong.exit_code == FAILED
    assert "style is 'ode'" in wrong.stderr
    neither = pincite("summarize")
    assert neither.exit_code == 2
    assert "--collection" in neither.stderr


def test_a_document_that_is_not_there_is_an_error_that_says_so(heron: Path) -> None:
    assert heron.exists()
    result = pincite("summarize", "stork")
    assert result.exit_code == FAILED
    assert result.stderr.startswith("pincite: There is no document 'stork'.")


def test_a_name_that_fits_two_documents_is_an_error_that_names_both(heron: Path) -> None:
    other = heron.with_name("second-heron.txt")
    other.write_text("Another heron.")
    entries = ingested(heron, other)
    result = pincite("summarize", "heron.t")
    assert result.exit_code == FAILED
    assert all(entry["id"] in result.stderr for entry in entries)


def test_a_folder_that_is_in_use_is_an_error_in_one_line(heron: Path) -> None:
    pipeline = Pipeline(load_settings())
    try:
        results = [pincite("ask", QUESTION), pincite("ingest", heron), pincite("serve")]
    finally:
        pipeline.close()
    for result in results:
        assert result.exit_code == FAILED
        assert result.stderr.startswith("pincite: ")
        assert result.stderr.count("\n") == 1


def test_a_bad_setting_is_an_error_that_names_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_PORT", "http")
    result = pincite("ask", QUESTION)
    assert result.exit_code == FAILED
    assert "PINCITE_PORT='http'" in result.stderr
    assert not data_dir.exists()
