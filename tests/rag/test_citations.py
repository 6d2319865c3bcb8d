"""Citations are made from spans, so that their quotes are the text there."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import NotFound
from corpus.types import Span
from rag.citations import Pointer, Statement, citation_id, cite, parse_citation_id, write
from tests.rag.reading import assert_cited, document_of

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_DOCUMENT = document_of("It opened in 1904. It closed in 1990.")
_ID = "cit_0123456789abcdef0123_1_0_5"


@st.composite
def statement_lists(draw: st.DrawFn) -> list[Statement]:
    """Statements of any text about documents of any text, that share some of their pointers."""
    texts = draw(st.lists(st.text(_CHARACTERS, min_size=1, max_size=40), min_size=1, max_size=3))
    pool = []
    for number, text in enumerate(texts, start=1):
        document = replace(_DOCUMENT, id=f"doc_{number:020x}", version=number, text=text)
        for _ in range(2):
            start = draw(st.integers(0, len(text) - 1))
            pool.append(Pointer(document, Span(start, draw(st.integers(start + 1, len(text))))))
    statement = st.builds(
        Statement,
        text=st.text(_CHARACTERS, min_size=1, max_size=30),
        pointers=st.lists(st.sampled_from(pool), max_size=4, unique_by=id).map(tuple),
        score=st.floats(0, 1),
    )
    return draw(st.lists(statement, max_size=6))


@settings(max_examples=60)
@given(statement_lists(), st.sampled_from(["\n", " ", "\n\n"]))
def test_a_sentence_stands_at_its_span_and_a_quote_at_its_own(
    statements: list[Statement], separator: str
) -> None:
    cited = write(statements, separator)
    documents = {
        (pointer.document.id, pointer.document.version): pointer.document
        for statement in statements
        for pointer in statement.pointers
    }
    for sentence, statement in zip(cited.sentences, statements, strict=True):
        assert cited.text[sentence.span.start : sentence.span.end] == sentence.text
        assert sentence.text == statement.text
        assert sentence.score == statement.score
    for citation in cited.citations:
        text = documents[citation.document_id, citation.version].text
        assert text[citation.span.start : citation.span.end] == citation.quote


@settings(max_examples=60)
@given(statement_lists())
def test_markers_count_from_one_in_order_of_appearance(statements: list[Statement]) -> None:
    cited = write(statements)
    assert_cited(cited.text, cited.sentences, cited.citations)


@settings(max_examples=60)
@given(statement_lists())
def test_each_sentence_has_the_citations_of_its_pointers(statements: list[Statement]) -> None:
    cited = write(statements)
    names = {citation.marker: citation.id for citation in cited.citations}
    for sentence, statement in zip(cited.sentences, statements, strict=True):
        assert [names[marker] for marker in sentence.citations] == [
            citation_id(pointer.document.id, pointer.document.version, pointer.span)
            for pointer in statement.pointers
        ]


def test_a_citation_names_the_page_on_which_it_starts() -> None:
    pages = (Span(0, 18), Span(18, 18), Span(18, 37))
    paged = replace(_DOCUMENT, pages=pages)
    starts = {0: 1, 17: 1, 18: 3, 19: 3}
    for start, page in starts.items():
        assert cite(Pointer(paged, Span(start, 30)), 1).page == page
    assert cite(Pointer(_DOCUMENT, Span(0, 18)), 1).page is None


def test_a_pointer_that_occurs_twice_has_one_citation() -> None:
    first, second = Pointer(_DOCUMENT, Span(0, 18)), Pointer(_DOCUMENT, Span(19, 37))
    cited = write([Statement("Opened.", (first,), 1.0), Statement("Both.", (second, first), 1.0)])
    assert cited.text == "Opened. [1]\nBoth. [2][1]"
    assert [citation.quote for citation in cited.citations] == [
        "It opened in 1904.",
        "It closed in 1990.",
    ]


def test_nothing_to_say_is_an_empty_text() -> None:
    cited = write([])
    assert (cited.text, cited.sentences, cited.citations) == ("", (), ())


def test_a_citation_carries_what_names_its_place() -> None:
    document = replace(_DOCUMENT, uri="https://example.org/a", title="A title", version=3)
    citation = cite(Pointer(document, Span(3, 9), ("Part", "Section")), 2)
    assert citation.quote == "opened"
    assert (citation.marker, citation.version, citation.title) == (2, 3, "A title")
    assert (citation.uri, citation.page) == ("https://example.org/a", None)
    assert citation.heading_path == ("Part", "Section")


@given(st.text(_CHARACTERS, max_size=20), st.integers(0, 30), st.integers(1, 10))
def test_a_span_that_leaves_the_text_is_refused(text: str, start: int, beyond: int) -> None:
    pointer = Pointer(replace(_DOCUMENT, text=text), Span(start, max(start, len(text)) + beyond))
    with pytest.raises(ValueError, match="leaves a text"):
        write([Statement("A sentence.", (pointer,), 1.0)])


@given(
    st.from_regex("doc_[0-9a-f]{20}", fullmatch=True),
    st.integers(1, 999_999_999),
    st.integers(0, 10**9),
    st.integers(1, 10**9),
)
def test_an_id_names_its_pointer(document_id: str, version: int, start: int, length: int) -> None:
    span = Span(start, start + length)
    assert parse_citation_id(citation_id(document_id, version, span)) == (
        document_id,
        version,
        span,
    )


@given(st.text() | st.from_regex(r"cit_[0-9a-f]{20}_\d{1,3}_\d{1,3}_\d{1,3}", fullmatch=True))
def test_what_is_read_as_an_id_is_written_the_same_way(name: str) -> None:
    try:
        pointer = parse_citation_id(name)
    except NotFound:
        return
    assert citation_id(*pointer) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "cit_",
        "nonsense",
        _ID + "\n",
        " " + _ID,
        _ID.upper(),
        _ID.replace("cit_", "doc_"),
        _ID.replace("_1_0_5", "_0_0_5"),
        _ID.replace("_1_0_5", "_1_5_0"),
        _ID.replace("_1_0_5", "_1_5_5"),
        _ID.replace("_1_0_5", "_1_-1_5"),
        _ID.replace("_1_0_5", "_1_00_5"),
        _ID.replace("_1_0_5", "_1_0_" + "9" * 40),
        _ID.replace("_1_0_5", "_1٣_0_5"),
        _ID.replace("_5", "_5_6"),
        _ID.replace("abcdef", "ABCDEF"),
        _ID + "'; DROP TABLE documents; --",
    ],
)
def test_garbage_is_no_citation(name: str) -> None:
    with pytest.raises(NotFound, match=re.escape(repr(name))):
        parse_citation_id(name)
