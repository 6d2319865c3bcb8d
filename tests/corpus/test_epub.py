"""A book is its chapters in the order in which they are read, all of them."""

import pytest

from corpus.epub import read_epub
from corpus.errors import Damaged, Encrypted
from corpus.types import BlockKind, Limits, ParsedText
from tests.corpus.files import BOOK, book, entry_of, with_entry, zipped


def _read(data: bytes) -> ParsedText:
    return read_epub(data, Limits())


def test_chapters_are_read_in_order_and_the_contents_are_left_out() -> None:
    parsed = _read(BOOK)
    assert [(block.kind, block.span.of(parsed.text)) for block in parsed.blocks] == [
        (BlockKind.HEADING, "Harbours"),
        (BlockKind.TEXT, "The harbour of Skarne was dredged in 1904."),
        (BlockKind.HEADING, "Ferries"),
        (BlockKind.TEXT, "The crossing takes forty minutes."),
    ]
    assert parsed.title == "The Coast"
    assert parsed.metadata == {"author": "Ilse Maran", "date": "2025"}


def test_copy_protection_is_an_error_of_its_own() -> None:
    with pytest.raises(Encrypted, match="copy protection"):
        _read(book("<p>x</p>", more={"META-INF/rights.xml": "<rights/>"}))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("META-INF/container.xml", ""),
        ("META-INF/container.xml", "<container/>"),
        ("META-INF/container.xml", '<container><rootfile full-path="no"/></container>'),
        ("OEBPS/content.opf", "no XML at all"),
    ],
)
def test_a_book_that_does_not_say_where_its_parts_are_is_damaged(name: str, content: str) -> None:
    with pytest.raises(Damaged):
        _read(with_entry(BOOK, name, content))


def test_a_missing_chapter_is_damage() -> None:
    package = entry_of(BOOK, "OEBPS/content.opf").replace("text/chapter1", "text/chapter9")
    with pytest.raises(Damaged, match="chapter9"):
        _read(with_entry(BOOK, "OEBPS/content.opf", package))


def test_a_zip_file_without_a_container_is_damaged() -> None:
    with pytest.raises(Damaged, match=r"container\.xml"):
        _read(zipped({"mimetype": "application/epub+zip"}))


def test_parts_of_the_spine_that_are_no_pages_are_passed_over() -> None:
    package = entry_of(BOOK, "OEBPS/content.opf").replace(
        "<spine>", '<spine><itemref idref="nothing"/>'
    )
    assert "Harbours" in _read(with_entry(BOOK, "OEBPS/content.opf", package)).text
