"""The retrieval eval runs as a user runs it, on small data."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals.benchmarks import news, spans
from evals.cli import main
from evals.retrieval import run

FERRY = "The ferry to Sandel leaves at noon. " + "Nothing else is said of it here. " * 30
BOARD = "The board sets the water tariff in June. " + "It meets in the old town hall. " * 30


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _with_spans(data: Path) -> None:
    texts = {"ferry": FERRY, "board": BOARD}
    questions = [
        ("When does the ferry leave?", "ferry", "leaves at noon"),
        ("Who sets the water tariff?", "board", "The board sets the water tariff"),
    ]
    rows: list[dict[str, object]] = []
    for question, name, excerpt in questions:
        start = texts[name].index(excerpt)
        reference = {"content": excerpt, "start_index": start, "end_index": start + len(excerpt)}
        rows.append({"question": question, "corpus": name, "references": [reference]})
    _write(data / "spans" / "questions.jsonl.gz", rows)
    for name, text in texts.items():
        (data / "spans" / f"{name}.md.gz").write_bytes(gzip.compress(text.encode()))


def _with_news(data: Path) -> None:
    articles = [("Ferries", FERRY), ("Water", BOARD)]
    rows: list[dict[str, object]] = [
        {"url": f"news:{title}", "title": title, "date": "2024/01/05", "text": text}
        for title, text in articles
    ]
    _write(data / news.ARTICLES, rows)
    quiz: list[tuple[str, list[str], str]] = [
        ("When does the ferry to Sandel leave?", ["at dawn", "At noon."], "1"),
        ("Who won?", ["nobody", "somebody"], "0"),
    ]
    _write(
        data / news.QUESTIONS,
        [
            {"question_sentence": text, "choices": choices, "answer": [right]}
            for text, choices, right in quiz
        ],
    )


def test_recall_is_printed_as_shipped_and_for_both_halves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_spans(tmp_path)
    figures = run(tmp_path, None, 0)
    assert {one.of for one in figures} == {"spans (choices made on half)"}
    printed = capsys.readouterr()
    rows = {line[:38].strip(): line[38:].split() for line in printed.out.splitlines()[2:]}
    assert rows["as shipped"] == ["1.000", "1.000", "1.000", "1.000"]
    assert rows["the other half"] == ["1.000", "1.000", "1.000", "1.000"]
    assert "news: skipped" in printed.err
    assert "recall at 1,000 tokens: 1.000 [1.000, 1.000]; published: LangChain" in printed.out
    assert "MIT. Pitfalls: " in printed.out


def test_every_variant_has_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _with_spans(tmp_path)
    assert main(["retrieval", "--data", str(tmp_path), "--limit", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in ("dense alone", "lexical alone", "chunks of 40 tokens", "chunks of 160 tokens"):
        assert any(line.startswith(name) for line in lines)


def test_news_counts_the_questions_that_can_be_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_news(tmp_path)
    assert main(["retrieval", "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "news: 1 questions whose answer is in one of 2 articles" in printed.out
    assert printed.out.count("1.000 [1.000, 1.000]") == 6
    assert "spans: skipped" in printed.err


def test_without_any_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieval", "--data", str(tmp_path)]) == 2
    assert "news: skipped" in capsys.readouterr().err


def test_the_command_line_has_the_evals() -> None:
    command = [str(Path(sys.executable).with_name("pincite")), "eval", "retrieval", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "--data" in shown.stdout


def test_excerpts_stand_where_the_file_says(tmp_path: Path) -> None:
    _with_spans(tmp_path)
    texts = spans.read_texts(tmp_path)
    excerpts = [
        span.of(texts[question.source])
        for question in spans.read_questions(tmp_path)
        for span in question.references
    ]
    assert excerpts == ["leaves at noon", "The board sets the water tariff"]


@pytest.mark.parametrize(
    ("answer", "expected"), [("At noon.", True), ("noon", True), ("no", False), ("at NOON", True)]
)
def test_an_answer_occurs_word_for_word(answer: str, *, expected: bool) -> None:
    assert news.contains("It leaves, at noon, daily.", answer) is expected
