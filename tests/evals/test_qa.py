"""The eval of the reader runs as a user runs it, on small data."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from corpus.embed import MiniLM
from evals.benchmarks import qa
from evals.cli import main

BOATS = [
    ("Sandel", "noon", "four", "red"),
    ("Tolvane", "dawn", "nine", "blue"),
    ("Skarne", "dusk", "two", "green"),
    ("Lissow", "midnight", "six", "white"),
    ("Orrin", "seven", "three", "black"),
    ("Fennick", "eleven", "ten", "grey"),
]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _passages(*rows: tuple[str, str]) -> list[dict[str, str]]:
    return [{"title": title, "text": text} for title, text in rows]


def _with_clapnq(data: Path) -> None:
    rows: list[dict[str, Any]] = []
    for place, hour, crew, colour in BOATS:
        leaves = f"The ferry to {place} leaves at {hour} ."
        text = f"It is an old {colour} ship . {leaves} A crew of {crew} works on board ."
        shared = {"passages": _passages((f"Ferry to {place}", text)), "answers": []}
        asked = f"when does the ferry to {place} leave"
        rows.append({**shared, "question": asked, "answerable": True, "selected": [leaves]})
        asked = f"who built the railway museum of {crew} towns"
        rows.append({**shared, "question": asked, "answerable": False, "selected": None})
    _write(data / "qa" / "clapnq-some.jsonl.gz", rows)


def _with_rgb(data: Path) -> None:
    rows = [
        {
            "question": f"Who won the regatta of {place}?",
            "answers": [["Marit Holm", "M. Holm"]],
            "fake": "Tove Lind",
            "positive": [f"Marit Holm won the regatta of {place} by a length."],
            "positive_wrong": [f"Tove Lind won the regatta of {place} by a length."],
            "negative": [f"The paint in the harbour hall is {colour} and rather old."],
        }
        for place, _, _, colour in BOATS
    ]
    _write(data / "qa" / "rgb-some.jsonl.gz", rows)


def test_what_is_not_there_is_named_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["qa", "--data", str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    for name in ("clapnq", "quotesum", "rgb"):
        assert f"{name}: skipped" in errors


def test_each_set_is_measured_by_folds_by_the_others_and_as_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_clapnq(tmp_path)
    _with_rgb(tmp_path)
    assert main(["qa", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("  cosine, title in front") for line in lines) == 4
    assert sum(line.startswith("  fitted on its other folds") for line in lines) == 4
    assert sum(line.startswith("  fitted on the other sets") for line in lines) == 4
    shipped = [line.split() for line in lines if line.startswith("  as shipped (fitted on it)")]
    first, balanced = shipped[0][5], shipped[0][11]
    assert (first, balanced) == ("1.000", "1.000")
    (false,) = (line for line in lines if "the false answer first" in line)
    assert "the false answer first 1.000" in false
    assert lines[-1].startswith("fitted on clapnq and quotesum: cosine ")


def test_a_limit_is_of_the_questions_of_a_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_clapnq(tmp_path)
    assert main(["qa", "--data", str(tmp_path), "--limit", "7"]) == 0
    ((yes, no),) = re.findall(
        r"clapnq: (\d) questions that the sources answer, (\d) that", capsys.readouterr().out
    )
    assert int(yes) + int(no) == 7


def test_a_sentence_of_quotesum_answers_when_somebody_quoted_from_it(tmp_path: Path) -> None:
    sources = [
        _passages(
            ("Ferry", "It is a red ship. The ferry leaves at noon, and late on Sundays."),
            ("Tower", "The ferry leaves at noon."),
        ),
        _passages(("Bread", "Bread is baked at dawn. It is sold at eight.")),
    ]
    rows: list[dict[str, Any]] = [
        {
            "question": "When does the ferry leave?",
            "passages": sources[0],
            "answers": ["It [ 1 leaves at noon ] , they say."],
        },
        {
            "question": "When does the ferry leave?",
            "passages": sources[0],
            "answers": ["[ 1 late on Sundays. ]"],
        },
        {
            "question": "When is bread baked?",
            "passages": sources[1],
            "answers": ["At [ 1 dawn ]"],
        },
    ]
    path = tmp_path / "quotesum-some.jsonl.gz"
    _write(path, rows)
    model = MiniLM(threads=1)
    found = qa.read_quotesum(path, model.embed)
    model.close()
    assert [(one.question, one.answerable) for one in found] == [
        ("When does the ferry leave?", True),
        ("When does the ferry leave?", False),
        ("When is bread baked?", True),
        ("When is bread baked?", False),
    ]
    ferry, bread = found[0], found[2]
    assert ferry.answers(0, "The ferry leaves at noon, and late on Sundays.")
    assert not ferry.answers(0, "It is a red ship.")
    assert not ferry.answers(1, "The ferry leaves at noon."), "nobody quoted the second source"
    assert bread.answers(0, "Bread is baked at dawn.")
    assert not bread.answers(0, "It is sold at eight.")
    assert [source.title for source in found[1].sources] == ["Bread"]
    assert not found[1].answers(0, "Bread is baked at dawn.")
