"""A text is written block by block, and every block knows where it is."""

from hypothesis import given
from hypothesis import strategies as st

from corpus.types import BlockKind, Span
from corpus.writing import Writer


def test_blocks_stand_on_their_own_with_a_blank_line_between() -> None:
    writer = Writer()
    writer.heading(2, " Costs\nof boats ")
    writer.paragraph("One\r\n\n two  words ", "- ")
    writer.table([["A", "B"], ["1", "2 | 3"]])
    parsed = writer.parsed(" A\ttitle ", {"author": "x"})
    assert parsed.text == "Costs of boats\n\n- One\n\ntwo words\n\nA | B\n1 | 2 \\| 3\n\n"
    assert [(block.kind, block.level) for block in parsed.blocks] == [
        (BlockKind.HEADING, 2),
        (BlockKind.TEXT, 0),
        (BlockKind.TEXT, 0),
        (BlockKind.TABLE, 0),
    ]
    assert (parsed.title, parsed.metadata, parsed.pages) == ("A title", {"author": "x"}, ())


def test_what_is_blank_is_not_written() -> None:
    writer = Writer()
    writer.heading(1, " \n ")
    writer.paragraph("\n\u00a0\n", "- ")
    writer.table([["", ""], [" ", ""]])
    assert writer.parsed("").blocks == ()
    assert writer.parsed("").title is None


def test_captions_above_a_header_are_text_and_lone_cells_below_it_are_rows() -> None:
    writer = Writer()
    writer.table([["", "Costs"], ["In crowns"], ["Boat", "2026"], ["Heron"], ["Otter", "7"]])
    parsed = writer.parsed()
    first, second, table = parsed.blocks
    assert (first.span.of(parsed.text), second.span.of(parsed.text)) == ("Costs", "In crowns")
    assert [row.cells for row in table.rows] == [("Boat", "2026"), ("Heron",), ("Otter", "7")]


def test_a_column_without_a_name_and_an_empty_corner_keep_their_places() -> None:
    writer = Writer()
    writer.table([["", "2025"], ["Heron", "4", "in dock"], ["", "5"]])
    (table,) = writer.parsed().blocks
    assert [row.cells for row in table.rows] == [
        ("", "2025", "–"),
        ("Heron", "4", "in dock"),
        ("", "5"),
    ]
    assert not any(row.flaw for row in table.rows)


def test_pages_begin_where_they_are_said_to() -> None:
    writer = Writer()
    writer.start_page()
    span = writer.block(BlockKind.TEXT, ["one two"])
    writer.start_page(span.start + 4)
    writer.start_page()
    writer.paragraph("three")
    assert writer.parsed().pages == (Span(0, 4), Span(4, 9), Span(9, 16))


@given(text=st.text())
def test_no_text_leaves_what_a_file_of_text_can_not_hold(text: str) -> None:
    writer = Writer()
    writer.heading(1, text)
    writer.paragraph(text)
    writer.table([["a", "b"], [text, "c"]])
    parsed = writer.parsed(text)
    for written in (parsed.text, parsed.title or ""):
        assert not set("\0\r") & set(written)
        written.encode()
