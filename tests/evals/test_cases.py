"""Cases are read with errors that name the line, and made from what is stored."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.types import Document
from evals.cases import Case, Support, line_of, read_cases
from evals.cli import main
from evals.errors import InvalidCases
from evals.naming import name_for, names_of
from evals.starter import case_of_answer, starter_cases
from rag import Pipeline, Question, Settings, Upload

FERRY = (
    "The ferry to Sandel leaves the old quay at 9.30 in the morning, every day. "
    "It is an old red ship. The crew that works on the ferry was hired by Marit Holm."
)


def written(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    opened = Pipeline(Settings(data_dir=tmp_path_factory.mktemp("data")))
    ferry = Upload(FERRY.encode(), "text/plain", "ferry.txt", uri="file:///ferry.txt")
    try:
        asyncio.run(opened.add([ferry]))
        asyncio.run(opened.index())
        yield opened
    finally:
        opened.close()


def test_all_fields_are_read_and_written_without_loss(tmp_path: Path) -> None:
    row = {
        "question": "When does it leave?",
        "reference": "At noon.",
        "facts": ["It leaves at noon."],
        "support": [{"document": "ferry.txt", "quote": "leaves at noon", "start": 3}],
        "abstain": False,
        "tags": ["ferry"],
        "metadata": {"by": "me"},
    }
    (case,) = read_cases(written(tmp_path / "cases.jsonl", row))
    assert case.support == [Support(document="ferry.txt", quote="leaves at noon", start=3)]
    assert json.loads(line_of(case)) == {**row, "id": case.id}


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Q?", "answer": "A.", "contexts": ["C."], "ground_truth": "T."},
        {
            "user_input": "Q?",
            "response": "A.",
            "retrieved_contexts": ["C."],
            "reference": "T.",
            "synthesizer_name": "x",
            "reference_contexts": None,
            "retrieved_context_ids": ["1"],
            "reference_context_ids": [1],
            "rubrics": {"score1_description": "It is wrong."},
        },
    ],
)
def test_both_namings_of_ragas_are_read_as_an_answer_of_another_system(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    (case,) = read_cases(written(tmp_path / "cases.jsonl", row))
    assert (case.question, case.answer, case.contexts, case.reference) == (
        "Q?",
        "A.",
        ["C."],
        "T.",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ('["Q?"]', "is no JSON object"),
        ('{"question": "Q?", "fact": ["F"]}', "'fact' is no field. Known are id"),
        ('{"question": "Q?", "facts": "F"}', "'facts': Input should be a valid list, not \"F\""),
        ('{"question": ""}', "'question': String should have at least 1 character"),
        ('{"tags": ["a"]}', "either a question, or documents"),
        ('{"question": "Q?", "contexts": ["C"]}', "no answer that was made from them"),
        ('{"question": "Q?", "abstain": true, "facts": ["F"]}', "abstain is true, but"),
        ('{"question": "Q?", "user_input": "R?"}', "'question' is given twice"),
        ('{"question": "First?"}', "line 1 has the same question"),
        (
            '{"question": "Q?", "support": [{"document": "d", "quote": "q", "begin": 1}]}',
            "'support.0.begin' is no field",
        ),
    ],
)
def test_what_can_not_be_read_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path / "cases.jsonl", {"question": "First?"}, line)
    with pytest.raises(InvalidCases, match="line 2: ") as raised:
        read_cases(path)
    assert said in str(raised.value)


def test_an_id_stays_when_lines_move_and_the_hash_changes_with_what_is_expected() -> None:
    one = Case(id="a", question="Q?", reference="One.")
    assert one.sha256 == Case(id="b", question="Q?", reference="One.", tags=["t"]).sha256
    assert one.sha256 != Case(id="a", question="Q?", reference="Two.").sha256


def test_an_id_is_made_of_the_question(tmp_path: Path) -> None:
    first, second = {"question": "First?"}, {"question": "Second?"}
    forth = read_cases(written(tmp_path / "cases.jsonl", first, second))
    back = read_cases(written(tmp_path / "cases.jsonl", second, first))
    assert [one.id for one in forth] == [one.id for one in reversed(back)]


def test_a_quote_is_found_where_its_offset_is_wrong_but_not_when_it_is_ambiguous() -> None:
    text = "one two one"
    assert Support(document="d", quote="two", start=0).span_in(text).start == 4
    assert Support(document="d", quote="one", start=8).span_in(text).start == 8
    with pytest.raises(ValueError, match="occurs 2 times"):
        Support(document="d", quote="one").span_in(text)
    with pytest.raises(ValueError, match="occurs 0 times"):
        Support(document="d", quote="three", start=4).span_in(text)


def test_a_starter_blanks_a_figure_or_a_name_of_a_sentence_that_stands_by_itself(
    pipeline: Pipeline,
) -> None:
    made = asyncio.run(starter_cases(pipeline, "default", limit=9))
    assert {one.reference for one in made} == {"9.30", "Marit Holm"}
    for case in made:
        (support,) = case.support
        assert support.span_in(FERRY).of(FERRY) == support.quote == case.facts[0]
        assert case.reference is not None
        assert case.reference not in (case.question or "")
        assert case.tags == ["starter"]


def test_a_kept_answer_becomes_a_case_that_expects_it(pipeline: Pipeline) -> None:
    async def keep(question: str) -> Case:
        answer = await pipeline.answer(Question(question))
        await pipeline.keep_answer(answer)
        return await case_of_answer(pipeline, answer.id)

    case = asyncio.run(keep("When does the ferry to Sandel leave?"))
    assert case.abstain is False
    assert "9.30" in case.facts[0]
    assert case.support[0].span_in(FERRY).of(FERRY) == case.support[0].quote
    case = asyncio.run(keep("Who painted the town hall of Oslo?"))
    assert case.abstain is True
    assert not case.facts


def test_the_commands_write_cases_that_can_be_read_and_overwrite_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PINCITE_DATA_DIR", str(tmp_path / "data"))
    opened = Pipeline(Settings(data_dir=tmp_path / "data"))
    try:
        asyncio.run(opened.add([Upload(FERRY.encode(), "text/plain", "ferry.txt")]))
        asyncio.run(opened.index())
        answer = asyncio.run(opened.ask("When does the ferry to Sandel leave?"))
        asyncio.run(opened.keep_answer(answer))
    finally:
        opened.close()
    path = tmp_path / "cases.jsonl"
    assert main(["init", "--out", str(path)]) == 0
    before = read_cases(path)
    assert main(["init", "--out", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["add", answer.id, "--cases", str(path)]) == 0
    assert [one.id for one in read_cases(path)] == [*(one.id for one in before), answer.id]
    assert main(["add", answer.id, "--cases", str(path)]) == 2
    assert "already" in capsys.readouterr().err
    assert main(["add", "ans_0", "--cases", str(path)]) == 2
    assert main(["init", "--collection", "none", "--out", str(tmp_path / "other")]) == 2
    assert "has no sentence" in capsys.readouterr().err


def test_a_document_goes_by_the_first_name_that_no_other_has(tmp_path: Path) -> None:
    opened = Pipeline(Settings(data_dir=tmp_path))
    uploads = [
        Upload(f"# Report\n\nIt is number {at}.".encode(), "text/markdown", "r.md", uri=uri)
        for at, uri in enumerate(["file:///a/one%20r.md", "file:///b/two.md", "file:///c/two.md"])
    ]
    try:
        asyncio.run(opened.add(uploads))

        async def every() -> list[Document]:
            return [one async for one in opened.all_documents("default")]

        documents = asyncio.run(every())
    finally:
        opened.close()
    names = names_of(documents)
    assert [name_for(one, names) for one in documents] == [
        "one r.md",
        "file:///b/two.md",
        "file:///c/two.md",
    ]
    assert names["Report"] is None
    assert names[documents[1].id] == documents[1]
