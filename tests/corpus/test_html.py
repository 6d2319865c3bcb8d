"""A web page: its main content stays, what surrounds it goes, and nothing is guessed."""

from pathlib import Path

import pytest

from corpus.errors import EmptyDocument
from corpus.html import read_html
from corpus.tables import row_sentence
from corpus.types import BlockKind, ParsedText
from tests.corpus.texts import SAMPLES

PAGES = {path.name: path for path in SAMPLES if path.suffix == ".html"}
_PARAGRAPH = (
    "<p>The council met on Thursday and voted for the budget after a long debate, which the "
    "islands had asked for in the spring and again in the autumn.</p>"
)


def _read(path: Path) -> ParsedText:
    return read_html(path.read_text(encoding="utf-8"))


def _page(inside: str, head: str = "", after: str = "") -> ParsedText:
    return read_html(
        f"<html><head>{head}</head><body><article><h1>Budget of the coast</h1>"
        f"{_PARAGRAPH}{inside}{_PARAGRAPH}<p>It was late when the last member left the chamber.</p>"
        f"</article>{after}</body></html>"
    )


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize(
    "words",
    ["cookie", "Front page", "Subscribe", "Sign up", "Sign up for free", "Imprint", "Privacy"],
)
def test_what_surrounds_an_article_is_left_out(path: Path, words: str) -> None:
    assert words.lower() not in _read(path).text.lower()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tram-night-service.html", "Related articles"),
        ("tram-night-service.html", "The Morning Boat"),
        ("tram-night-service.html", "© 2025"),
        ("fare-cap-2025-vote.html", "214 partners"),
        ("fare-cap-2025-vote.html", "Kittiwake back from refit"),
        ("fennick-dam-repair.html", "Otter moves into"),
        ("fennick-dam-repair.html", "Most read today"),
        ("fennick-dam-repair.html", "Get the coast in your inbox"),
        ("undersea-cable-orrin.html", "Births, marriages, deaths"),
        ("undersea-cable-orrin.html", "Become a member"),
        ("undersea-cable-orrin.html", "Little Orrin grocer"),
    ],
)
def test_menus_banners_and_teasers_are_left_out(name: str, words: str) -> None:
    assert words not in _read(PAGES[name]).text


def test_the_whole_article_is_kept() -> None:
    text = _read(PAGES["tram-night-service.html"]).text
    assert "“I lost a bet,” said the company’s director" in text
    assert "Who rides at 2 a.m.?" in text
    assert "Night service on Line 3 will be considered once the line has opened." in text


def test_a_caption_is_kept_as_text_and_rows_can_be_cited_with_their_header() -> None:
    parsed = _read(PAGES["tram-night-service.html"])
    kinds = [(block.kind, block.span.of(parsed.text)) for block in parsed.blocks]
    caption = (BlockKind.TEXT, "Average passengers per night by month, both lines together")
    assert caption in kinds
    (table,) = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    header, *rows = (row.span.of(parsed.text) for row in table.rows)
    assert row_sentence(header, rows[2]) == "Month (2025): August; Friday: 620; Saturday: 770"
    assert all(row.flaw is None for row in table.rows)


def test_an_empty_corner_of_a_table_keeps_its_column() -> None:
    parsed = _page(
        "<table><tr><th></th><th>2024 (USD)</th><th>2025 (USD)</th></tr>"
        "<tr><td>Budget</td><td>61.5</td><td>63.0</td></tr>"
        "<tr><td></td><td>1.0</td><td>2.0</td></tr></table>"
    )
    (table,) = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    header, *rows = (row.span.of(parsed.text) for row in table.rows)
    assert [row_sentence(header, row) for row in rows] == [
        "Budget; 2024 (USD): 61.5; 2025 (USD): 63.0",
        "2024 (USD): 1.0; 2025 (USD): 2.0",
    ]
    assert all(row.flaw is None for row in table.rows)


def test_a_pipe_in_a_cell_does_not_end_it() -> None:
    parsed = _page(
        "<table><tr><th>Name</th><th>Sum</th></tr><tr><td>a|b</td><td>12</td></tr></table>"
    )
    (table,) = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    assert table.rows[1].cells == (r"a\|b", "12")


def test_blocks_are_the_lines_of_the_text() -> None:
    parsed = _page("<h2>Where it goes</h2><ul><li>To boats</li><li>To roads</li></ul>")
    pieces = [(block.kind, block.span.of(parsed.text)) for block in parsed.blocks]
    assert (BlockKind.HEADING, "Where it goes") in pieces
    assert (BlockKind.TEXT, "- To boats") in pieces
    assert (BlockKind.TEXT, "- To roads") in pieces


def test_a_date_is_taken_from_the_page_where_it_states_one() -> None:
    assert _read(PAGES["fare-cap-2025-vote.html"]).metadata["date"] == "2025-02-20"
    assert _read(PAGES["fare-cap-2025-vote.html"]).metadata["author"] == "Signe Aldous"


def test_a_date_is_not_guessed_from_a_copyright_line() -> None:
    parsed = _page("", after="<footer>(c) 2026 The Ellery Courier. All rights reserved.</footer>")
    assert "date" not in parsed.metadata
    parsed = _page("", after="<footer>&copy; 2026 The Ellery Courier</footer>")
    assert "date" not in parsed.metadata


def test_a_carriage_return_written_as_an_entity_is_no_line_end() -> None:
    parsed = _page("<p>The vote&#13;was 23 to 15, with one abstention that nobody saw.</p>")
    assert "\r" not in parsed.text
    assert "The vote was 23 to 15" in parsed.text


def test_the_title_is_the_one_of_the_article() -> None:
    assert _read(PAGES["tram-night-service.html"]).title == "Night trams to run for another year"


@pytest.mark.parametrize("page", ["", "<html></html>", "<nav><a href='/'>Home</a></nav>"])
def test_a_page_without_content_is_refused(page: str) -> None:
    with pytest.raises(EmptyDocument):
        read_html(page)


def test_a_deeply_nested_page_is_read() -> None:
    deep = "<div>" * 3_000 + "<p>A word at the bottom of it all.</p>" + "</div>" * 3_000
    assert "The council met on Thursday" in _page(deep).text
