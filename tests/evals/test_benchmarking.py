"""All benchmarks make one table; what is finished is kept, and what is not there is said."""

import json
from pathlib import Path

import pytest

from evals.benchmarking import ALL
from evals.benchmarks.published import Published
from evals.cli import main
from evals.figures import Figure
from evals.folder import RECORDS
from evals.intervals import Mean
from tests.evals.test_claims import rows, write


def test_all_that_is_there_is_in_one_table_and_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    write(data, "lfqa-a.jsonl.gz", rows("lfqa-"))
    command = ["all", "--data", str(data), "--out", str(out), "--limit", "20"]
    assert main(command) == 0
    first = capsys.readouterr()
    assert "claims 20 rows of each set" in first.out
    assert "the cost is 0" in first.out
    assert "spans: skipped" in first.err
    assert "clapnq: skipped" in first.err
    assert "claims: " in first.err  # how long it takes
    table = first.out[first.out.index("benchmark ") :]
    (row,) = [line.split() for line in table.splitlines() if line.startswith("claims")]
    assert row[:2] == ["claims", "LFQA"]
    assert "20" in row
    assert "MiniCheck-FT5 .852*; AlignScore .845*" in table
    assert "* not to be compared: of the test split" in table
    assert "balanced accuracy" in (out / "claims.txt").read_text()

    (out / RECORDS).write_text((out / RECORDS).read_text().splitlines()[0] + "\n")
    assert main(command) == 0
    again = capsys.readouterr()
    assert "finished before, and kept: claims" in again.out
    assert "spans: skipped" in again.err  # what was not finished is done
    assert table.splitlines()[:-1] == again.out[again.out.index("benchmark ") :].splitlines()[:-1]

    assert main([*command, "--seed", "1"]) == 2
    assert "other seed" in capsys.readouterr().err
    (data / "summaries").mkdir()
    (data / "summaries" / "own.jsonl").write_text("{}")
    assert main(command) == 2
    assert "other data" in capsys.readouterr().err
    assert main(["compare", str(out), str(out)]) == 2
    assert "has no cases" in capsys.readouterr().err


def test_without_any_data_there_is_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["all", "--data", str(tmp_path)]) == 2
    assert "benchmark " not in capsys.readouterr().out


def test_an_estimate_goes_by_the_limit_and_is_at_most_that_of_all_rows() -> None:
    for one in ALL:
        assert one.estimate(None) == one.whole
        if one.limit is not None:
            assert one.estimate(one.limit) == one.seconds
            assert one.estimate(one.limit // 2) == pytest.approx(one.seconds / 2)
            assert one.estimate(10**9) == one.whole


def test_a_figure_comes_back_from_its_json() -> None:
    published = (Published("GPT-4", 0.821, "SummEdits, 2023", "the mean of all ten domains"),)
    figure = Figure("LFQA", "balanced accuracy", Mean(0.5, 0.4, 0.6), 20, published)
    assert Figure.of_json(json.loads(json.dumps(figure.as_json()))) == figure
    assert str(published[0]) == "GPT-4 .821, the mean of all ten domains (SummEdits, 2023)"
