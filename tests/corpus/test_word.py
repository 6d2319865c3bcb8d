"""A Word document keeps its headings, lists and tables, in the order of the page."""

from itertools import pairwise

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from corpus.errors import Damaged
from corpus.parse import parse
from corpus.sniff import DOCX
from corpus.tables import row_sentence
from corpus.types import BlockKind, Limits, ParsedText
from corpus.word import read_docx
from tests.corpus.files import CAPTION, add_table, entry_of, saved, with_entry, word

_PLAIN = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"


def _read(data: bytes) -> ParsedText:
    return read_docx(data, Limits())


def _pieces(parsed: ParsedText) -> list[tuple[str, int, str]]:
    return [(one.kind.value, one.level, one.span.of(parsed.text)) for one in parsed.blocks]


def _of_xml(xml: str) -> str:
    """The text of a document that has this XML as its body."""
    document = docx.Document()
    body = document.element.body
    wrapped = parse_xml(f"<w:body {nsdecls('w')}>{xml}</w:body>")
    for at, element in enumerate(list(wrapped)):
        body.insert(at, element)
    return _read(saved(document)).text.strip()


def test_structure_is_kept_in_order() -> None:
    parsed = _read(word())
    pieces = _pieces(parsed)
    assert [piece for piece in pieces if piece[0] != "table"] == [
        ("heading", 1, "Ferries of the Coast"),
        ("heading", 1, "Budget"),
        ("text", 0, "The council approved the ferry budget by 23 votes to 15."),
        ("heading", 2, "Where the money goes"),
        ("text", 0, CAPTION),
        ("text", 0, "- Repair the boats."),
        ("text", 0, "- Widen the piers."),
        ("heading", 1, "Outlook"),
        ("text", 0, "The next budget is due in November."),
    ]
    assert [piece[0] for piece in pieces].index("table") == 5
    assert (parsed.title, parsed.metadata) == ("Ferries of the Coast", {"author": "Ilse Maran"})
    assert parsed.pages == ()


def test_a_row_is_cited_with_its_header() -> None:
    parsed = _read(word())
    (table,) = [block for block in parsed.blocks if block.kind is BlockKind.TABLE]
    header, first, *_ = (row.span.of(parsed.text) for row in table.rows)
    assert row_sentence(header, first).endswith("2026 (million crowns): 46.3; Change (%): +12.9")


def test_joined_cells_keep_their_columns() -> None:
    document = docx.Document()
    table = add_table(
        document,
        [["Service", "Costs", ""], ["Ferries", "41.0", "46.3"], ["", "1.0", "2.0"]],
    )
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    parsed = _read(saved(document))
    assert [row.cells for row in parsed.blocks[0].rows] == [
        ("Service", "Costs", "Costs"),
        ("Ferries", "41.0", "46.3"),
        ("Ferries", "1.0", "2.0"),
    ]
    assert not any(row.flaw for row in parsed.blocks[0].rows)


def test_a_table_in_a_cell_is_in_its_row() -> None:
    document = docx.Document()
    table = add_table(document, [["Service", "Details"], ["Ferries", "As follows:"]])
    inner = table.cell(1, 1).add_table(2, 2)
    for cell, text in zip((cell for row in inner.rows for cell in row.cells), "ABCD", strict=True):
        cell.text = text
    assert _read(saved(document)).blocks[0].rows[1].cells[1].startswith("As follows: A, B; C, D;")


def test_a_column_without_a_name_does_not_spoil_the_table() -> None:
    document = docx.Document()
    add_table(document, [["Service", ""], ["Ferries", "46.3"], ["Boats", "7.0"]])
    (table,) = _read(saved(document)).blocks
    assert table.rows[0].cells == ("Service", "–")
    assert not any(row.flaw for row in table.rows)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:p><w:ins><w:r><w:t>Put in.</w:t></w:r></w:ins></w:p>", "Put in."),
        (("<w:p><w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del><w:r><w:t>Kept.</w:t></w:r>"
         "</w:p>"), "Kept."),
        (("<w:p><w:moveFrom><w:r><w:t>Moved.</w:t></w:r></w:moveFrom></w:p>"
         "<w:p><w:moveTo><w:r><w:t>Moved.</w:t></w:r></w:moveTo></w:p>"), "Moved."),
        (f"<w:sdt><w:sdtContent>{_PLAIN.format('Controlled.')}</w:sdtContent></w:sdt>",
         "Controlled."),
        ("<w:p><w:hyperlink><w:r><w:t>Linked.</w:t></w:r></w:hyperlink></w:p>", "Linked."),
        ("<w:p><w:r><w:t>One</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r></w:p>",
         "One\n\ntwo three"),
        ("<w:p><w:r><w:t>Non</w:t><w:noBreakHyphen/><w:t>stop</w:t></w:r></w:p>", "Non-stop"),
        ("<w:p><w:pPr><w:outlineLvl w:val='2'/></w:pPr><w:r><w:t>Deep</w:t></w:r></w:p>", "Deep"),
    ],
)  # fmt: skip
def test_all_that_a_reader_sees_is_read_and_nothing_that_was_deleted(xml: str, text: str) -> None:
    assert _of_xml(xml) == text


def test_text_boxes_are_read_once() -> None:
    box = f"<w:txbxContent>{_PLAIN.format('In the box.')}</w:txbxContent>"
    compatibility = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    text = _of_xml(
        f"<w:p><w:r><w:t>Before.</w:t></w:r><w:r><mc:AlternateContent {compatibility}><mc:Choice>"
        f"<w:drawing>{box}</w:drawing></mc:Choice><mc:Fallback><w:pict>{box}</w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert text == "Before.\n\nIn the box."


def test_a_heading_is_known_by_its_outline_level_too() -> None:
    document = docx.Document()
    style = document.styles.add_style("Chapter", 1)
    style.element.get_or_add_pPr().append(parse_xml(f"<w:outlineLvl {nsdecls('w')} w:val='1'/>"))
    document.add_paragraph("Own style", style="Chapter")
    based = document.styles.add_style("Based", 1)
    based.base_style = document.styles["Heading 3"]
    document.add_paragraph("On another", style="Based")
    assert _pieces(_read(saved(document))) == [
        ("heading", 2, "Own style"),
        ("heading", 3, "On another"),
    ]


def test_a_style_that_is_not_there_is_no_error() -> None:
    data = word()
    xml = entry_of(data, "word/document.xml").replace('w:val="Heading1"', 'w:val="Missing"')
    assert "Budget" in _read(with_entry(data, "word/document.xml", xml)).text


def test_a_caption_over_all_columns_is_text_above_the_header() -> None:
    document = docx.Document()
    table = add_table(document, [["Costs in 2026", ""], ["Service", "Sum"], ["Ferries", "46.3"]])
    table.cell(0, 0).merge(table.cell(0, 1))
    parsed = _read(saved(document))
    assert parsed.blocks[0].span.of(parsed.text) == "Costs in 2026"
    assert [row.cells for row in parsed.blocks[1].rows] == [("Service", "Sum"), ("Ferries", "46.3")]


def test_entities_that_explode_are_damage() -> None:
    data = word()
    names = "abcdefghij"
    entities = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names)
    )
    xml = entry_of(data, "word/document.xml").replace("23 votes to 15", "&j;")
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{entities}]>{xml[xml.index("<w:document") :]}'
    with pytest.raises(Damaged):
        parse(with_entry(data, "word/document.xml", bomb), DOCX)
