"""All that a page shows is read, as blocks."""

import pytest

from corpus.markup import read_markup
from corpus.types import ParsedText


def _pieces(page: str) -> list[tuple[str, int, str]]:
    parsed = read_markup([page.encode()])
    return [(one.kind.value, one.level, one.span.of(parsed.text)) for one in parsed.blocks]


def _read(page: bytes) -> ParsedText:
    return read_markup([page])


@pytest.mark.parametrize(
    ("page", "pieces"),
    [
        ("<h2>On\nboats</h2>", [("heading", 2, "On boats")]),
        ("loose <i>words</i><p>and\n a <b>para</b>graph</p>tail",
         [("text", 0, "loose words"), ("text", 0, "and a paragraph"), ("text", 0, "tail")]),
        ("<p>one<br/>two</p>", [("text", 0, "one"), ("text", 0, "two")]),
        ("<ul><li>a</li><li><p>b</p><p>c</p><ol><li>d</li></ol></li></ul>",
         [("text", 0, "- a"), ("text", 0, "- b"), ("text", 0, "c"), ("text", 0, "- d")]),
        ("<span><div>in a block</div></span>", [("text", 0, "in a block")]),
        ("<pre>  x = 1\n  y</pre>", [("code", 0, "  x = 1\n  y")]),
        ("<p>a<!-- no --><script>no</script>b</p><style>no</style>", [("text", 0, "ab")]),
        (("<table><caption>Costs</caption><tr><th>A</th><th colspan=2>B</th></tr>"
         "<tr><td>1</td><td>2</td><td>3</td></tr></table>"),
         [("text", 0, "Costs"), ("table", 0, "A | B | B\n1 | 2 | 3")]),
        ("<table><tr><td>One cell.</td></tr></table>", [("text", 0, "One cell.")]),
        (("<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr>"
         "</table>"), [("text", 0, word) for word in "abcd"]),
        (("<table><tr><td>Layout<table><tr><td>x</td><td>y</td></tr><tr><td>1</td><td>2</td></tr>"
         "</table></td></tr></table>"), [("text", 0, "Layout"), ("table", 0, "x | y\n1 | 2")]),
    ],
)  # fmt: skip
def test_a_page_becomes_blocks(page: str, pieces: list[tuple[str, int, str]]) -> None:
    assert _pieces(page) == pieces


def test_a_page_is_read_in_the_encoding_that_it_names_or_utf8() -> None:
    named = '<?xml version="1.0" encoding="iso-8859-1"?><html><p>Fähre</p></html>'
    assert _read(named.encode("latin-1")).text.strip() == "Fähre"
    assert _read("<p>Fähre</p>".encode()).text.strip() == "Fähre"
    assert _read("\ufeff<p>Fähre</p>".encode("utf-16-le")).text.strip() == "Fähre"
    assert read_markup(["<meta charset='iso-8859-1'><p>Fähre</p>"]).text.strip() == "Fähre"


def test_an_empty_page_has_nothing() -> None:
    assert read_markup([b"", b"<html></html>", b"<!-- -->"]).blocks == ()
