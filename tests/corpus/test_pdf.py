"""A PDF becomes paragraphs, headings and tables, and every character knows its page."""

import io
from itertools import pairwise

import pypdf
import pytest

from corpus.errors import Damaged, EmptyDocument, Encrypted, NoText, TooManyPages
from corpus.parse import parse
from corpus.pdf import read_pdf
from corpus.sniff import PDF
from corpus.tables import row_sentence
from corpus.types import BlockKind, Limits, ParsedText
from tests.corpus.files import (
    CAPTION,
    pdf,
    pdf_in_columns,
    pdf_of_pictures,
    pdf_report,
    with_password,
)

REPORT = read_pdf(pdf_report(), Limits())


def _pieces(parsed: ParsedText, kind: BlockKind) -> list[str]:
    return [block.span.of(parsed.text) for block in parsed.blocks if block.kind is kind]


def _page_of(parsed: ParsedText, words: str) -> int:
    at = parsed.text.index(words)
    (number,) = [
        number for number, page in enumerate(parsed.pages, start=1) if page.start <= at < page.end
    ]
    return number


def _read(*pages: list[str]) -> ParsedText:
    return read_pdf(pdf(*pages), Limits())


def test_headings_are_told_by_the_size_of_their_type() -> None:
    headings = [
        (block.level, block.span.of(REPORT.text))
        for block in REPORT.blocks
        if block.kind is BlockKind.HEADING
    ]
    assert headings == [
        (1, "Annual Report of the Coastal Council"),
        (1, "1 Ferries"),
        (2, "1.1 Where the money goes"),
        (1, "2 Harbours"),
        (2, "2.1 Fish"),
        (1, "3 Outlook"),
    ]
    assert REPORT.title == "Annual Report of the Coastal Council"
    assert REPORT.metadata == {"author": "Ilse Maran"}


def test_the_lines_of_a_paragraph_are_joined_and_paragraphs_are_not() -> None:
    texts = _pieces(REPORT, BlockKind.TEXT)
    assert texts[0].startswith("The council met on Thursday")
    assert texts[0].endswith("It was carried by 23 votes to 15.")
    assert texts[1].startswith("The crossing of Little Orrin")
    assert all("  " not in text and "\n" not in text for text in texts)


def test_columns_are_read_one_after_the_other() -> None:
    parsed = read_pdf(pdf_in_columns(), Limits())
    assert (len(parsed.pages), parsed.title, parsed.metadata) == (2, "Ferries", {})
    texts = [one.span.of(parsed.text) for one in parsed.blocks if one.kind is BlockKind.TEXT]
    begun = [text.split()[1] for text in texts if text.startswith("Paragraph")]
    assert begun == [str(at) for at in range(20)]
    assert len(texts) <= 23, "parted only where a column ends with a sentence"
    assert len(parsed.blocks) == len(texts) + 1


def test_items_of_a_list_are_paragraphs() -> None:
    texts = _pieces(REPORT, BlockKind.TEXT)
    assert "• Piers get wider." in texts
    assert any(text.startswith("• Boats are") and text.endswith("not after.") for text in texts)


def test_a_word_that_was_parted_at_the_end_of_a_line_is_whole() -> None:
    assert "the board said in November." in REPORT.text


def test_a_hyphen_that_the_document_has_elsewhere_stays() -> None:
    parsed = _read(["It is a long-term plan, and a long-", "term plan has its price, they say."])
    assert parsed.text.strip() == (
        "It is a long-term plan, and a long-term plan has its price, they say."
    )


def test_running_heads_and_page_numbers_are_left_out() -> None:
    assert "Annual Report 2025" not in REPORT.text
    assert "Page" not in REPORT.text


def test_pages_that_have_nothing_else_keep_what_they_all_have() -> None:
    assert _read(*[["Left blank on purpose."]] * 4).text.count("Left blank") == 4


def test_what_stands_on_two_pages_only_is_kept() -> None:
    parsed = _read(["Draft", "", "One sentence is here."], ["Draft", "", "Another is there."])
    assert parsed.text.count("Draft") == 2


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_has_its_header_and_its_caption_before_it(*, ruled: bool) -> None:
    parsed = read_pdf(pdf_report(ruled=ruled), Limits())
    at, table = next(
        (at, block) for at, block in enumerate(parsed.blocks) if block.kind is BlockKind.TABLE
    )
    header, *rows = (row.span.of(parsed.text) for row in table.rows)
    assert row_sentence(header, rows[0]) == (
        "Service: Skarne–Little Orrin; 2025 (million crowns): 41.0; "
        "2026 (million crowns): 46.3; Change (%): +12.9"
    )
    assert len(rows) == 3
    assert not any(row.flaw for row in table.rows)
    assert parsed.blocks[at - 1].span.of(parsed.text) == CAPTION


def test_every_character_is_on_one_page() -> None:
    assert len(REPORT.pages) == 3
    assert REPORT.pages[0].start == 0
    assert REPORT.pages[-1].end == len(REPORT.text)
    assert all(before.end == after.start for before, after in pairwise(REPORT.pages))
    assert _page_of(REPORT, "23 votes to 15") == 1
    assert _page_of(REPORT, "2 Harbours") == 2
    assert _page_of(REPORT, "3 Outlook") == 3


def test_a_paragraph_that_goes_on_overleaf_is_one_and_the_page_begins_within_it() -> None:
    parsed = _read(["The council met, and after a"], ["long debate it voted."])
    assert parsed.text.strip() == "The council met, and after a long debate it voted."
    assert [page.of(parsed.text) for page in parsed.pages] == [
        "The council met, and after a ",
        "long debate it voted.\n\n",
    ]


def test_a_page_without_text_is_counted() -> None:
    parsed = _read(["One is here."], [], ["Three is there."], [])
    assert len(parsed.pages) == 4
    assert _page_of(parsed, "Three is there.") == 3
    assert parsed.pages[1].of(parsed.text) == ""


def test_a_password_is_asked_for_by_an_error_of_its_own() -> None:
    with pytest.raises(Encrypted, match="password"):
        read_pdf(with_password(pdf(["x"])), Limits())


def test_pictures_without_text_are_to_be_recognised_first() -> None:
    with pytest.raises(NoText, match=r"2 pages are pictures.*OCR"):
        read_pdf(pdf_of_pictures(), Limits())


def test_a_blank_page_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read_pdf(pdf([]), Limits())


def test_pages_over_the_limit_are_refused() -> None:
    with pytest.raises(TooManyPages, match=r"3 pages; the limit is 2.*PINCITE_MAX_PAGES"):
        read_pdf(pdf_report(), Limits(max_pages=2))


def test_what_only_begins_like_a_pdf_is_damaged() -> None:
    with pytest.raises(Damaged, match="cut short or damaged"):
        parse(b"%PDF-1.7\nthe rest is missing", PDF)


@pytest.mark.parametrize("name", ["untitled", "Microsoft Word - budget.doc", "budget.pdf"])
def test_a_title_that_a_program_made_up_is_none(name: str) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_report()))
    writer.add_metadata({"/Title": name})
    out = io.BytesIO()
    writer.write(out)
    assert read_pdf(out.getvalue(), Limits()).title == "Annual Report of the Coastal Council"
