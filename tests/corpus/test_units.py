"""Units are what can be quoted, and what can not is marked."""

import pytest

from corpus.parse import parse_text
from corpus.types import Flaw, Unit, UnitKind
from corpus.units import units_of


def _units(text: str, media_type: str = "text/markdown") -> list[tuple[str, Unit]]:
    parsed = parse_text(text, media_type)
    return [(unit.span.of(parsed.text), unit) for unit in units_of(parsed, lambda _: True)]


def _quotable(text: str, media_type: str = "text/markdown") -> list[str]:
    return [body for body, unit in _units(text, media_type) if unit.quotable]


def test_sentences_and_rows_are_quotable_and_the_rest_is_not() -> None:
    text = (
        "---\ndate: 2026\n---\n# Fares\n\nFares stay. So do boats.\n\n"
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n```\ncode. here.\n```\n"
    )
    assert _quotable(text) == ["Fares stay.", "So do boats.", "| 1 | 2 |"]
    assert [unit.kind for _, unit in _units(text)] == [
        UnitKind.OTHER,
        UnitKind.HEADING,
        UnitKind.SENTENCE,
        UnitKind.SENTENCE,
        UnitKind.HEADER,
        UnitKind.ROW,
        UnitKind.OTHER,
    ]


def test_list_and_quotation_markers_are_not_quoted() -> None:
    assert _quotable("- Boats stay.\n- Fares too.\n\n> A road is a road.") == [
        "Boats stay.",
        "Fares too.",
        "A road is a road.",
    ]


def test_a_row_points_at_its_header() -> None:
    units = _units("| Year | Sum |\n|---|---|\n| 2024 | 61.5 |")
    (row,) = [unit for _, unit in units if unit.kind is UnitKind.ROW]
    assert row.header == units[0][1].span


def test_a_chatbots_offer_is_not_quoted() -> None:
    text = "Bills rise.\nIf you’d like, I can also shorten this. Let me know!\nBills fall."
    flaws = {body: unit.flaw for body, unit in _units(text, "text/plain")}
    assert flaws == {
        "Bills rise.": None,
        "If you’d like, I can also shorten this.": Flaw.RESIDUE,
        "Let me know!": Flaw.RESIDUE,
        "Bills fall.": None,
    }


def test_the_sentences_of_a_correction_are_marked() -> None:
    text = "The vote was 23 to 15.\n\n*Correction: The vote was 22 to 16. We regret it.*"
    corrects = [unit.corrects for _, unit in _units(text)]
    assert corrects[0] is False
    assert all(corrects[1:])


def test_a_unit_that_does_not_fit_is_cut_and_keeps_what_it_was() -> None:
    parsed = parse_text("| A | B |\n|---|---|\n| one two three | four five six |", "text/markdown")
    rows = [unit for unit in units_of(parsed, lambda text: len(text) < 12) if unit.header]
    assert len(rows) > 1
    assert all(unit.kind is UnitKind.ROW for unit in rows)
    assert all(len(unit.span.of(parsed.text)) < 12 for unit in rows)


@pytest.mark.parametrize(
    ("before", "caption"),
    [
        ("Table 1. Catches. In tonnes.", "Table 1. Catches. In tonnes."),
        ("Catches by year, in tonnes", "Catches by year, in tonnes"),
        ("The quota fell. The figures are:", "The figures are:"),
        ("The quota fell.", None),
        ("# Catches", None),
        ("If you'd like, I can also make a chart:", None),
        (f"{'Catches and ' * 30}quotas", None),
    ],
)
def test_a_row_knows_the_caption_over_its_table(before: str, caption: str | None) -> None:
    text = f"{before}\n\n| Year | Herring |\n|---|---|\n| 2025 | 31,500 |\n"
    units = units_of(parse_text(text, "text/markdown"), lambda _: True)
    (row,) = [unit for unit in units if unit.kind is UnitKind.ROW]
    assert (row.caption.of(text) if row.caption else None) == caption
