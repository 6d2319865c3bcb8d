"""Chunks are exact slices that hold the whole text, whatever the text is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.chunk import MAX_TOKENS, chunk, heading_text, indexed_text, joined, surrounding_text
from corpus.errors import EmptyDocument
from corpus.parse import media_type_of, parse, parse_text
from corpus.types import ParsedText, UnitKind
from tests.corpus.texts import SAMPLES, assert_chunks_hold, written_texts

Count = Callable[[str], int]


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
@given(text=written_texts(), max_tokens=st.sampled_from([12, 40, MAX_TOKENS]))
@example(text="-\nfoo bar\n\nbaz", max_tokens=MAX_TOKENS)
@example(text="> \n> - \n>\n> quoted words", max_tokens=MAX_TOKENS)
@example(text="a | b\n---|---\n---|---\n", max_tokens=MAX_TOKENS)
@example(text="\ufeffa\rb\r\nc\u2028d", max_tokens=MAX_TOKENS)
def test_chunks_of_any_text_hold_all_of_it_once(
    count_tokens: Count, media_type: str, text: str, max_tokens: int
) -> None:
    if not text.strip():
        with pytest.raises(EmptyDocument):
            parse_text(text, media_type)
        return
    parsed = parse_text(text, media_type)
    assert parsed.text == text.replace("\r\n", "\n").replace("\r", "\n")
    assert_chunks_hold(parsed, chunk(parsed, count_tokens, max_tokens), count_tokens, max_tokens)


@given(text=written_texts())
def test_chunks_of_any_page_hold_all_of_its_main_content_once(
    count_tokens: Count, text: str
) -> None:
    page = (
        "<html><body><article><h1>A headline of some words</h1><p>"
        + text
        + "</p><p>A paragraph that is long enough for the page to have main content.</p>"
        "</article></body></html>"
    )
    try:
        parsed = parse_text(page, "text/html")
    except EmptyDocument:
        return
    assert_chunks_hold(parsed, chunk(parsed, count_tokens), count_tokens, MAX_TOKENS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("max_tokens", [40, MAX_TOKENS])
def test_chunks_of_the_samples_hold_all_of_them_once(
    count_tokens: Count, path: Path, max_tokens: int
) -> None:
    parsed = parse(path.read_bytes(), media_type_of(path.name))
    chunks = chunk(parsed, count_tokens, max_tokens)
    assert_chunks_hold(parsed, chunks, count_tokens, max_tokens)
    assert len(chunks) > 3
    assert any(unit.quotable for one in chunks for unit in one.units)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_chunk_keeps_to_its_budget(count_tokens: Count, path: Path) -> None:
    parsed = parse(path.read_bytes(), media_type_of(path.name))
    for one in chunk(parsed, count_tokens):
        # Counted unit by unit: white space, list markers and a delimiter line come on top.
        assert one.token_count <= MAX_TOKENS * 1.25


def _parsed(text: str) -> ParsedText:
    return parse_text(text, "text/markdown")


def test_a_heading_begins_a_chunk_and_is_its_heading_path(count_tokens: Count) -> None:
    text = "# Fares\n\nFares stay.\n\n## Islands\n\nThe cap holds.\n\n## Mainland\n\nNo cap."
    chunks = chunk(_parsed(text), count_tokens)
    assert [one.span.of(text).split("\n")[0] for one in chunks] == [
        "# Fares",
        "## Islands",
        "## Mainland",
    ]
    assert [one.heading_path for one in chunks] == [
        ("Fares",),
        ("Fares", "Islands"),
        ("Fares", "Mainland"),
    ]


def test_headings_that_follow_each_other_share_a_chunk(count_tokens: Count) -> None:
    text = "# Fares\n\n## Islands\n\nThe cap holds."
    (one,) = chunk(_parsed(text), count_tokens)
    assert one.heading_path == ("Fares", "Islands")


def test_a_list_marker_stays_with_its_item(count_tokens: Count) -> None:
    text = "- " + "one word after another " * 8 + "\n- " + "and a second item here " * 8
    chunks = chunk(_parsed(text), count_tokens, max_tokens=45)
    assert [one.span.of(text)[:2] for one in chunks] == ["- ", "- "]


def test_a_sentence_over_the_budget_is_cut_at_white_space(count_tokens: Count) -> None:
    text = "crowns and boats and " * 60
    chunks = chunk(_parsed(text), count_tokens, max_tokens=40)
    words = [word for one in chunks for unit in one.units for word in unit.span.of(text).split()]
    assert words == text.split()


def test_a_word_over_the_budget_is_cut_within(count_tokens: Count) -> None:
    text = "qxz" * 5_000
    chunks = chunk(_parsed(text), count_tokens, max_tokens=40)
    assert "".join(one.span.of(text) for one in chunks) == text


def test_rows_of_a_table_cut_in_two_still_know_their_header(count_tokens: Count) -> None:
    rows = "\n".join(f"| Service number {at} | {at}.5 |" for at in range(60))
    text = f"| Service | Cost (crowns) |\n|---|---:|\n{rows}\n"
    chunks = chunk(_parsed(text), count_tokens)
    assert len(chunks) > 3
    units = [unit for one in chunks for unit in one.units if unit.kind is UnitKind.ROW]
    assert len(units) == 60
    assert {unit.header.of(text) for unit in units if unit.header} == {
        "| Service | Cost (crowns) |"
    }
    assert all(unit.header for unit in units)


def test_what_is_indexed_with_a_chunk_is_its_headings_a_lost_header_and_its_neighbours(
    count_tokens: Count,
) -> None:
    rows = "\n".join(f"| Service number {at} | {at}.5 |" for at in range(60))
    text = f"# Boats\n\n## Costs\n\n| Service | Cost (crowns) |\n|---|---:|\n{rows}\n"
    chunks = chunk(_parsed(text), count_tokens)
    first, last = chunks[0], chunks[-1]
    assert heading_text("Boats", last) == "Boats\nCosts"
    assert indexed_text(first, text) == first.span.of(text)
    assert indexed_text(last, text) == f"| Service | Cost (crowns) |\n{last.span.of(text)}"
    before, after = (chunks[at].span.of(text) for at in (0, 2))
    assert surrounding_text(chunks, 1, text) == f"{before}\n{after}"
    assert surrounding_text([first], 0, text) == ""


def test_chunks_side_by_side_are_joined_with_what_is_between_them(count_tokens: Count) -> None:
    text = "# Boats\n\nOne boat.\n\n# Fares\n\n- Two crowns.\n"
    whole = joined(chunk(_parsed(text), count_tokens))
    assert whole.span.of(text) == text.strip()
    assert [unit.span.of(text) for unit in whole.units][1::2] == ["One boat.", "Two crowns."]
    assert whole.heading_path == ("Boats",)
