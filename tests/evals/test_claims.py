"""The eval of claims runs as a user runs it, on small data."""

import gzip
import json
from pathlib import Path

import pytest

from evals.benchmarks.claims import SETS, read_claims
from evals.cli import main
from rag.types import Verdict

EVIDENCE = (
    "Skarne has a ferry for {} passengers. It sails to Sandel at noon. Its cafe sells herring."
)


def write(data: Path, file: str, rows: list[dict[str, str]]) -> None:
    path = data / "claims" / file
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


def rows(prefix: str, count: int = 24) -> list[dict[str, str]]:
    made = []
    for at in range(count):
        right = at % 2 == 0
        said = 100 + at if right else 900 + at
        made.append(
            {
                "id": f"{prefix}{at}",
                "group": f"{prefix}{at // 2}",
                "evidence": EVIDENCE.format(100 + at),
                "claim": f"The ferry of Skarne is for {said} passengers. It sails at noon.",
                "label": "supported" if right else "contradicted",
            }
        )
    return made


def test_both_beat_chance_and_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "lfqa-a.jsonl.gz", rows("lfqa-"))
    write(tmp_path, "factcheck-gpt.jsonl.gz", rows("fcgpt-"))
    assert main(["claims", "--data", str(tmp_path), "--fit"]) == 0
    printed = capsys.readouterr()
    assert "LFQA: 24 texts, 50% supported" in printed.out
    lines = [line.split() for line in printed.out.splitlines() if line.startswith("  ")]
    (both,) = [row for row in lines if row[:2] == ["both", "1.000"]]
    assert both[-1] == "1.000"
    assert [row for row in lines if row[0] == "LFQA"] == [["LFQA", "12", "1.000", "/", "1.000"]]
    assert "(the model was trained on it)" in printed.out
    assert "WEIGHTS = (" in printed.out
    assert "a minute on one core" in printed.out
    assert "WiCE: skipped" in printed.err
    assert "no licence stated" in printed.out
    assert "published: MiniCheck-FT5 .852, of the test split (MiniCheck, 2024)" in printed.out


def test_a_limit_is_a_sample_that_the_seed_draws(tmp_path: Path) -> None:
    write(tmp_path, "lfqa-a.jsonl.gz", rows("lfqa-"))
    every = read_claims(tmp_path, SETS[0])
    found = read_claims(tmp_path, SETS[0], 6, seed=1)
    assert len(found) == 6
    assert found == [one for one in every if one in found]  # in the file's order
    assert found == read_claims(tmp_path, SETS[0], 6, seed=1)
    assert found != read_claims(tmp_path, SETS[0], 6, seed=2)
    assert every[0].label is Verdict.SUPPORTED


def test_of_rows_of_one_kind_there_is_no_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "lfqa-a.jsonl.gz", rows("lfqa-")[::2])  # all supported
    assert main(["claims", "--data", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines() if line.startswith("  both")]
    assert lines[0] == ["both", "none", "/", "none"]
    assert "nan" not in shown
    assert main(["claims", "--data", str(tmp_path), "--limit", "1"]) == 2
    assert "1 texts, all in one fold, are too few" in capsys.readouterr().err


def test_a_part_of_a_file_is_a_set_of_its_own(tmp_path: Path) -> None:
    both = rows("summedits-samsum-", 4) + rows("summedits-sales_email-", 6)
    write(tmp_path, "summedits-dev.jsonl.gz", both)
    counts = {one.name: len(read_claims(tmp_path, one)) for one in SETS if "SummEdits" in one.name}
    assert counts == {
        "SummEdits samsum": 4,
        "SummEdits sales_email": 6,
        "SummEdits sales_call": 0,
    }


def test_without_any_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--data", str(tmp_path)]) == 2
    assert "LFQA: skipped" in capsys.readouterr().err
