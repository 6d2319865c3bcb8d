"""Plain text: headings that nothing marks, paragraphs in both habits, bullets and titles."""

from corpus.plain import read_plain
from corpus.types import BlockKind

TEXT, HEADING, TABLE = BlockKind.TEXT, BlockKind.HEADING, BlockKind.TABLE


def _blocks(text: str) -> list[tuple[BlockKind, str]]:
    return [(block.kind, block.span.of(text)) for block in read_plain(text).blocks]


ONE_LINE_EACH = (
    "Water Bills to Rise by 9.4 Percent\n"
    "LISSOW, 12 November 2025 – The average household will pay 4,070 crowns, up from 3,720 in 2025,"
    " after the board accepted a proposal.\n"
    "“Pipes can’t wait.”\n"
    "What a Household Will Pay\n"
    "The bill has a fixed part.\n"
    "- First reason: the pipe.\n"
    "- Second reason: the dam.\n"
)


def test_one_line_is_one_paragraph_where_no_blank_lines_are() -> None:
    kinds = [kind for kind, _ in _blocks(ONE_LINE_EACH)]
    assert kinds == [HEADING, TEXT, TEXT, HEADING, TEXT, TEXT, TEXT]


def test_a_bare_line_that_reads_as_a_heading_is_one() -> None:
    blocks = read_plain(ONE_LINE_EACH).blocks
    headings = [(block.level, block.span.of(ONE_LINE_EACH)) for block in blocks if block.level]
    assert headings == [
        (1, "Water Bills to Rise by 9.4 Percent"),
        (2, "What a Household Will Pay"),
    ]


def test_the_first_long_heading_is_the_title() -> None:
    assert read_plain(ONE_LINE_EACH).title == "Water Bills to Rise by 9.4 Percent"
    named = "The Courier\n" + ONE_LINE_EACH
    assert read_plain(named).title == "Water Bills to Rise by 9.4 Percent"


def test_a_text_without_a_heading_has_no_title() -> None:
    assert read_plain("The board met on Thursday. It voted.").title is None


WRAPPED = (
    "The board met on Thursday and heard\n"
    "that the dam would not be finished\n"
    "until October.\n"
    "\n"
    "Pipes\n"
    "\n"
    "It will cost 31.2 million crowns, which is\n"
    "more than was planned.\n"
    "- one reason is\n"
    "  the frost\n"
    "- another is the storm\n"
)


def test_lines_that_are_wrapped_are_joined_to_paragraphs() -> None:
    assert _blocks(WRAPPED) == [
        (TEXT, WRAPPED.split("\n\n", maxsplit=1)[0]),
        (HEADING, "Pipes"),
        (TEXT, "It will cost 31.2 million crowns, which is\nmore than was planned."),
        (TEXT, "- one reason is\n  the frost"),
        (TEXT, "- another is the storm"),
    ]


def test_a_table_ends_a_wrapped_paragraph() -> None:
    text = "The costs are\nas follows:\nYear | Cost\n---|---\n2024 | 12\n\nThat is\nall of it."
    assert _blocks(text) == [
        (TEXT, "The costs are\nas follows:"),
        (TABLE, "Year | Cost\n---|---\n2024 | 12"),
        (TEXT, "That is\nall of it."),
    ]


def test_bylines_bullets_sentences_and_last_lines_are_no_headings() -> None:
    lines = [
        "By Signe Aldous",
        "- Dialogue: monthly calls",
        "It voted late.",
        "lower case begins it",
        "Home | Region",
        "And a paragraph that follows them all, as it must.",
        "The End",
    ]
    assert {kind for kind, _ in _blocks("\n".join(lines))} == {TEXT}
