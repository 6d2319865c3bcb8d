"""Two runs are compared pair by pair, and a gate tells a regression from noise."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from evals.cli import main
from evals.compare import compare, difference, table
from evals.errors import UnusableRun
from evals.folder import RECORDS, RUN, Record, write_json, write_lines
from evals.gate import Gate, decide

CASES = 200
RUNS = 20


def record(name: str, *, cluster: str = "", **scores: float) -> Record:
    return {
        "id": name,
        "case": f"hash of {name}",
        "cluster": cluster or name,
        "tags": [],
        "status": "scored" if scores else "failed",
        "error": None,
        "scores": {one.replace("recall_at", "recall@"): value for one, value in scores.items()},
        "unscored": {},
    }


def a_run(records: list[Record], **made_with: Any) -> tuple[dict[str, Any], list[Record]]:
    return {"cases": len(records), **made_with}, records


def written(folder: Path, records: list[Record]) -> str:
    folder.mkdir()
    write_json(folder / RUN, {"cases": len(records)})
    write_lines(folder / RECORDS, records)
    return str(folder)


def simulated(seed: int, *, found: float, steady: float = 0.97) -> list[Record]:
    """A run of a system whose retriever finds that share of what it found; cases are the same.

    From run to run a writing model says things otherwise: a case keeps its outcome with the
    probability `steady`, and else gets one anew.
    """
    cases, chance = np.random.default_rng(0), np.random.default_rng(seed)
    records = []
    for number in range(CASES):
        has, is_right = cases.random() < 0.9, cases.random()
        if chance.random() > steady:
            has, is_right = chance.random() < 0.9, chance.random()
        has = has and chance.random() < found
        right = float(has and is_right < 0.85)
        wording = chance.uniform(-0.05, 0.05)
        records.append(
            record(
                f"case {number}",
                cluster=f"document {number // 2}",
                recall_at10=float(has),
                claim_recall=right,
                token_f1=0.6 * right + 0.2 + wording,
            )
        )
    return records


def test_a_regression_of_the_retriever_is_caught_and_noise_is_not(tmp_path: Path) -> None:
    before = written(tmp_path / "before", simulated(1, found=1.0))
    caught, alarms = 0, 0
    for seed in range(2, 2 + RUNS):
        worse = written(tmp_path / f"worse {seed}", simulated(seed, found=0.85))
        same = written(tmp_path / f"same {seed}", simulated(seed, found=1.0))
        caught += main(["gate", before, worse]) == 1
        alarms += main(["gate", before, same]) != 0
    assert (caught, alarms) == (RUNS, 0)


def test_a_difference_is_that_of_the_pairs_with_its_interval() -> None:
    pairs = [
        (record(str(at), mrr=0.5), record(str(at), mrr=0.5 + (0.2 if at % 2 else 0.0)))
        for at in range(400)
    ]
    found = difference(pairs, "mrr")
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.smallest is not None
    assert found.mean == pytest.approx(0.1)
    assert (found.pairs, found.changed, found.clusters) == (400, 200, 400)
    stricter = difference(pairs, "mrr", level=0.9957)  # as a gate over 12 metrics
    assert stricter is not None
    assert stricter.smallest == pytest.approx(found.smallest * (2.86 + 0.84) / 2.80, rel=0.01)
    error = 0.1 / 20  # the standard deviation of the differences by the root of their number
    assert found.low == pytest.approx(0.1 - 1.96 * error, abs=0.001)
    assert found.high == pytest.approx(0.1 + 1.96 * error, abs=0.001)
    assert found.smallest == pytest.approx(2.80 * error, rel=0.05)


def test_pairs_of_a_cluster_are_drawn_together() -> None:
    pairs = [
        (
            record(str(at), cluster=str(at // 20), mrr=0.0),
            record(str(at), cluster=str(at // 20), mrr=float(at // 20 % 2)),
        )
        for at in range(200)
    ]
    found = difference(pairs, "mrr")
    assert found is not None
    assert found.smallest == pytest.approx(2.80 * 0.5 / 10**0.5, rel=0.05)


def test_equal_runs_say_what_they_could_have_shown() -> None:
    pairs = [(record(str(at), mrr=1.0), record(str(at), mrr=1.0)) for at in range(30)]
    found = difference(pairs, "mrr")
    assert found is not None
    assert (found.low, found.high) == (0, 0)
    assert found.smallest == pytest.approx(1 - 0.2 ** (1 / 30))  # seen 4 times of 5


def test_what_has_no_pair_is_counted_and_in_no_difference() -> None:
    before = [record("a", mrr=1.0), record("b", mrr=1.0), record("c"), record("d", mrr=0.0)]
    after = [record("a", mrr=0.5), record("b"), record("c", mrr=0.0), record("e", mrr=0.0)]
    other = {**record("d", mrr=1.0), "case": "expects something else"}
    found = compare(
        a_run(before, settings={"passages": 10}), a_run([*after, other], settings={"passages": 5})
    )
    assert (found.pairs, found.only_after, found.other_case) == (3, 1, 1)
    assert (found.failed_before, found.failed_after) == (1, 1)
    assert found.changed == ("cases: 4 -> 5", "settings.passages: 10 -> 5")
    (mrr,) = found.differences
    assert (mrr.pairs, mrr.lost, mrr.gained, mrr.mean) == (1, 1, 1, -0.5)
    assert mrr.low is None  # one pair has no interval


def test_runs_without_a_common_case_are_refused() -> None:
    with pytest.raises(UnusableRun, match="no case in common"):
        compare(a_run([record("a", mrr=1.0)]), a_run([record("b", mrr=1.0)]))


def decided(before: list[float], after: list[float], metric: str = "mrr") -> tuple[Gate, str]:
    pairs = [
        (
            {**record(str(at), mrr=one), "scores": {metric: one}},
            {**record(str(at), mrr=two), "scores": {metric: two}},
        )
        for at, (one, two) in enumerate(zip(before, after, strict=True))
    ]
    found = difference(pairs, metric)
    assert found is not None
    decision = decide(found, 0.02)
    return decision.gate, decision.why


def test_a_gate_decides_by_the_bounds_of_the_interval() -> None:
    hundred = [1.0] * 100
    assert decided(hundred, [0.7] * 50 + [1.0] * 50)[0] is Gate.DROPPED
    assert decided(hundred, [0.99] * 50 + [1.0] * 50)[0] is Gate.HOLDS
    assert decided([0.0] * 100, [0.3] * 50 + [0.0] * 50)[0] is Gate.HOLDS  # it is better
    gate, why = decided(hundred, [0.0] * 3 + [1.0] * 97)
    assert gate is Gate.UNDECIDED
    assert "cases would tell, there are 100" in why


def test_more_of_what_is_bad_is_a_drop() -> None:
    rise = [0.0] * 100, [0.3] * 50 + [0.0] * 50
    gate, why = decided(*rise, metric="contradicted")
    assert gate is Gate.DROPPED
    assert "is worse by over 0.02" in why
    assert decided(rise[1], rise[0], metric="contradicted")[0] is Gate.HOLDS


def test_a_run_that_fails_where_it_was_bad_is_not_better_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [record(str(at), mrr=float(at > 9)) for at in range(100)]
    after = [record(str(at), mrr=1.0) if at > 9 else record(str(at)) for at in range(100)]
    code = main(
        [
            "gate",
            written(tmp_path / "a", before),
            written(tmp_path / "b", after),
            "--metric",
            "mrr",
        ]
    )
    assert code == 1
    assert "10 of 100 cases have no score any more" in capsys.readouterr().out


def test_cases_that_are_answered_now_here_and_now_there_are_no_drop(tmp_path: Path) -> None:
    """Of 100 answers either run lacks 5, and both have right ones."""
    before = [
        record(str(at), mrr=1.0) if at > 4 else record(str(at), ndcg=0.0) for at in range(100)
    ]
    after = [
        record(str(at), mrr=1.0) if at < 95 else record(str(at), ndcg=0.0) for at in range(100)
    ]
    folders = [written(tmp_path / "a", before), written(tmp_path / "b", after)]
    assert main(["gate", *folders, "--metric", "mrr"]) == 0
    gone = [record(str(at), mrr=1.0) if at > 14 else record(str(at), ndcg=0.0) for at in range(100)]
    assert main(["gate", folders[0], written(tmp_path / "c", gone), "--metric", "mrr"]) == 1


def test_a_set_that_is_too_small_passes_with_a_word_and_not_when_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = written(tmp_path / "a", [record(str(at), mrr=1.0) for at in range(10)])
    after = written(tmp_path / "b", [record(str(at), mrr=float(at > 0)) for at in range(10)])
    assert main(["gate", before, after, "--metric", "mrr"]) == 0
    assert main(["gate", before, after, "--metric", "mrr", "--strict"]) == 3
    assert capsys.readouterr().out.count("undecided  mrr") == 2
    assert main(["gate", before, after, "--metric", "token_f1"]) == 2
    assert "has no scores of token_f1" in capsys.readouterr().err


def test_both_runs_are_shown_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = written(tmp_path / "a", [record(str(at), mrr=1.0) for at in range(10)])
    after = written(tmp_path / "b", [record(str(at), mrr=0.5) for at in range(10)])
    assert main(["compare", before, after]) == 0
    shown = capsys.readouterr().out
    assert "-0.500 [-0.500, -0.500]" in shown
    assert "10 pairs; failed: 0 in A, 0 in B" in shown
    assert main(["compare", before, str(tmp_path)]) == 2


def test_a_difference_is_a_line_of_80_columns() -> None:
    before = [record(str(at), judged_contradicted=0.25, read_tokens=1000.0) for at in range(120)]
    after = [record(str(at), judged_contradicted=0.5, read_tokens=1500.0) for at in range(120)]
    console = Console(width=80, file=io.StringIO())
    with console.capture() as shown:
        console.print(table(compare(a_run(before), a_run(after))))
    first, *rest = shown.get().splitlines()[-2:]
    assert first.split()[:5] == ["judged_contradicted", "0.250", "0.500", "+0.250", "[+0.250,"]
    assert rest[0].split()[:3] == ["read_tokens", "1000.0", "1500.0"]


def test_a_metric_of_one_run_alone_has_no_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = written(tmp_path / "a", [record(str(at), mrr=1.0, supported=1.0) for at in range(30)])
    after = written(tmp_path / "b", [record(str(at), mrr=1.0) for at in range(30)])
    assert main(["compare", before, after]) == 0
    shown = capsys.readouterr().out
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("supported")]
    assert row == ["supported", "-", "-", "-", "[no", "interval]", "0", "(-30", "+0)", "0", "-"]
    assert "nan" not in shown


def test_a_gate_says_what_it_left_out_and_where_clusters_are_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [record(str(at), mrr=at % 2) for at in range(30)]
    few = [{**one, "scores": {"mrr": 0.5, "supported": 0.5}} for one in scores[:10]]
    before = written(tmp_path / "a", [*few, *scores[10:]])
    after = written(tmp_path / "b", [*few, *scores[10:25]])
    assert main(["gate", before, after, "--metric", "mrr", "--metric", "supported"]) == 0
    shown = capsys.readouterr().out
    assert "5 cases left out: only in A" in shown
    assert "With fewer than 20 clusters the intervals of supported are too narrow" in shown
    assert main(["gate", before, before, "--metric", "mrr"]) == 0
    shown = capsys.readouterr().out
    assert "left out" not in shown
    assert "too narrow" not in shown
