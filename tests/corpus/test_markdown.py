"""Markdown keeps its own characters; blocks only point at them."""

from corpus.markdown import read_markdown
from corpus.types import BlockKind


def _kinds(text: str) -> list[tuple[BlockKind, str]]:
    return [(block.kind, block.span.of(text)) for block in read_markdown(text).blocks]


def test_blocks_are_what_markdown_says() -> None:
    text = (
        "---\ndate: 2026\n---\n# Fares\n\nFares *stay*.\nReally.\n\n"
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"
    )
    assert _kinds(text) == [
        (BlockKind.META, "---\ndate: 2026\n---"),
        (BlockKind.HEADING, "# Fares"),
        (BlockKind.TEXT, "Fares *stay*.\nReally."),
        (BlockKind.TABLE, "| A | B |\n|---|---|\n| 1 | 2 |"),
        (BlockKind.CODE, "```\ncode\n```"),
    ]


def test_the_title_is_the_first_heading_of_the_highest_level() -> None:
    assert read_markdown("## Region\n\n# Fares stay\n\n# Other\n\ntext").title == "Fares stay"
    assert read_markdown("Fares stay\n===\n\ntext").title == "Fares stay"
    assert read_markdown("Only text.").title is None


def test_headings_have_their_level() -> None:
    levels = [block.level for block in read_markdown("# A\n\n### B\n\nC\n---\n\ntext").blocks]
    assert levels == [1, 3, 2, 0]


def test_a_table_that_is_not_quite_markdown_is_found_all_the_same() -> None:
    text = "The costs:\nYear | Cost | |||\n---|---|---|---|---\n2024 | 12 | |||\n2025 | 13 |"
    (table,) = [block for block in read_markdown(text).blocks if block.kind is BlockKind.TABLE]
    assert [row.cells for row in table.rows] == [("Year", "Cost"), ("2024", "12"), ("2025", "13")]
    assert _kinds(text)[0] == (BlockKind.TEXT, "The costs:")


def test_a_bold_cell_is_quoted_as_it_is_written() -> None:
    text = "| A | B |\n|---|---|\n| **Total** | **184.6** |"
    assert read_markdown(text).blocks[0].rows[1].cells == ("**Total**", "**184.6**")
