"""Questions about files: a cell is answered by its row with its header, a page is named."""

import pytest

from tests.corpus.files import BOOK, COSTS, mail, pdf_report, sheet, slides, word
from tests.rag.reading import Shelf, assert_holds

QUESTION = "How much does the Skarne–Little Orrin service cost in 2026, in million crowns?"
HEADER = " | ".join(COSTS[0])
ROW = " | ".join(COSTS[1])


@pytest.mark.parametrize(
    ("name", "data", "page"),
    [
        ("costs.xlsx", sheet(COSTS), None),
        ("costs.csv", "\n".join(",".join(row) for row in COSTS).encode(), None),
        ("ferries.docx", word(), None),
        ("deck.pptx", slides(), 2),
        ("report.pdf", pdf_report(), 1),
    ],
)
def test_a_question_about_a_cell_is_answered_by_its_row_with_its_header(
    shelf: Shelf, name: str, data: bytes, page: int | None
) -> None:
    shelf.add(data, name)
    answer = shelf.ask(QUESTION)
    assert_holds(shelf.pipeline, answer)
    assert [citation.quote for citation in answer.citations[:2]] == [ROW, HEADER]
    assert "2026 (million crowns): 46.3" in answer.text
    assert {citation.page for citation in answer.citations[:2]} == {page}


@pytest.mark.parametrize(
    ("question", "quote", "page"),
    [
        ("How many votes carried the ferry budget?", "It was carried by 23 votes to 15.", 1),
        ("How much did dredging cost the harbour master?", "7.25 million crowns", 2),
        ("How high will the water tariff be in 2027?", "3.10 crowns in 2027", 3),
    ],
)
def test_a_citation_of_a_pdf_names_the_page(
    shelf: Shelf, question: str, quote: str, page: int
) -> None:
    shelf.add(pdf_report(), "report.pdf")
    answer = shelf.ask(question)
    assert_holds(shelf.pipeline, answer)
    assert quote in answer.citations[0].quote
    assert answer.citations[0].page == page


@pytest.mark.parametrize(
    ("name", "data", "question", "quote"),
    [
        ("coast.epub", BOOK, "When was the harbour of Skarne dredged?", "dredged in 1904"),
        (
            "late.eml",
            mail("Hello all, the ferry to Little Orrin is late because of the fog at the pier."),
            "Why is the ferry to Little Orrin late?",
            "because of the fog",
        ),
    ],
)
def test_a_book_and_a_message_are_quoted(
    shelf: Shelf, name: str, data: bytes, question: str, quote: str
) -> None:
    shelf.add(data, name)
    answer = shelf.ask(question)
    assert_holds(shelf.pipeline, answer)
    assert quote in answer.citations[0].quote
    assert answer.citations[0].page is None
