"""The eval of summaries runs as a user runs it, on small data."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.summaries import Referenced, SourceText, read_quotesum, read_set
from evals.cli import main
from evals.errors import InvalidCases
from evals.summaries import drawn, lead, lead_3, length_of, whole_lead

FERRY = (
    "The ferry to {place} stops for ten days because its engine has to be repaired. "
    "Residents of {place} will be taken across by fishing boats until the repair is done. "
    "The harbour cafe of {place} sells herring and bread in the morning. "
    "A choir from {place} sang in the old church on Sunday evening."
)
DOCUMENTS = (["One a.", "One b.", "One c.", "One d."], ["Two a."], ["Three a.", "Three b."])


def _row(place: str, documents: int = 1) -> dict[str, Any]:
    texts = [FERRY.format(place=place), f"The ferry of {place} broke down at sea on Monday night."]
    return {
        "id": place,
        "documents": [{"title": "", "text": text} for text in texts[:documents]],
        "references": [
            f"The ferry to {place} stops for ten days for a repair. Fishing boats help out.",
            f"Because its engine has to be repaired the ferry to {place} stops for ten days.",
        ],
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def test_each_set_has_its_table_and_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path / "summaries" / "single.jsonl", [_row("Sandel"), _row("Orrin")])
    _write(tmp_path / "summaries" / "several.jsonl.gz", [_row("Skarne", 2), _row("Birk", 2)])
    assert main(["summaries", "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "single: 2 summaries of one document, asked for 15 words" in printed.out
    assert "several: 2 summaries of 2.0 documents in the mean" in printed.out
    rows = {line[:34].strip(): line[34:].split() for line in printed.out.splitlines()[1:9]}
    # The first sentence has nearly all the words of the second reference.
    assert float(rows["quoting"][0]) > float(rows["random, same length"][0])
    assert float(rows["quoting"][-1]) == 15
    assert float(rows["Lead-3"][-1]) == 15 + 14 + 12 + 12
    assert "quoting - Lead-3" in rows
    assert printed.out.count("within 15% of the length") == 2
    assert "quotesum: skipped" in printed.err


def test_the_same_seed_prints_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(tmp_path / "summaries" / "single.jsonl", [_row("Sandel"), _row("Orrin")])
    for _ in range(2):
        assert main(["summaries", "--data", str(tmp_path), "--limit", "1", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed[: len(printed) // 2] == printed[len(printed) // 2 :]
    assert "single: 1 summaries" in printed


def test_without_any_set_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summaries", "--data", str(tmp_path)]) == 2
    assert "summaries has no sets" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"references": []}, "'references': Tuple should have at least 1 item"),
        ({"documents": [{"text": " "}]}, "'documents.0.text'"),
        ({"summary": "x"}, "'summary' is no field. Known are id, documents, references"),
    ],
)
def test_a_bad_row_is_named_by_its_file_and_line(
    change: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "summaries" / "bad.jsonl", [_row("Sandel"), _row("Orrin") | change])
    assert main(["summaries", "--data", str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert f"{path}, line 2: " in printed
    assert said in printed


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(_row("Sandel")) + "\n\n{'id': 1}\n")
    with pytest.raises(InvalidCases, match=r"broken\.jsonl, line 3: no JSON"):
        read_set(path)
    path.write_text("\n")
    with pytest.raises(InvalidCases, match="has no rows"):
        read_set(path)


def test_answers_to_one_question_are_its_references(tmp_path: Path) -> None:
    passages = [{"title": "Ferry", "text": "It leaves at noon."}]
    asked = {"question": "When does it leave?", "passages": passages}
    rows = [asked | {"answers": ["It [ 1 leaves at noon ] ."]}, asked | {"answers": ["[ 1 Noon ]"]}]
    (found,) = read_quotesum(_write(tmp_path / "quotesum.jsonl.gz", rows))
    assert found.references == ("It leaves at noon .", "Noon")
    assert found.focus == "When does it leave?"
    assert found.documents == (SourceText(title="Ferry", text="It leaves at noon."),)


def test_lead_3_has_three_sentences_of_each_document() -> None:
    assert lead_3(DOCUMENTS) == ["One a.", "One b.", "One c.", "Two a.", "Three a.", "Three b."]


def test_the_lead_goes_round_the_documents_and_is_cut_at_its_length() -> None:
    assert lead(DOCUMENTS, 9) == ["One a.", "One b.", "Two a.", "Three a.", "Three"]
    assert lead(DOCUMENTS, 100) == [sentence for one in DOCUMENTS for sentence in one]


def test_the_lead_of_whole_sentences_keeps_the_length_where_it_can() -> None:
    long, short, other = "One a b c d e f g h.", "Two a b c.", "Three a b c."
    assert whole_lead([[long, short, other]], 7) == [short, other]
    assert whole_lead([[long, short], [other]], 10) == [long]
    assert whole_lead([[long, long]], 4) == [long]


def test_random_sentences_are_the_same_for_a_seed_and_as_long_as_asked() -> None:
    texts = {tuple(drawn(DOCUMENTS, 5, str(seed))) for seed in range(20)}
    assert tuple(drawn(DOCUMENTS, 5, "7")) in texts
    assert len(texts) > 5
    assert {sum(len(one.split()) for one in text) for text in texts} == {5}


def test_the_length_is_the_mean_of_all_references() -> None:
    document = (SourceText(text="x"),)
    rows = [
        Referenced(id="1", documents=document, references=("a b c", "a")),
        Referenced(id="2", documents=document, references=("a b c d e",)),
    ]
    assert length_of(rows) == 3
