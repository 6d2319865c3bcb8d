"""A judge is independent of what it judges, and what it fails at is shown and averaged nowhere."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.calibration import Graded, agreement, bounds, corrected_mean, kappa
from evals.cli import main
from evals.errors import EvalError, InvalidCases, UnusableRun
from evals.folder import RECORDS, RUN, read_run, write_json, write_lines
from evals.judge import OFFLINE, Grade, Item, Judge, Judged, prompt_hash, read_reply
from evals.judging import read_items, report
from rag import Settings
from rag.prompts import prompt
from tests import upstream
from tests.test_architecture import ROOT, imported

ITEM = Item("The ferry leaves at noon.", ("It leaves at noon.",), "a")
OK = '{"reason": "noon", "verdict": "supported"}'
Reply = upstream.Reply | upstream.Text


def settings(url: str, folder: Path) -> Settings:
    return Settings(data_dir=folder, llm_base_url=url, llm_model="m", llm_retries=0)


def judged(
    replies: list[Reply], folder: Path, *, times: int = 1
) -> tuple[list[Judged], upstream.Upstream]:
    """What comes of judging one item that many times, each with a new judge on the same cache."""
    found = []
    with upstream.upstream(replies) as server:
        for _ in range(times):
            judge = Judge(settings(server.url, folder), folder / "cache.jsonl")
            try:
                found.append(asyncio.run(judge.judge(ITEM)))
            finally:
                judge.close()
    return found, server


def test_the_judge_shares_neither_code_nor_prompt_with_the_verifier() -> None:
    allowed = {"chat_model", "close_model", "complete"}
    for name in ("judge", "judging", "calibration"):
        source = (ROOT / "evals" / f"{name}.py").read_text()
        used = {one for one in imported(source) if one.count(".") > 1 and one.startswith("rag.")}
        assert used <= {f"rag.llm.{one}" for one in allowed}
    assert prompt_hash() not in {prompt(one).hash for one in ("judge", "answer", "repair")}


def test_the_model_is_sent_sources_and_claim_as_data(tmp_path: Path) -> None:
    (found,), server = judged([upstream.text(OK, usage=(50, 9))], tmp_path)
    assert (found.grade, found.reason) == (Grade.SUPPORTED, "noon")
    system, asked = server.chats[0]["messages"]
    assert system["role"] == "system"
    assert json.loads(asked["content"]) == {
        "sources": ["It leaves at noon."],
        "statement": "The ferry leaves at noon.",
    }


def test_a_reply_that_can_not_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    (found,), server = judged([upstream.text("Supported!"), upstream.text(OK)], tmp_path)
    assert found.grade is Grade.SUPPORTED
    assert found.prompt_tokens == 22  # both calls are paid for
    assert "can not be read" in server.chats[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (upstream.text("Yes."), "no JSON object"),
        (upstream.text('{"verdict": "mostly"}'), "verdict: Input should be"),
        (upstream.error(500, "down"), "ProviderUnavailable"),
    ],
)
def test_after_one_retry_a_claim_is_unscored_and_not_cached(
    reply: Reply, why: str, tmp_path: Path
) -> None:
    (found, again), server = judged([reply, reply, reply, reply], tmp_path, times=2)
    assert found.grade is None
    assert why in found.reason
    assert not again.cached
    assert len(server.chats) == 4


def test_a_grade_is_taken_from_the_cache_the_second_time(tmp_path: Path) -> None:
    (first, second), server = judged([upstream.text(OK)], tmp_path, times=2)
    assert not first.cached
    assert (second.cached, second.grade) == (True, Grade.SUPPORTED)
    assert len(server.chats) == 1


def test_offline_takes_the_cache_alone(tmp_path: Path) -> None:
    judged([upstream.text(OK)], tmp_path)
    with_name = Settings(data_dir=tmp_path, llm_model="m")
    judge = Judge(with_name, tmp_path / "cache.jsonl", offline=True)
    assert asyncio.run(judge.judge(ITEM)).grade is Grade.SUPPORTED
    other = asyncio.run(judge.judge(Item("Another claim.", ("It is.",), "a")))
    assert (other.grade, other.reason) == (None, OFFLINE)
    with pytest.raises(EvalError, match="PINCITE_LLM_BASE_URL"):
        Judge(Settings(data_dir=tmp_path), tmp_path / "cache.jsonl")


def test_a_cache_goes_on_behind_half_a_line_and_another_file_is_left_alone(tmp_path: Path) -> None:
    cache = tmp_path / "cache.jsonl"
    cache.write_text('{"key": "half')
    judged([upstream.text(OK)], tmp_path)
    assert [found.cached for found in judged([], tmp_path)[0]] == [True]
    cache.write_text('{"claim": "C."}\n{"claim": "D."}')
    with pytest.raises(UnusableRun, match="other things in it than grades"):
        judged([], tmp_path)
    assert cache.read_text() == '{"claim": "C."}\n{"claim": "D."}'


def test_an_object_is_read_inside_a_fence() -> None:
    assert read_reply(f"```json\n{OK}\n```").verdict is Grade.SUPPORTED


LABELS = [
    {
        "claim": f"Ferry {at} leaves at noon.",
        "evidence": f"Ferry {at} leaves at {hour}.",
        "label": label,
    }
    for at in range(30)
    for hour, label in [("noon", "supported") if at % 2 else ("dawn", "contradicted")]
]


def failing_a_third(wrong: Callable[[int], bool]) -> Callable[[upstream.Request], Reply]:
    """A judge that reads what it is sent, fails at every third ferry, and is wrong at some."""

    def reply(request: upstream.Request) -> Reply:
        asked = json.loads(request.json["messages"][1]["content"])
        number = int(asked["statement"].split()[1])
        if number % 3 == 0:
            return upstream.error(500, "down") if number % 2 else upstream.text("Hm.")
        same = asked["statement"] in asked["sources"]
        verdict = "supported" if same != wrong(number) else "contradicted"
        return upstream.text(json.dumps({"reason": "", "verdict": verdict}), usage=(100, 10))

    return reply


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in LABELS))
    monkeypatch.setenv("PINCITE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PINCITE_LLM_MODEL", "m")
    monkeypatch.setenv("PINCITE_LLM_RETRIES", "0")
    return path


def a_run(folder: Path) -> Path:
    """A run whose answers make 40 claims: half are supported, and the judge fails at a third."""
    folder.mkdir()
    rows = [
        {
            "id": str(at),
            "question": None,
            "answer": None,
            "case": "hash",
            "cluster": str(at),
            "tags": [],
            "status": "scored",
            "scores": {"supported": 1.0},
            "unscored": {},
            "claims": [[f"Ferry {at} leaves at noon.", [f"Ferry {at} leaves at {hour}."]]],
        }
        for at in range(100, 140)
        for hour in [("noon", "dawn")[at % 2]]
    ]
    write_json(folder / RUN, {"cases": len(rows), "seed": 0})
    write_lines(folder / RECORDS, rows)
    return folder


def test_a_judge_that_fails_a_third_of_the_time_yields_an_honest_report(
    labels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = a_run(tmp_path / "run")
    with upstream.upstream(failing_a_third(lambda number: number in (2, 5))) as server:
        monkeypatch.setenv("PINCITE_LLM_BASE_URL", server.url)
        command = ["judge", "--against", str(labels), "--run", str(run), "--prices", "1", "10"]
        assert main(command) == 0
        calls = len(server.chats)
        shown = capsys.readouterr().out
    assert "70 claims: 47 scored, 23 unscored, which are in no mean; 0 from the cache" in shown
    assert "unscored: ProviderUnavailable" in shown
    assert "unscored: there is no JSON object" in shown
    assert calls == 47 + 2 * 23  # one retry each
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert rows["supported"] == ["9", "0", "1", "0", "5"]  # of 15, 5 unscored, ferry 5 wrong
    assert rows["contradicted"] == ["1", "0", "9", "0", "5"]  # and ferry 2 wrong
    assert "balanced accuracy .900" in shown
    assert "on the 20 of 30 labelled rows that were scored" in shown
    assert "kappa .800" in shown
    assert "of 27 scored claims without a label, the judge calls supported: 0.481 [0." in shown
    assert "corrected by the labels, were these a random sample of such claims: .481 [" in shown
    assert "with the 13 unscored ones the judge's share is from 0.325 to 0.650" in shown
    assert "at a cost of" in shown
    metrics = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert metrics["judged_supported"][0] == "0.481"
    assert metrics["judged_supported"][3:5] == ["27", "13"]  # cases, unscored
    assert main([*command, "--offline"]) == 0
    shown = capsys.readouterr().out
    assert "47 from the cache" in shown
    assert f"23 unscored: {OFFLINE}" in shown
    assert "0 tokens to the judge" in shown


@pytest.mark.usefixtures("labels")
def test_grades_of_a_run_are_among_its_scores(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = a_run(tmp_path / "before"), a_run(tmp_path / "after")
    records = (before / RECORDS).read_bytes()
    page = tmp_path / "page.html"
    for run, model, wrong in ((before, "good", ()), (after, "bad", (100, 103, 106))):
        with upstream.upstream(failing_a_third(lambda number, of=wrong: number in of)) as server:  # type: ignore[misc]
            monkeypatch.setenv("PINCITE_LLM_BASE_URL", server.url)
            monkeypatch.setenv("PINCITE_LLM_MODEL", model)
            assert main(["judge", "--run", str(run)]) == 0
    assert (before / RECORDS).read_bytes() == records
    scores = {one["id"]: one for one in read_run(before)[1]}
    assert scores["100"]["scores"]["judged_supported"] == 1
    assert scores["101"]["scores"]["judged_contradicted"] == 1
    assert "judged_supported" not in scores["102"]["scores"]
    assert "1 of 1 claims have no grade" in scores["102"]["unscored"]["judged_supported"]
    capsys.readouterr()
    assert main(["compare", str(before), str(after), "--metric", "judged_supported"]) == 0
    shown = capsys.readouterr().out
    assert "27" in shown  # pairs, of 40
    assert "not made alike: judge.model: good -> bad" in shown
    assert main(["report", str(after), "--out", str(page), "--right", "judged_supported"]) == 0
    assert "judged_supported" in page.read_text()


def test_what_judging_will_take_is_said_before(
    labels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with upstream.upstream([upstream.text(OK)]) as server:
        monkeypatch.setenv("PINCITE_LLM_BASE_URL", server.url)
        command = ["judge", "--against", str(labels), "--prices", "1", "10", "--dry-run"]
        assert main(command) == 0
        assert server.chats == []
    shown = capsys.readouterr().out
    assert shown.startswith("30 claims to do: about 30 calls of the model")
    assert "at most 30,720 from it" in shown
    assert main(["judge"]) == 2
    assert "Name --against FILE, --run RUN, or both" in capsys.readouterr().err


def test_a_judge_that_always_fails_says_so_with_its_exit_code(
    labels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with upstream.upstream(upstream.error(401, "No such key.")) as server:
        monkeypatch.setenv("PINCITE_LLM_BASE_URL", server.url)
        assert main(["judge", "--against", str(labels)]) == 1
    shown = capsys.readouterr().out
    assert "0 scored, 30 unscored" in shown
    assert "can not be held against people" in shown


def test_few_labels_of_one_kind_are_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    item = Item("C.", ("E.",), "one group", Grade.SUPPORTED)
    report([(item, Judged(Grade.SUPPORTED, ""))] * 3, None, print)
    shown = capsys.readouterr().out
    assert "balanced accuracy: none" in shown
    assert "kappa: none, since people and judge gave one grade to everything, on the 3" in shown
    assert "too narrow" in shown
    assert "nan" not in shown


def test_labels_are_read_with_errors_that_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"claim": "C.", "evidence": "E.", "label": true}\n{"claim": "C."}\n')
    with pytest.raises(InvalidCases, match="line 2: 'evidence': Field required"):
        read_items(path)
    path.write_text('{"claim": "C.", "evidence": ["E."]}\n')
    with pytest.raises(InvalidCases, match="no labels"):
        read_items(path)
    path.write_text('{"claim": "C.", "evidence": ["E."], "label": false}\n')
    assert read_items(path) == [Item("C.", ("E.",), "line 1", Grade.UNSUPPORTED)]


def test_kappa_is_agreement_beyond_chance() -> None:
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx((0.7 - 0.5) / 0.5)  # 35 of 50; chance is a half
    assert kappa(first, first) == 1
    assert kappa(["yes"] * 3, ["yes"] * 3) != kappa(["yes"] * 3, ["yes"] * 3)  # no number


def test_agreement_without_one_of_the_classes_has_no_balanced_accuracy() -> None:
    found = agreement(["yes", "yes"], ["yes", "no"], ["a", "b"], "yes")
    assert (found.n, found.balanced) == (2, None)
    assert agreement(["yes", "yes"], ["yes", "yes"], ["a", "b"], "yes").kappa is None


def test_a_mean_is_corrected_by_the_error_on_labelled_rows() -> None:
    """By hand: the judge says .8 of the rest, and on 100 labelled rows .2 too much."""
    names = [str(at) for at in range(400)]
    labelled = Graded([1.0] * 70 + [0.0] * 30, names[:100], [1.0] * 50 + [0.0] * 50)
    unlabelled = Graded([1.0] * 320 + [0.0] * 80, names)
    found = corrected_mean(labelled, unlabelled)
    assert found.value == pytest.approx(0.6)
    error = (0.8 * 0.2 / 400 + 0.2 * 0.8 / 100) ** 0.5  # of the paper: both variances, by n
    assert found.low == pytest.approx(0.6 - 1.96 * error, abs=0.01)
    assert found.high == pytest.approx(0.6 + 1.96 * error, abs=0.01)


def test_unscored_rows_leave_bounds() -> None:
    assert bounds(3, 6, 4) == (0.3, 0.7)
