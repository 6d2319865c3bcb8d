"""A replay asks again what was really asked, and shows what would be answered otherwise now."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.types import Span
from evals.cli import main
from evals.folder import RECORDS, read_run, read_timings
from evals.replayed import first_again, overlap
from rag import Answer, Pipeline, Question, Role, Settings, Turn, Upload
from rag.events import last_answer
from rag.keeping import answer_of_json
from tests import upstream

FERRY = "The ferry to Sandel leaves at 9.30 in the morning. It is an old red ship of the island."
BOARD = "The board sets the water tariff in June. It meets in the old town hall, as it always has."
QUESTIONS = (
    Question("When does the ferry to Sandel leave?"),
    Question(
        "And when does it leave on Mondays?",
        history=(
            *(Turn(Role.USER, "Hello."), Turn(Role.ASSISTANT, "Hello.")) * 3,
            Turn(Role.USER, "Tell me of the ferry to Sandel."),
            Turn(Role.ASSISTANT, "Yes."),
        ),
    ),
    Question("When does the board set the water tariff?"),
    Question("Who painted the cathedral of Oslo?"),
    Question("Write a title for this conversation: hello"),
    Question("When does the ferry leave?", collection="other"),
)


@contextmanager
def opened(folder: Path, **settings: object) -> Iterator[Pipeline]:
    pipeline = Pipeline(Settings.model_validate({"data_dir": folder, **settings}))
    try:
        yield pipeline
    finally:
        pipeline.close()


async def add(pipeline: Pipeline, name: str, text: str) -> None:
    upload = Upload(text.encode(), "text/plain", name, uri=name, external_id=name)
    await pipeline.add([upload])
    await pipeline.index()


async def asked(pipeline: Pipeline, *questions: Question) -> list[Answer]:
    return [await last_answer(pipeline.answer_and_keep(one)) for one in questions]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Answer]]:
    """A data folder in which answers are kept, of which none is changed by a test."""
    folder = tmp_path_factory.mktemp("data")

    async def fill(pipeline: Pipeline) -> list[Answer]:
        await add(pipeline, "ferry.txt", FERRY)
        await add(pipeline, "board.txt", BOARD)
        return await asked(pipeline, *QUESTIONS)

    with opened(folder) as pipeline:
        return folder, asyncio.run(fill(pipeline))


@pytest.fixture
def data(kept: tuple[Path, list[Answer]], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PINCITE_DATA_DIR", str(kept[0]))
    return kept[0]


def contents(folder: Path) -> list[tuple[str, str, str]]:
    async def all_of(pipeline: Pipeline) -> list[tuple[str, str, str]]:
        page, cursor = await pipeline.kept_answers(100, None)
        assert cursor is None
        return [(one.id, one.created_at, one.content) for one in page]

    with opened(folder) as pipeline:
        return asyncio.run(all_of(pipeline))


def test_an_answer_is_kept_with_how_it_was_asked_and_what_was_read_of_the_conversation(
    kept: tuple[Path, list[Answer]],
) -> None:
    again = [answer_of_json(content) for _, _, content in reversed(contents(kept[0]))]
    asked = [one.asked for one in again if one.asked is not None]
    assert asked == [
        replace(one, history=one.history[-6:]) for one in QUESTIONS if "title" not in one.text
    ]


def test_nothing_differs_where_nothing_was_changed_and_kept_answers_stay_as_they_are(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(data)
    out = tmp_path / "replay"
    assert main(["replay", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    rows = {line[:32].strip(): line[32:].split() for line in shown.splitlines()}
    assert rows["say the same text"][:3] == ["4", "of", "4"]
    assert rows["have other verdicts"][:3] == ["0", "of", "3"]
    assert rows["find again all that was found"][:3] == ["4", "of", "4"]
    assert "4 answers replayed, 0 of them failed" in shown
    assert "1 left out, asked by a front end for itself" in shown
    assert contents(data) == before
    pairs = [read_run(out / name)[1] for name in ("A", "B")]
    assert [one["scores"] for one in pairs[0]] == [one["scores"] for one in pairs[1]]
    assert [one["tags"] for one in pairs[0]].count(["in a conversation"]) == 1
    for command in (["compare"], ["gate", "--metric", "supported"]):
        assert main([*command, str(out / "A"), str(out / "B")]) == 0
    page = tmp_path / "page.html"
    command = ["report", str(out / "B"), "--before", str(out / "A"), "--out", str(page)]
    assert main(command) == 0
    assert "not kept with answers" in page.read_text()


@pytest.mark.usefixtures("data")
def test_a_stopped_replay_goes_on_with_the_same_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "replay"
    command = ["replay", "--out", str(out), "--limit", "2", "--seed", "3", "--retrieval-only"]
    assert main(command) == 0
    whole = (out / "B" / RECORDS).read_text()
    first = whole.splitlines()[0]
    (out / "B" / RECORDS).write_text(first.replace("When", "WHEN") + "\n")
    assert main(command) == 0
    goes_on = (out / "B" / RECORDS).read_text().splitlines()
    assert goes_on == [first.replace("When", "WHEN"), *whole.splitlines()[1:]]
    record = json.loads(goes_on[1])
    assert set(record["scores"]) <= {"overlap@10", "first@10"}
    capsys.readouterr()
    assert main(["replay", "--out", str(out), "--limit", "3", "--retrieval-only"]) == 2
    assert "other limit, seed" in capsys.readouterr().err


@pytest.mark.usefixtures("data")
def test_a_change_of_what_is_retrieved_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PINCITE_PASSAGES", "1")
    out = tmp_path / "replay"
    assert main(["replay", "--out", str(out), "--retrieval-only"]) == 0
    overlaps = [one["scores"].get("overlap@10") for one in read_run(out / "B")[1]]
    assert min(one for one in overlaps if one is not None) < 1
    shown = capsys.readouterr().out
    assert "say the same text" not in shown
    assert "0 of 4" in shown
    assert main(["gate", str(out / "A"), str(out / "B"), "--metric", "overlap@10"]) == 1


def test_what_is_gone_is_named_and_not_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PINCITE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PINCITE_KEEP_VERSIONS", "1")

    async def fill(pipeline: Pipeline) -> list[Answer]:
        await add(pipeline, "ferry.txt", FERRY)
        answers = await asked(pipeline, QUESTIONS[0])
        unknown = replace(answers[0], id="ans_unknown", asked=None)
        moved = tuple(
            replace(one, chunk=replace(one.chunk, document_id="doc_gone"))
            for one in unknown.passages
        )
        await pipeline.keep_answer(replace(unknown, passages=moved))
        await pipeline.keep_answer(replace(unknown, id="ans_older"))
        await add(pipeline, "ferry.txt", FERRY.replace("9.30", "8.15"))
        return answers

    with opened(tmp_path / "data", keep_versions=1) as pipeline:
        (answer,) = asyncio.run(fill(pipeline))
    out = tmp_path / "replay"
    assert main(["replay", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "2 cite what is gone" in shown
    assert f"{answer.id} version 1 of {answer.citations[0].document_id} is gone" in shown
    assert "1 left out, of which the collection is not known" in shown
    assert "ans_unknown" in shown
    assert "0 of 2" in shown  # say the same text
    assert "2 say something else" in shown
    before = {one["id"]: one for one in read_run(out / "A")[1]}
    after = {one["id"]: one for one in read_run(out / "B")[1]}
    assert set(before) == {answer.id, "ans_older"}
    assert "gone" in before[answer.id]["unscored"]["quote_exactness"]
    assert "quote_exactness" not in before[answer.id]["scores"]
    assert before[answer.id]["claims"] == [[answer.sentences[0].text, [answer.citations[0].quote]]]
    (took,) = (one["seconds"] for one in read_timings(out / "A") if one["id"] == answer.id)
    assert took == pytest.approx(sum(answer.timings.values()), abs=0.001)
    assert after[answer.id]["scores"]["quote_exactness"] == 1
    assert after[answer.id]["scores"]["overlap@10"] == 0.5  # the sentence of the red ship


@pytest.mark.usefixtures("data")
def test_a_conversation_is_asked_again_with_its_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering = upstream.text("The ferry to Sandel leaves at 9.30 in the morning [1.1].")
    with upstream.upstream([answering]) as server:
        monkeypatch.setenv("PINCITE_LLM_BASE_URL", server.url)
        monkeypatch.setenv("PINCITE_LLM_MODEL", "another")
        command = ["replay", "--out", str(tmp_path / "replay"), "--prices", "1", "10"]
        assert main(command) == 0
    asked = [json.dumps(one["messages"]) for one in server.chats]
    assert any("Tell me of the ferry to Sandel." in one for one in asked)
    shown = capsys.readouterr().out
    rows = {line[:32].strip(): line[32:].split() for line in shown.splitlines()}
    assert rows["are of another model"][0] == "4"
    assert rows["are of another prompt"][0] == "4"
    assert rows["cost"][:2] == ["0", "before,"]


@pytest.mark.usefixtures("data")
def test_without_answers_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["replay", "--out", str(tmp_path / "replay")]
    assert main([*command, "--collection", "empty"]) == 2
    assert "No answer of the collection 'empty' is kept" in capsys.readouterr().err
    assert main([*command, "--since", "2100-01-01"]) == 2
    assert "since 2100-01-01T00:00:00.000Z is kept" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "--since", "yesterday"])
    assert "yesterday is no date or time" in capsys.readouterr().err


def test_passages_are_compared_by_their_sentences(kept: tuple[Path, list[Answer]]) -> None:
    passages = kept[1][0].passages
    assert len(passages) == 2
    assert overlap(passages, passages) == 1
    assert overlap(passages, passages[1:]) == 0.5
    assert overlap(passages[1:], passages) == 1
    assert first_again(passages[0], passages[::-1]) == 0.5
    assert first_again(passages[0], passages[1:]) == 0
    first = passages[0]
    half = Span(first.chunk.units[1].span.start, first.chunk.span.end)
    cut = replace(
        first,
        text=first.text[half.start - first.chunk.span.start :],
        chunk=replace(first.chunk, span=half, units=first.chunk.units[1:]),
    )
    assert overlap([first], [cut]) == 0.5  # a chunk of another size has one of its two sentences
    assert first_again(first, [cut]) == 1
