"""Runs are folders that say what was measured, go on where they stopped, and are the same again."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.cases import Case, Support
from evals.cli import main
from evals.configuration import shown_settings
from evals.errors import UnusableRun
from evals.folder import RECORDS, RUN, SUMMARY, TIMINGS, append, read_run, read_timings
from evals.forecast import Forecast, forecast
from evals.intervals import Estimate, estimate
from evals.outcomes import cited_sentences, declines
from evals.run import Plan, run
from evals.scores import Prices
from evals.summary import remarks
from rag import Pipeline, Settings, Upload
from tests import upstream

FERRY = "The ferry to Sandel leaves at 9.30 in the morning. It is an old red ship of the island."
BOARD = "The board sets the water tariff in June. It meets in the old town hall, as it always has."
CASES = [
    Case(
        id="ferry",
        question="When does the ferry to Sandel leave?",
        reference="The ferry to Sandel leaves at 9.30 in the morning.",
        facts=["The ferry leaves at 9.30.", "The ferry is green."],
        forbidden=["Sandel", "Oslo"],
        support=[Support(document="ferry.txt", quote="leaves at 9.30")],
        tags=["ships"],
    ),
    Case(id="none", question="Who painted the cathedral of Oslo?", abstain=True),
    Case(
        id="gone",
        question="When does the board set the tariff?",
        support=[Support(document="other.txt", quote="in June")],
    ),
    Case(
        id="theirs",
        question="When does the ferry leave?",
        answer="The ferry to Sandel leaves at 9.30 in the morning [1]. The ship is green [3].",
        contexts=[FERRY, BOARD],
        tags=["ships"],
    ),
    Case(
        id="summary",
        documents=["ferry.txt", "board.txt"],
        references=["The ferry leaves at 9.30."],
        cluster="both",
    ),
    Case(id="lost", documents=["nowhere.txt"]),
]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    opened = Pipeline(Settings(data_dir=tmp_path_factory.mktemp("data")))
    uploads = [
        Upload(text.encode(), "text/plain", name, uri=name)
        for name, text in (("ferry.txt", FERRY), ("board.txt", BOARD))
    ]
    try:
        asyncio.run(opened.add(uploads))
        asyncio.run(opened.index())
        yield opened
    finally:
        opened.close()


def ran(
    folder: Path, pipeline: Pipeline, cases: Sequence[Case] = CASES, **plan: Any
) -> dict[str, Any]:
    return asyncio.run(
        run(Plan(cases, **plan), folder, pipeline.settings, pipeline, lambda _done, _of: None)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "made"
    ran(folder, pipeline)
    return folder


def records(folder: Path) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in read_run(folder)[1]}


def test_each_case_gets_the_scores_that_it_asks_for(made: Path) -> None:
    found = records(made)
    ferry = found["ferry"]["scores"]
    assert ferry["exact_match"] == 1
    assert ferry["claim_recall"] == 0.5
    assert ferry["support_recall"] == 1
    assert ferry["forbidden"] == 0.5
    assert ferry["recall@10"] == ferry["mrr"] == ferry["span_recall@500"] == 1
    assert ferry["citation_recall"] == ferry["quote_exactness"] == ferry["pointer_validity"] == 1
    assert found["none"]["scores"]["right_abstention"] == 1
    assert "claim_recall" not in found["none"]["scores"]
    summary = found["summary"]["scores"]
    assert summary["coverage"] == 1
    assert 0 < summary["compression"] <= 1
    assert 0 < summary["rougeL"] < 1
    assert "answered" not in summary


def test_another_systems_answer_is_judged_by_its_contexts(made: Path) -> None:
    theirs = records(made)["theirs"]["scores"]
    assert records(made)["theirs"]["answer"]["text"] == CASES[3].answer  # which a report shows
    assert theirs["supported"] == 0.5
    assert theirs["citation_recall"] == 0.5  # the second marker points at nothing
    assert theirs["pointer_validity"] == 0.5
    assert theirs["citation_precision"] == 0.5


def test_what_can_not_be_scored_says_why_and_is_in_no_mean(made: Path) -> None:
    gone = records(made)["gone"]
    assert "other.txt" in gone["unscored"]["recall@10"]
    assert "recall@10" not in gone["scores"]
    found = json.loads((made / SUMMARY).read_text())
    assert (
        found["metrics"]["recall@10"] | {"unscored": 1, "n": 1, "mean": 1.0}
        == found["metrics"]["recall@10"]
    )


def test_a_failed_case_is_counted_and_shown(made: Path) -> None:
    found = json.loads((made / SUMMARY).read_text())
    assert (found["cases"], found["failed"]) == (6, 1)
    assert [one["id"] for one in found["failures"]] == ["lost"]
    assert "nowhere.txt" in found["failures"][0]["error"]
    assert "1 failed, which are in no mean" in remarks(found)[0]


def test_a_summary_has_means_by_tag(made: Path) -> None:
    tags = json.loads((made / SUMMARY).read_text())["tags"]
    assert tags["ships"]["cases"] == 2
    assert tags["ships"]["metrics"]["supported"]["mean"] == 0.75


def test_the_same_seed_gives_the_same_bytes(made: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    ran(tmp_path / "again", pipeline, at_once=3)
    for name in (RUN, RECORDS, SUMMARY):
        assert (tmp_path / "again" / name).read_bytes() == (made / name).read_bytes()


def test_a_killed_run_goes_on_and_ends_the_same(
    made: Path, tmp_path: Path, pipeline: Pipeline
) -> None:
    folder = tmp_path / "killed"
    asked = []

    def killed(done: int, _of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    def counted(done: int, _of: int) -> None:
        asked.append(done)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run(Plan(CASES), folder, pipeline.settings, pipeline, killed))
    for name in (RECORDS, TIMINGS):
        with (folder / name).open("a") as file:
            file.write('{"id": "gone", "sco')  # in the middle of a line
    with pytest.raises(UnusableRun, match="2 of 6 cases"):
        read_run(folder)
    asyncio.run(run(Plan(CASES), folder, pipeline.settings, pipeline, counted))
    assert asked == [2, 3, 4, 5, 6]
    assert {one["id"] for one in read_timings(folder)} == {one.id for one in CASES}
    for name in (RUN, RECORDS, SUMMARY):
        assert (folder / name).read_bytes() == (made / name).read_bytes()


def test_a_run_is_not_mixed_with_another(made: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UnusableRun, match="other cases, cases_sha256"):
        ran(made, pipeline, CASES[:2])
    with pytest.raises(UnusableRun, match="other seed"):
        ran(made, pipeline, seed=1)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UnusableRun, match="is no run"):
        ran(tmp_path, pipeline)


def test_a_run_of_other_code_is_not_gone_on_with(
    made: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(made, copy)
    before = json.loads((copy / RUN).read_text())
    (copy / RUN).write_text(json.dumps(before | {"code": "0" * 16}))
    with pytest.raises(UnusableRun, match="a run with other code: going on would mix"):
        ran(copy, pipeline)


def test_a_sample_is_drawn_by_the_seed() -> None:
    chosen = {seed: [one.id for one in Plan(CASES, limit=3, seed=seed).chosen()] for seed in (1, 2)}
    assert chosen[1] == [one.id for one in Plan(CASES, limit=3, seed=1).chosen()]
    assert chosen[1] != chosen[2]
    assert len(set(chosen[1])) == 3


def test_a_collection_without_documents_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "cases.jsonl"
    path.write_text('{"question": "When?"}\n')
    command = ["run", "--cases", str(path), "--out", str(tmp_path / "run"), "--collection", "tpyo"]
    assert main(command) == 2
    assert "The collection 'tpyo' has no documents" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_seed_that_draws_nothing_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--cases", "cases.jsonl", "--out", str(tmp_path / "run"), "--seed", "-1"])
    assert "-1 is not 0 or more" in capsys.readouterr().err


def test_failed_cases_are_done_again_when_asked_and_a_model_has_its_cost(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    filled = Pipeline(settings)
    try:
        asyncio.run(filled.add([Upload(FERRY.encode(), "text/plain", "ferry.txt", uri="f")]))
        asyncio.run(filled.index())
    finally:
        filled.close()
    replies: list[upstream.Reply | upstream.Text] = [
        upstream.error(400, "No."),
        upstream.text("The ferry to Sandel leaves at 9.30 in the morning [1.1].", usage=(900, 20)),
    ]
    with upstream.upstream(replies) as server:
        asking = settings.model_copy(
            update={"llm_base_url": server.url, "llm_model": "m", "llm_retries": 0}
        )
        opened = Pipeline(asking)
        try:
            cases = CASES[:1]
            prices = Prices(1.0, 10.0)
            found = ran(tmp_path / "run", opened, cases, prices=prices)
            assert found["failed"] == 1
            assert found["metrics"] == {}
            found = ran(tmp_path / "run", opened, cases, prices=prices, retry_failed=True)
        finally:
            opened.close()
    assert found["failed"] == 0
    assert found["metrics"]["cost"]["mean"] == pytest.approx((900 + 10 * 20) / 1e6)
    assert found["metrics"]["prompt_tokens"]["mean"] == 900


def test_what_a_run_will_take_is_said_before(pipeline: Pipeline, tmp_path: Path) -> None:
    def expected(plan: Plan, settings: Settings) -> Forecast:
        return asyncio.run(forecast(plan, tmp_path / "run", settings, pipeline))

    embedded = expected(Plan(CASES), pipeline.settings)
    assert (embedded.cases, embedded.calls, embedded.cost) == (6, 0, None)
    assert embedded.seconds is not None
    assert "no call of a model, cost 0" in str(embedded)
    with_model = pipeline.settings.model_copy(update={"llm_model": "m"})
    found = expected(Plan(CASES, prices=Prices(1.0, 10.0)), with_model)
    assert found.calls == 3
    assert found.completion == 3 * 1024
    assert 3 * 300 < found.prompt < 3 * 600  # two short documents, and the instructions
    assert found.cost == pytest.approx((found.prompt + 10 * found.completion) / 1e6)
    assert found.seconds is None  # nothing was answered by that model yet
    (tmp_path / "run").mkdir()
    append(tmp_path / "run" / RECORDS, {"id": "ferry", "status": "scored"})
    append(tmp_path / "run" / TIMINGS, {"id": "ferry", "seconds": 2.0})
    again = expected(Plan(CASES, at_once=5), with_model)
    assert (again.cases, again.calls, again.seconds) == (5, 2, 2.0)


def test_a_document_that_is_not_searchable_yet_fails_its_case_and_not_the_run(
    tmp_path: Path,
) -> None:
    opened = Pipeline(Settings(data_dir=tmp_path / "data"))
    plan = Plan([Case(id="early", documents=["ferry.txt"])])
    try:
        asyncio.run(opened.add([Upload(FERRY.encode(), "text/plain", "ferry.txt")]))
        expected = asyncio.run(forecast(plan, tmp_path / "run", opened.settings, opened))
        ran(tmp_path / "run", opened, plan.cases)
    finally:
        opened.close()
    assert expected.cases == 1
    assert "still being embedded" in records(tmp_path / "run")["early"]["error"]


def test_a_configuration_has_no_secret(tmp_path: Path) -> None:
    shown = json.dumps(
        shown_settings(
            Settings.model_validate(
                {
                    "data_dir": tmp_path,
                    "llm_api_key": "sk-secret",
                    "llm_base_url": "http://me:pass@host/v1",
                }
            )
        )
    )
    assert "secret" not in shown
    assert "pass@" not in shown
    assert "http://host/v1" in shown


def test_answers_of_others_are_run_without_any_documents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_DATA_DIR", str(tmp_path / "none"))
    path = tmp_path / "cases.jsonl"
    rows = [
        {"user_input": "When?", "response": "It leaves at noon, as the board has said."},
        {"user_input": "Who?", "response": "I don't know.", "metadata": {}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["run", "--cases", str(path), "--out", str(tmp_path / "run")]
    assert main([*command, "--dry-run"]) == 0
    assert "2 cases to do: no call of a model, cost 0" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "answered" in shown
    assert "2 cases in 2 clusters, 0 failed" in shown
    assert "too narrow" in shown
    (supported,) = [line.split() for line in shown.splitlines() if line.startswith("supported")]
    assert supported[:5] == ["supported", "none", "scored", "0", "1"]
    assert "unscored in 1 case: there are no contexts to judge its claims by" in shown
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("One is so [1]. Two is so.[2][3]", [("One is so.", [1]), ("Two is so.", [2, 3])]),
        ("One is so [1, 2] and more [1]. Two.", [("One is so and more.", [1, 2]), ("Two.", [])]),
    ],
)
def test_markers_belong_to_the_sentence_that_they_stand_in_or_behind(
    answer: str, said: list[tuple[str, list[int]]]
) -> None:
    assert cited_sentences(answer) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("I don't know.", True),
        ("Based on the provided context, I cannot determine when it leaves.", True),
        ("Unfortunately, the documents do not mention it.", True),
        ("Sorry, but there is no information about the ferry.", True),
        ("The context provided is not sufficient.", True),
        ("It is not mentioned.", True),
        ("The answer is not in the text.", True),
        ("The document is not binding before June.", False),
        ("The text does not apply to ferries.", False),
        ("According to the document, it leaves at noon.", False),
        ("No ferry leaves at noon.", False),
    ],
)
def test_an_answer_that_declines_is_told_from_one_that_denies(answer: str, *, said: bool) -> None:
    assert declines(answer) is said


def test_an_estimate_of_equal_shares_has_the_interval_of_a_proportion() -> None:
    found = estimate([1.0] * 10, range(10), share=True)
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(0.6915, abs=1e-4)  # as binom.test of R says
    assert estimate([1.0] * 10, [0] * 5 + [1] * 5, share=True).low == pytest.approx(0.025**0.5)
    assert estimate([0.0] * 10, range(10), share=True).high == pytest.approx(0.3085, abs=1e-4)
    assert estimate([2.0] * 10, range(10)) == Estimate(10, 10, 2.0, 2.0, 2.0)


def test_an_estimate_of_one_cluster_has_no_interval() -> None:
    assert estimate([0.0, 1.0], ["a", "a"]) == Estimate(2, 1, 0.5, None, None)


def test_an_estimate_draws_whole_clusters_as_its_standard_error_says() -> None:
    values = [0.0, 1.0] * 200
    found = estimate(values, range(400))
    assert found.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.006)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.006)
    pairs = estimate([0.0] * 200 + [1.0] * 200, [at // 20 for at in range(400)])
    assert pairs.low == pytest.approx(0.5 - 1.96 * 0.5 / 20**0.5, abs=0.05)
