"""The speed measurements run as a user runs them, on small data."""

import gzip
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from evals import speed, store_speed


def a_benchmark(folder: Path) -> Path:
    news = folder / "news"
    news.mkdir()
    texts = ["The ferry to Sandel is late.", "The tram is on time."]
    with gzip.open(news / "articles-2024q1.jsonl.gz", "wt") as file:
        for number, text in enumerate(texts):
            article = {"url": f"news:{number}", "title": "News", "date": "2024/01/05", "text": text}
            file.write(json.dumps(article) + "\n")
    with gzip.open(news / "questions-2024q1.jsonl.gz", "wt") as file:
        file.write(json.dumps({"question_sentence": "Where does the ferry go?"}) + "\n")
    return folder


@pytest.fixture
def without_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "evals.speed.find_spec",
        lambda name: None if name == "sentence_transformers" else find_spec(name),
    )


@pytest.mark.usefixtures("without_sentence_transformers")
def test_without_sentence_transformers_only_ours_is_measured_and_it_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    speed.embed_speed(["The ferry is late.", "The tram is on time."], threads=1)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [float(rate) > 0 for rate in lines[2].split()[1:]] == [True, True]
    assert "sentence-transformers is not installed" in lines[3]


@pytest.mark.usefixtures("without_sentence_transformers")
def test_without_data_the_samples_are_embedded(capsys: pytest.CaptureFixture[str]) -> None:
    assert speed.main(["embed", "--texts", "3", "--threads", "1"]) == 0
    assert "3 texts, 1 threads" in capsys.readouterr().out


def test_sample_texts_are_repeated_where_the_corpus_ends() -> None:
    texts = speed.sample_texts(1000)
    assert len(texts) == 1000
    assert texts[0] in texts[1:]


def test_percentiles_are_interpolated_and_end_with_the_maximum() -> None:
    p50, p95, longest = store_speed.percentiles([4.0, 1.0, 3.0, 2.0, 5.0])
    assert (p50, longest) == (3.0, 5.0)
    assert p95 == pytest.approx(4.8)
    assert store_speed.percentiles([7.0]) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize("what", ["embed", "ingest", "search", "summaries"])
def test_data_that_is_not_there_is_said_to_be_missing(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--dir", str(tmp_path / "data")] if what == "search" else []
    assert speed.main([what, "--data", str(tmp_path), *folder]) == 2
    assert "2024q1.jsonl.gz" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["search", "summaries"])
def test_a_data_folder_that_is_not_there_can_not_be_searched_or_summarized(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(a_benchmark(tmp_path))
    assert speed.main([what, "--data", data, "--dir", str(tmp_path / "none")]) == 2
    assert "There is no data folder" in capsys.readouterr().err


def test_no_ingest_is_timed_into_a_folder_that_holds_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(a_benchmark(tmp_path))
    assert speed.main(["ingest", "--data", data, "--dir", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_server_that_does_not_start_is_an_error_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [sys.executable, "-c", "raise SystemExit(7)"]
    monkeypatch.setattr(store_speed, "_pincite", lambda _folder: failing)
    data = str(a_benchmark(tmp_path))
    assert speed.main(["search", "--data", data, "--dir", str(tmp_path)]) == 1
    assert "ended with 7" in capsys.readouterr().err


def test_ingest_search_and_summaries_are_measured_on_real_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder = str(a_benchmark(tmp_path)), str(tmp_path / "data")
    assert speed.main(["ingest", "--data", data, "--dir", folder, "--articles", "1"]) == 0
    assert "1 documents, 1 chunks" in capsys.readouterr().out
    assert speed.main(["search", "--data", data, "--dir", folder]) == 0
    assert "1 searches in 1 chunks" in capsys.readouterr().out
    sizes = ["--documents", "1"]
    assert speed.main(["summaries", "--data", data, "--dir", folder, *sizes]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == (
        "documents M characters CPU s s CPU s/M characters MiB above idle words".split()
    )
    assert (row.split()[0], row.split()[-1]) == ("1", "6")


@pytest.mark.parametrize(("limit", "expected"), [(3, ["0", "1", "2"]), (9, list("01234"))])
def test_no_more_values_are_read_than_asked_for(
    tmp_path: Path, limit: int, expected: list[str]
) -> None:
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps({"text": str(number)}) + "\n" for number in range(5))
    assert speed.read_field(path, "text", limit) == expected
