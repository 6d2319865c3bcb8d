"""A slide is a page, its title a heading."""

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from corpus.errors import TooManyPages
from corpus.slides import read_pptx
from corpus.types import BlockKind, Limits, ParsedText
from tests.corpus.files import COSTS, entry_of, names_of, saved, slides, with_entry


def _read(data: bytes) -> ParsedText:
    return read_pptx(data, Limits())


def _pieces(parsed: ParsedText) -> list[tuple[BlockKind, str]]:
    return [(block.kind, block.span.of(parsed.text)) for block in parsed.blocks]


def test_slides_are_pages_with_their_titles_lists_and_notes() -> None:
    parsed = _read(slides())
    assert parsed.title == "Ferries in 2026"
    assert [page.of(parsed.text).split("\n")[0] for page in parsed.pages] == [
        "Ferries in 2026",
        "Where the money goes",
        "The water tariff will rise to 3.10 crowns in 2027.",
    ]
    assert _pieces(parsed)[:4] == [
        (BlockKind.HEADING, "Ferries in 2026"),
        (BlockKind.TEXT, "- The budget was approved."),
        (BlockKind.TEXT, "- It was a close vote."),
        (BlockKind.TEXT, "Say that the vote was 23 to 15."),
    ]


def test_a_table_on_a_slide_is_a_table() -> None:
    parsed = _read(slides())
    (table,) = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    assert [row.cells for row in table.rows] == list(COSTS)


def test_joined_names_are_those_of_each_column_and_a_caption_is_text() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(4, 3, 0, 0, Inches(6), Inches(3)).table
    texts = [["Costs", "", ""], ["Service", "Crowns", ""], ["Ferry", "1", "2"], ["Pier", "3", "4"]]
    for at, row in enumerate(texts):
        for column, text in enumerate(row):
            table.cell(at, column).text = text
    table.cell(0, 0).merge(table.cell(0, 2))
    table.cell(1, 1).merge(table.cell(1, 2))
    caption, rows = _read(saved(deck)).blocks
    assert (caption.kind, [row.cells for row in rows.rows]) == (
        BlockKind.TEXT,
        [("Service", "Crowns", "Crowns"), ("Ferry", "1", "2"), ("Pier", "3", "4")],
    )


def test_the_figures_of_a_chart_are_a_table() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["Ferries", "Piers"]
    data.add_series("2025", (41.0, 12.5))
    data.add_series("2026", (46.3, None))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 1, 1, data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Subsidies"
    parsed = _read(saved(deck))
    assert parsed.blocks[0].span.of(parsed.text) == "Subsidies"
    assert [row.cells for row in parsed.blocks[1].rows] == [
        ("", "2025", "2026"),
        ("Ferries", "41", "46.3"),
        ("Piers", "12.5"),
    ]


def test_a_chart_of_an_unknown_kind_does_not_cost_the_presentation() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, 10, 10).text_frame.text = "Prices of herring"
    data = CategoryChartData()
    data.categories = ["Monday"]
    data.add_series("Price", (4.0,))
    slide.shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, 1, 1, data)
    data_of_deck = saved(deck)
    (name,) = names_of(data_of_deck, "ppt/charts/chart")
    xml = entry_of(data_of_deck, name).replace("lineChart", "stockChart")
    assert _read(with_entry(data_of_deck, name, xml)).text.strip() == "Prices of herring"


def test_shapes_are_read_from_the_top_and_from_the_left_also_in_a_group() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    for shapes, text, left, top in (
        (slide.shapes, "last", 0, 900),
        (group.shapes, "third", 500, 500),
        (group.shapes, "second", 100, 500),
        (slide.shapes, "first", 0, 0),
    ):
        shapes.add_textbox(left, top, 10, 10).text_frame.text = text
    assert _read(saved(deck)).text.split() == ["first", "second", "third", "last"]


def test_slides_over_the_limit_are_refused() -> None:
    with pytest.raises(TooManyPages, match=r"3 slides; the limit is 2.*PINCITE_MAX_PAGES"):
        read_pptx(slides(), Limits(max_pages=2))
