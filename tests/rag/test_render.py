"""A summary or answer as a file says what it says, links to its quotes, and runs nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from corpus.types import Document, Span
from rag.citations import Pointer, Statement, write
from rag.layout import Item, Quotes, Section
from rag.render import html_of, markdown_of
from rag.sanitize import visible
from rag.types import EXTRACTIVE, Conflict, Coverage, Summary, Usage, Verdict

AT = datetime(2026, 11, 25, 6, 15, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {"title": "Ferries", "at": AT}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</blockquote></main><iframe src=//evil.example>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/?q=1)",
    "<https://evil.example>",
    "&lt;b&gt; &amp; &#106;",
    "# not a heading",
    "- not a list",
    "1. not a list",
    "> not a quotation",
    "`code` *em* _em_ ~~del~~ **strong** $x$ | cell |",
    "[1][2] [99]",
    "\\[1\\] \\\\",
    "\u202egnp.exe\u202c zero\u200bwidth \x00 \ud83d",
    "مرحبا بالعالم",
    "```\nfence\n```",
    "===",
    "| a | b |\n| - | - |",
    "[x]: https://evil.example",
]


def as_shown(text: str) -> str:
    """A text as a reader sees it: on one line, without what can not be seen."""
    return " ".join(visible(text).split())


def document(text: str, *, uri: str | None, title: str, name: str = "a" * 20) -> Document:
    return Document(
        id=f"doc_{name}",
        tenant="t",
        collection="news",
        external_id=None,
        version=2,
        uri=uri,
        title=title,
        media_type="text/plain",
        metadata={},
        content_hash="0",
        text=text,
        created_at="2026-01-01T00:00:00.000Z",
        updated_at="2026-01-01T00:00:00.000Z",
        status="ready",
        pages=(Span(0, len(text)),),
    )


def made_of(
    texts: Sequence[str],
    *,
    uri: str | None = "https://news.example/a?b=1&c=2",
    title: str = "Ferry budget",
    verdict: Verdict = Verdict.SUPPORTED,
    separator: str = "\n",
) -> Summary:
    """A summary that quotes these sentences, the first of them twice."""
    text = "\n".join(texts)
    source = document(text, uri=uri, title=title)
    statements, at = [], 0
    for one in texts:
        pointer = Pointer(source, Span(at, at + len(one)), ("Harbour", title.upper(), "Money"))
        statements.append(Statement(one, (pointer,), 0.9, verdict))
        at += len(one) + 1
    cited = write([*statements, statements[0]], separator)
    return Summary(
        id="sum_1",
        document_ids=(source.id,),
        focus=None,
        text=cited.text,
        sentences=cited.sentences,
        citations=cited.citations,
        coverage=(Coverage(source.id, title, 7, len(texts), {"duplicate": 2}),),
        usage=Usage(10),
        timings={},
        model=EXTRACTIVE,
        prompt_hash=None,
    )


def page_of_markdown(made: Summary | None, **options: Any) -> lxml_html.HtmlElement:
    """Markdown as a viewer shows it that lets HTML pass."""
    viewer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    options = dict(DEFAULTS) | options
    return lxml_html.document_fromstring(viewer.render(markdown_of(made, **options)))


def page_of_html(made: Summary | None, **options: Any) -> lxml_html.HtmlElement:
    options = dict(DEFAULTS) | options
    return lxml_html.document_fromstring(html_of(made, **options))


PAGES = (page_of_html, page_of_markdown)
Page = Callable[..., lxml_html.HtmlElement]

ALLOWED = set(
    """html head meta title style body main h1 h2 p time ul li a sup ol section blockquote cite
    table thead tbody tr th td span em strong""".split()
)


def shown(page: lxml_html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


def assert_links_work(page: lxml_html.HtmlElement, addresses: Sequence[str] = ()) -> None:
    """Every link leads to a place that is there once, or to one of these addresses."""
    ids = [one.get("id") for one in page.iter() if isinstance(one.tag, str) and one.get("id")]
    assert len(ids) == len(set(ids))
    links = [one.get("href") for one in page.iter("a") if one.get("href") is not None]
    assert links
    for link in links:
        assert link in addresses or (link.startswith("#") and link[1:] in ids), link


@pytest.mark.parametrize("page_of", PAGES)
def test_each_marker_leads_to_its_quote_and_back(page_of: Page) -> None:
    made = made_of(["Four ferries sail.", "One is new."])
    page = page_of(made)
    assert_links_work(page, [made.citations[0].uri or ""])
    for marker, times in ((1, 2), (2, 1)):
        there = [a for a in page.iter("a") if a.get("href") == f"#source-{marker}"]
        assert len(there) == times
        assert {a.text_content() for a in there} == {f"[{marker}]"}
        for time in range(1, times + 1):
            back = [a for a in page.iter("a") if a.get("href") == f"#reference-{marker}-{time}"]
            assert len(back) == 1


@pytest.mark.parametrize("page_of", PAGES)
def test_a_quote_has_title_page_headings_version_and_address(page_of: Page) -> None:
    page = page_of(made_of(["Four ferries sail."]))
    assert "Ferry budget, page 1, Harbour / Money, version 2" in shown(page)
    assert page.find(".//blockquote").text_content().strip() == "Four ferries sail."
    (address,) = [a for a in page.iter("a") if (a.get("href") or "").startswith("http")]
    assert address.get("href") == address.text_content() == "https://news.example/a?b=1&c=2"


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_written_stays_text_wherever_it_stands(page_of: Page, hostile: str) -> None:
    made = made_of([hostile, "Four ferries sail."], title=hostile)
    made = replace(made, conflicts=(Conflict((1, 2), hostile),))
    version = (made.citations[0].document_id, made.citations[0].version)
    item = Item(hostile, hostile, hostile, version, (Quotes(hostile, (hostile, hostile)),))
    sections = [Section(hostile, (item, item))]
    page = page_of(made, title=hostile, notes=[hostile], sections=sections)
    elements = [one for one in page.iter() if isinstance(one.tag, str)]
    assert {one.tag for one in elements} <= ALLOWED
    assert not [name for one in elements for name in one.attrib if name.startswith("on")]
    assert len(list(page.iter("script", "iframe", "img", "code", "del"))) == 0
    assert_links_work(page, [made.citations[0].uri or ""])
    assert len(list(page.iter("h1", "h2"))) == 5
    assert len(list(page.iter("table"))) == 1
    assert len(page.findall(".//li//blockquote")) >= 4
    # Title, note, text, quote, conflict and table; the heading, and six in each item.
    assert shown(page).count(as_shown(hostile)) >= 7 + 1 + 2 * 6


@given(st.lists(st.text(min_size=1, max_size=60).filter(as_shown), min_size=1))
def test_any_text_is_shown_as_it_is(texts: list[str]) -> None:
    made = made_of(texts)
    for page in (page_of_html(made), page_of_markdown(made)):
        assert_links_work(page, [made.citations[0].uri or ""])
        seen = shown(page)
        for text in texts:
            assert as_shown(text) in seen


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", 'https://x/"><b>', "a"]
)
def test_only_an_address_of_the_web_is_a_link(page_of: Page, uri: str) -> None:
    page = page_of(made_of(["Four ferries sail."], uri=uri))
    assert all((a.get("href") or "#").startswith("#") for a in page.iter("a"))
    assert uri in shown(page)
    assert {one.tag for one in page.iter() if isinstance(one.tag, str)} <= ALLOWED


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.PARTIAL, "(supported in part)"),
        (Verdict.CONTRADICTED, "(contradicted by the sources)"),
        (Verdict.UNSUPPORTED, "(not supported by the sources)"),
    ],
)
def test_a_doubt_is_said_in_words(page_of: Page, verdict: Verdict, words: str) -> None:
    made = made_of(["Four ferries sail."], verdict=verdict)
    assert shown(page_of(made)).count(f"Four ferries sail. {words}") == 2
    assert words not in shown(page_of(made_of(["Four ferries sail."])))


@pytest.mark.parametrize("page_of", PAGES)
def test_lines_are_paragraphs_and_points_a_list(page_of: Page) -> None:
    quoted = made_of(["One sails.", "Two sail."], separator=" ")
    assert [one.text_content() for one in text_of(page_of(quoted))] == [
        "One sails. [1] Two sail. [2] One sails. [1]"
    ]
    points = made_of(["One sails.", "Two sail."], separator="\n- ")
    moved = tuple(
        replace(one, span=Span(one.span.start + 2, one.span.end + 2)) for one in points.sentences
    )
    points = replace(points, text=f"- {points.text}", sentences=moved)
    assert [one.text_content() for one in page_of(points).findall(".//ul/li")] == [
        "One sails. [1]",
        "Two sail. [2]",
        "One sails. [1]",
    ]


def text_of(page: lxml_html.HtmlElement) -> list[lxml_html.HtmlElement]:
    return [
        one for one in page.iter("p") if "[1]" in one.text_content() and "↩" not in str(shown(one))
    ]


def test_the_page_loads_nothing_and_can_not_run_anything() -> None:
    text = html_of(made_of(["Four ferries sail."]), title="Ferries", at=AT)
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:script|link|img|iframe|object)|@import|url\(|src=", text)


def test_the_page_tells_a_screen_reader_what_is_what() -> None:
    page = page_of_html(made_of(["Four ferries sail."]))
    assert page.get("lang") == "en"
    assert [one.tag for one in page.iter("h1", "h2")] == ["h1", "h2", "h2"]
    assert len(list(page.iter("main"))) == 1
    notes = [a for a in page.iter("a") if a.get("role") == "doc-noteref"]
    assert {a.get("aria-label") for a in notes} == {"Source 1"}
    backs = [a for a in page.iter("a") if a.get("role") == "doc-backlink"]
    assert [a.get("aria-label") for a in backs] == [
        "Back to where source 1 is cited, 1",
        "Back to where source 1 is cited, 2",
    ]
    assert {th.get("scope") for th in page.iter("th")} == {"col", "row"}
    for section in page.iter("section"):
        assert page.get_element_by_id(section.get("aria-labelledby")).tag == "h2"


@pytest.mark.parametrize("page_of", PAGES)
def test_what_was_made_of_each_document_is_told(page_of: Page) -> None:
    table = page_of(made_of(["Four ferries sail."])).find(".//tbody")
    assert [one.text_content() for one in table.find("tr")] == [
        "Ferry budget",
        "7",
        "1",
        "2 duplicate",
    ]


@pytest.mark.parametrize("page_of", PAGES)
def test_a_summary_of_nothing_is_its_title_and_notes(page_of: Page) -> None:
    made = replace(made_of(["x"]), text="", sentences=(), citations=(), coverage=())
    page = page_of(made, notes=["Nothing has changed."])
    assert [one.tag for one in page.find(".//h1").getparent()] == ["h1", "p", "p"]
    assert "25 November 2026, 06:15 UTC Nothing has changed." in shown(page)


@pytest.mark.parametrize("page_of", PAGES)
def test_documents_are_listed_with_what_is_quoted_of_them_and_links_to_their_sources(
    page_of: Page,
) -> None:
    made = made_of(["Four ferries sail.", "One is new."])
    (first, second), uri = made.citations, "https://trams.example/"
    items = (
        Item("Ferry", "version 2", None, (first.document_id, 2), (Quotes("Now", ("A.", "B.")),)),
        Item("Tram", "version 1", uri, (first.document_id, 1)),
    )
    page = page_of(made, sections=[Section("Changed (2)", items)])
    assert_links_work(page, [first.uri or "", uri])
    ferry, tram = page.xpath("//h2[contains(., 'Changed (2)')]/following::ul[1]/li")
    assert shown(ferry).startswith("Ferry")
    links = [one.get("href") for one in ferry.iter("a")]
    assert links == [f"#source-{first.marker}", f"#source-{second.marker}"]
    paragraphs = [shown(one) for one in ferry.xpath(".//blockquote//p|.//blockquote[not(p)]")]
    assert paragraphs == ["A.", "B."]
    assert [one.get("href") for one in tram.iter("a")] == [uri]


@pytest.mark.parametrize("page_of", PAGES)
def test_what_is_gone_is_told_without_a_text(page_of: Page) -> None:
    gone = [Section("Deleted (1)", (Item("Ferry", "version 1"),))]
    page = page_of(None, notes=["Documents: 1 deleted."], sections=gone)
    assert shown(page.find("body")).endswith(
        "06:15 UTC Documents: 1 deleted. Deleted (1) Ferry, version 1"
    )


@pytest.mark.parametrize("page_of", PAGES)
def test_a_summary_that_left_something_out_says_so(page_of: Page) -> None:
    made = replace(made_of(["One sails."]), detail="The budget was used up.")
    assert "06:15 UTC The budget was used up. One sails." in shown(page_of(made))
