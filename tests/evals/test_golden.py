"""The golden set keeps its floors, and a gate over it sees a retriever that got worse."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from corpus.chunk import MAX_TOKENS
from corpus.types import Document
from evals.cases import Case, read_cases
from evals.cli import main
from evals.folder import RECORDS, RUN, SUMMARY, Record, read_run, write_json, write_lines
from evals.golden import CASES, golden_uploads
from evals.golden.floors import EVERY, floors_of, read_floors, shortfalls
from evals.golden.regressions import (
    REGRESSIONS,
    RUNS,
    Pairs,
    dropped,
    exchanged,
    resampled,
    retrieved,
    times,
)
from evals.naming import names_of
from evals.retrieval import filled
from evals.run import Plan, run
from evals.scores import forbidden
from rag import Pipeline, Settings
from rag.types import EXTRACTIVE
from tests.corpus.texts import SAMPLES

KINDS = {
    *("prose", "table-cell", "multi-document", "conflict", "correction"),
    *("date-arithmetic", "unanswerable", "injected"),
}
WITH_TIES = ("table-cell-06", "conflict-09", "injected-02", "injected-03")  # in what they find
PLANTED = ("no dense half", "the worst first", "characters for tokens")


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with filled(golden_uploads(), MAX_TOKENS, lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return read_cases(CASES)


@pytest.fixture(scope="module")
def documents(pipeline: Pipeline) -> Mapping[str, Document]:
    """The documents with their texts, by file name."""

    async def all_texts() -> dict[str, Document]:
        listed = [one async for one in pipeline.all_documents("default")]
        named = names_of(listed)
        return {
            upload.name: await pipeline.document(document.id)
            for upload in golden_uploads()
            if (document := named[upload.name]) is not None
        }

    return asyncio.run(all_texts())


@pytest.fixture(scope="module")
def records(
    pipeline: Pipeline, cases: list[Case], tmp_path_factory: pytest.TempPathFactory
) -> list[Record]:
    """What the golden set comes to."""
    folder = tmp_path_factory.mktemp("golden") / "run"
    asyncio.run(run(Plan(cases), folder, pipeline.settings, pipeline, lambda _done, _of: None))
    return read_run(folder)[1]


@pytest.fixture(scope="module")
def shipped(pipeline: Pipeline, cases: list[Case]) -> list[Record]:
    """What is retrieved for it."""
    return asyncio.run(retrieved(pipeline, cases, {}))


@pytest.fixture(scope="module")
def planted(pipeline: Pipeline, cases: list[Case], shipped: list[Record]) -> Mapping[str, Pairs]:
    """What is retrieved as shipped and with each regression, case by case."""
    return {
        name: list(
            zip(
                shipped,
                asyncio.run(retrieved(pipeline, cases, REGRESSIONS[name])),
                strict=True,
            )
        )
        for name in PLANTED
    }


def test_there_are_cases_of_every_kind(cases: list[Case]) -> None:
    kinds = Counter(tag for one in cases for tag in one.tags)
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 8
    assert kinds.total() == len(cases) >= 60


def test_every_supporting_quote_stands_in_its_document_once(
    cases: list[Case], documents: Mapping[str, Document]
) -> None:
    supported = [one for one in cases if one.facts]
    assert all(one.reference and one.support for one in supported)
    for one in cases:
        for support in one.support:
            assert support.start is None
            support.span_in(documents[support.document].text)


def test_what_is_forbidden_is_dictated_or_would_have_to_be_computed(
    cases: list[Case], documents: Mapping[str, Document]
) -> None:
    samples = {path.name for path in SAMPLES}
    for case in cases:
        assert bool(case.forbidden) == (case.tags[0] in ("injected", "date-arithmetic"))
        for words in case.forbidden:
            said_by = {name for name, one in documents.items() if forbidden(one.text, [words])}
            assert bool(said_by) == (case.tags == ["injected"]), words
            assert not said_by & samples


def test_the_golden_set_keeps_its_floors(records: list[Record]) -> None:
    assert {one["answer"]["model"] for one in records} == {EXTRACTIVE}
    short = shortfalls(records, read_floors())
    assert not short, "\n".join(short)


def test_every_kind_has_a_floor_and_what_must_be_exact_has_no_play() -> None:
    floors = read_floors()
    assert set(floors) == {EVERY, *KINDS}
    assert (floors[EVERY]["pointer_validity"], floors[EVERY]["quote_exactness"]) == (1, 1)
    assert floors["injected"]["forbidden"] == floors["date-arithmetic"]["forbidden"] == 0


def test_floors_are_the_worse_bounds_of_what_was_measured() -> None:
    """By hand: of 20 right answers, the bound of Clopper and Pearson is 0.025 ** (1 / 20)."""
    scores = {"right_abstention": 1.0, "contradicted": 0.0, "quote_exactness": 1.0, "answered": 1.0}
    made = [
        {"id": f"{at}", "cluster": f"{at}", "tags": ["few"] if at < 7 else ["many"]}
        | {"status": "scored", "scores": scores, "unscored": {}}
        for at in range(20)
    ]
    assert floors_of(made) == {
        EVERY: {"right_abstention": 0.831, "contradicted": 0.169, "quote_exactness": 1.0},
        "many": {"right_abstention": 0.752},
    }


def test_a_case_that_failed_falls_short(records: list[Record]) -> None:
    lost = {"status": "failed", "error": "It broke.", "scores": {}}
    assert shortfalls([records[0] | lost, *records[1:]], read_floors()) == [
        "prose-01 failed: It broke."
    ]


@pytest.mark.parametrize("name", PLANTED)
def test_a_retriever_that_got_worse_falls_below_the_floors(
    records: list[Record], planted: Mapping[str, Pairs], name: str
) -> None:
    worse = {after["id"]: after["scores"] for _, after in planted[name]}
    found = [{**one, "scores": one["scores"] | worse.get(one["id"], {})} for one in records]
    short = "\n".join(shortfalls(found, read_floors()))
    assert "all: recall@10 (passages that have what supports the answer) is " in short
    assert (
        f"the floor is {read_floors()[EVERY]['recall@10']:.3f}; the worst cases:\n  0.000 " in short
    )


def test_one_citation_beside_its_quote_falls_below_the_floor(records: list[Record]) -> None:
    cited = next(at for at, one in enumerate(records) if "quote_exactness" in one["scores"])
    found = [{**one, "scores": dict(one["scores"])} for one in records]
    found[cited]["scores"]["quote_exactness"] = 0.5
    short = shortfalls(found, read_floors())
    assert len(short) == 1
    assert f"the floor is 1.000; the worst cases:\n  0.500 {found[cited]['id']}: " in short[0]


def test_a_mean_that_is_gone_falls_below_its_floor(records: list[Record]) -> None:
    found = [
        {**one, "scores": {name: of for name, of in one["scores"].items() if name != "mrr"}}
        for one in records
    ]
    (short,) = shortfalls(found, read_floors())
    assert short.startswith("all: no case has a score of mrr any more, of which the floor is 0.6")


@pytest.mark.parametrize("name", PLANTED)
def test_a_gate_sees_a_regression_of_the_retriever_and_no_noise(
    planted: Mapping[str, Pairs], name: str
) -> None:
    assert dropped(planted[name])
    assert times(resampled, planted[name]) >= 0.8 * RUNS
    assert times(exchanged, planted[name]) <= 1  # 2.5 % of such runs, by the interval's tail


def test_the_same_seed_gives_the_same_report_in_another_folder(
    pipeline: Pipeline, cases: list[Case], tmp_path: Path
) -> None:
    """Whatever the number of threads, the order of the documents, and what is asked at once."""
    asked = [one for one in cases if one.id in WITH_TIES]
    asked.append(Case(id="summary", documents=["tram-night-service.html"]))
    settings = Settings(data_dir=tmp_path / "data", threads=1)
    other = Pipeline(settings)
    try:
        asyncio.run(other.add(golden_uploads()[::-1]))
        asyncio.run(other.index())
        for name, opened, at_once in (("one", pipeline, 1), ("two", other, 3)):
            folder = tmp_path / name / "run"
            folder.parent.mkdir()
            plan = Plan(asked, at_once=at_once)
            asyncio.run(run(plan, folder, opened.settings, opened, lambda _done, _of: None))
            assert main(["report", str(folder), "--out", str(folder / "report.html")]) == 0
    finally:
        other.close()
    for made in (RUN, RECORDS, SUMMARY, "report.html"):
        first, second = (tmp_path / name / "run" / made for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes(), made


def test_the_command_of_a_gate_sees_it_too(
    shipped: list[Record], planted: Mapping[str, Pairs], tmp_path: Path
) -> None:
    worse = [after for _, after in planted["no dense half"]]
    before, after = (
        written(tmp_path / name, some) for name, some in (("before", shipped), ("after", worse))
    )
    assert main(["gate", before, after]) == 1
    assert main(["gate", after, before]) == 0
    assert main(["gate", before, before]) == 0


def written(folder: Path, records: list[Record]) -> str:
    folder.mkdir()
    write_json(folder / RUN, {"cases": len(records)})
    write_lines(folder / RECORDS, records)
    return str(folder)
