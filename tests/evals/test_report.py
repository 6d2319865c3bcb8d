"""A report is one file: means with intervals, curves, and the worst cases in their place."""

from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evals.cli import main
from evals.folder import RECORDS, RUN, Record, write_json, write_lines


class Page(HTMLParser):
    """What a page has: its tags with their attributes, and the text in each kind of tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "rect", "path", "circle", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)


def case(at: int, right: float, confidence: float, **more: Any) -> Record:
    cited = {
        "id": "cit",
        "marker": 1,
        "title": "Ferries",
        "before": "It is said: ",
        "quote": f"Ferry {at} <leaves> at noon.",
        "after": " Nothing else is.",
    }
    return {
        "id": f"case {at}",
        "case": "hash",
        "cluster": f"{at}",
        "tags": ["odd"] if at % 2 else ["even"],
        "question": f"When does ferry {at} leave?",
        "status": "scored",
        "error": None,
        "answer": {"text": "At noon [1].", "citations": [cited]},
        "scores": {"claim_recall": right},
        "unscored": {},
        "claims": [],
        "confidence": confidence,
        **more,
    }


def written(folder: Path, records: list[Record]) -> Path:
    folder.mkdir()
    write_json(folder / RUN, {"cases": len(records), "seed": 0, "settings": {"passages": 10}})
    write_lines(folder / RECORDS, records)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    records = [case(at, float(at > 2), 0.3 + 0.02 * at) for at in range(30)]
    failed = case(30, 0.0, 0.0, status="failed", error="It <broke>.", scores={})
    return written(tmp_path / "run <1>", [*records, failed])


def page_of(run: Path, *arguments: str) -> tuple[Page, str]:
    out = run.parent / "report.html"
    assert main(["report", str(run), "--out", str(out), *arguments]) == 0
    text = out.read_text()
    return Page(text), text


def test_a_page_is_well_formed_and_needs_nothing_from_elsewhere(run: Path) -> None:
    page, text = page_of(run)
    assert page.open == []
    assert not [tag for tag, of in page.tags if tag in ("script", "link", "img") or "src" in of]
    assert "url(" not in text
    assert page.texts["h1"] == ["Run run <1>"]
    assert page_of(run)[1] == text


def test_means_have_their_intervals_and_failed_cases_are_shown(run: Path) -> None:
    page, text = page_of(run)
    assert "0.900" in page.texts["td"]  # 27 of 30
    assert any(one.startswith(("[0.7", "[0.8")) for one in page.texts["td"])
    assert "1 failed, which are in no mean" in text
    assert "Failed: It <broke>." in page.texts["p"]


def test_curves_are_drawn_with_a_table_for_who_does_not_see_them(run: Path) -> None:
    page, _ = page_of(run)
    figures = [of for tag, of in page.tags if tag == "figure"]
    assert [of["role"] for of in figures] == ["img", "img"]
    assert all(of["aria-label"] for of in figures)
    drawings = [of for tag, of in page.tags if tag == "svg"]
    assert [of["viewbox"] for of in drawings] == ["0 0 460 320"] * 2  # smaller where there is less
    drawn = page.texts["text"]
    assert {"Risk and coverage", "Reliability", "as it should be", "this run"} <= set(drawn)
    assert not [one for one in drawn if "Unnamed" in one]
    assert page.texts["caption"] == [
        "Each mean with its interval",
        "Share wrong among the surest",
        "Confidence, and the share that is wholly right",
        "Means by tag",
        "What the run was made with",
    ]
    assert "0.100" in page.texts["td"]  # wrong, of all
    assert "0.000" in page.texts["td"]  # of the surest half


def test_the_worst_cases_come_first_with_their_quotes_marked_in_their_place(run: Path) -> None:
    page, text = page_of(run)
    assert page.texts["h3"][:4] == [f"When does ferry {at} leave?" for at in (30, 0, 1, 2)]
    assert page.texts["mark"][0] == "Ferry 0 <leaves> at noon."
    assert "It is said: <mark>" in text


def test_a_page_reads_well_on_paper_and_aloud(run: Path) -> None:
    page, text = page_of(run)
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))  # none is left out
    groups = [of for tag, of in page.tags if tag == "div" and of.get("role") == "group"]
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert [of["aria-label"] for of in groups] == page.texts["caption"]
    assert len(groups) == tables
    assert {of["tabindex"] for of in groups} == {"0"}  # what scrolls is reached by keys
    cells = [of for tag, of in page.tags if tag == "th"]
    assert all(of["scope"] in ("col", "row") for of in cells)
    assert page.texts["span"][:2] == ["cited: ", ", so far"]  # in place of the colour
    assert "display: block" not in text  # which takes a table from screen readers
    assert "@media print" in text


def test_differences_from_another_run_are_shown(run: Path, tmp_path: Path) -> None:
    before = written(tmp_path / "before", [case(at, 1.0, 0.5) for at in range(30)])
    page, _ = page_of(run, "--before", str(before))
    assert "Pair by pair" in page.texts["caption"]
    assert "-0.100" in page.texts["td"]


def test_a_metric_that_the_run_has_not_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["report", str(run), "--out", str(run.parent / "x.html"), "--right", "mrr"]
    assert main(command) == 2
    assert "has no score 'mrr'" in capsys.readouterr().err
