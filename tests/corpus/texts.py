"""Generated texts, the sample files, and what must hold for the chunks of any text."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

import corpus
from corpus.types import Chunk, ParsedText

SAMPLES = sorted((Path(corpus.__file__).parent / "samples").glob("*.*"))

_PIECES = [
    "The council approved 184.6 million crowns. ",
    "“It is a road,” said Mr. Brück. ",
    "Gov. Tindall and Dr. Ilse Maran, e.g., agreed at 5 p.m. on Friday. ",
    "e\u0301a\u0308o\u0302\u0332 ",  # combining marks
    "\u0301",  # a combining mark on nothing
    "👩‍👩‍👧🇳🇴👍🏽 ",
    "日本語の文章です。次の文です。",
    "\u202eשלום\u202c مرحبا\u200f ",
    "\u200b\u2060\ufeff",
    *["\r\n", "\r", "\n", "\n\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1f"],
    *["\u00a0", "\u3000", " ", "\t", "    ", "\u00ad", "-\n", "co-\noperation "],
    *["|", " | ", "\\|", "||", "a | b | c\n", "1 | 2 | 3 |||\n", "---|---|---\n", "|-|-|\n"],
    "| Year | Budget (USD) |\n|---|---|\n| 2024 | 61.5 |\n| 2024 | 61.5 |\n",
    *["- ", "* item\n", "1. ", "12) twelve\n", "• ", "> ", "> > quoted\n", "-\n", "•\n", "–\n"],
    *["# Heading\n", "###### Deep\n", "Bare Heading Of Five Words\n", "Title\n===\n", "---\n"],
    *["```\ncode here\n```\n", "`", "~~~\n", "    code\n", "---\ntitle: x\n---\n"],
    *["**bold** ", "[link](http://x.example) ", "[ref]: http://x.example\n", "![i](j.png)", "\\"],
    *["<p>", "</p>", "<div>text</div>\n", "<table><tr><td>1</td></tr></table>", "<!-- note", "-->"],
    *["&amp;", "&#13;", "&nbsp;", "<br>", "<script>", "<"],
    *["If you'd like, I can also help. ", "Correction: it was 12. ", "...", "?!", "…", "$1.2bn "],
    *["x" * 700, "ab-" * 300, "word " * 250, "é" * 300, "." * 200, "(" * 100, "1,234.5 " * 60],
]

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def written_texts() -> st.SearchStrategy[str]:
    """Texts of every fault that the web knows, mixed, around stretches of any Unicode."""
    piece = st.one_of(
        st.sampled_from(_PIECES), st.sampled_from(_PIECES), st.text(_CHARACTERS, max_size=12)
    )
    return st.lists(piece, min_size=1, max_size=25).map("".join)


def assert_chunks_hold(
    parsed: ParsedText,
    chunks: Sequence[Chunk],
    count_tokens: Callable[[str], int],
    max_tokens: int,
) -> None:
    """Chunks are exact, ordered, disjoint, complete slices, and so are the units within them."""
    text = parsed.text
    assert "\r" not in text
    assert "\0" not in text
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    end = 0
    for chunk in chunks:
        assert chunk.span.start >= end, "chunks overlap or are out of order"
        assert not text[end : chunk.span.start].strip(), "text between two chunks"
        end = chunk.span.end
        body = chunk.span.of(text)
        assert body
        assert body == body.strip()
        assert chunk.token_count == count_tokens(body)
        assert_units_hold(text, chunk, count_tokens, max_tokens)
    assert not text[end:].strip(), "text after the last chunk"


def assert_units_hold(
    text: str, chunk: Chunk, count_tokens: Callable[[str], int], max_tokens: int
) -> None:
    """Units lie within their chunk, in order, disjoint, and each fits the budget."""
    assert chunk.units
    end = chunk.span.start
    for unit in chunk.units:
        assert end <= unit.span.start < unit.span.end <= chunk.span.end
        end = unit.span.end
        body = unit.span.of(text)
        assert body == body.strip()
        assert count_tokens(body) <= max_tokens
        if unit.header is not None:
            assert unit.header.of(text).strip()
