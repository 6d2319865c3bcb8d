"""Real files of every format, made by the libraries that write them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
import pptx
import pypdf
from PIL import Image
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    PageBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

COSTS = (
    ("Service", "2025 (million crowns)", "2026 (million crowns)", "Change (%)"),
    ("Skarne–Little Orrin", "41.0", "46.3", "+12.9"),
    ("Night freight", "12.5", "11.0", "-12.0"),
    ("Total", "53.5", "57.3", "+7.1"),
)
CAPTION = "Subsidies by crossing"

_STYLES = getSampleStyleSheet()
_BODY = ParagraphStyle(
    "body", parent=_STYLES["BodyText"], alignment=TA_JUSTIFY, fontSize=10, leading=13
)


def pdf_report(*, ruled: bool = True) -> bytes:
    """A report of three pages with running heads, headings, paragraphs, a list and a table."""

    def running_heads(canvas: Canvas, page: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 810, "Coastal Council Annual Report 2025")
        canvas.drawRightString(540, 20, f"Page {page.page} of 3")

    table = Table(COSTS)
    if ruled:
        table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    ferries = (
        "The council met on Thursday and voted for the ferry budget after a long debate, which "
        "the islands had asked for in the spring and again in the autumn. "
    )
    boats = "Boats are to be repaired before the spring storms arrive on the coast of the islands"
    parted = "The water tariff will rise to 3.10 crowns in 2027, the board said in Novem-<br/>ber."
    story: list[Flowable] = [
        _text("Annual Report of the Coastal Council", "Title"),
        _text("1 Ferries", "Heading1"),
        _text(ferries * 6 + "It was carried by 23 votes to 15."),
        _text("The crossing of Little Orrin stays open all winter, the council said. " * 4),
        _text("1.1 Where the money goes", "Heading2"),
        _text(CAPTION),
        table,
        Spacer(1, 12),
        _text("After the table the text goes on with a sentence of some length, as reports do."),
        ListFlowable(
            [ListItem(_text(f"{boats}, and not after.")), ListItem(_text("Piers get wider."))],
            bulletType="bullet",
        ),
        PageBreak(),
        _text("2 Harbours", "Heading1"),
        _text("The harbour master reported that dredging cost 7.25 million crowns. " * 30),
        _text("2.1 Fish", "Heading2"),
        _text("Herring landed at Skarne came to 4,120 tonnes, the most since the cut. " * 60),
        _text("3 Outlook", "Heading1"),
        _text(parted),
    ]
    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=A4, title="Annual Report of the Coastal Council", author="Ilse Maran"
    ).build(story, onFirstPage=running_heads, onLaterPages=running_heads)
    return out.getvalue()


def _text(text: str, style: str | None = None) -> Paragraph:
    return Paragraph(text, _STYLES[style] if style else _BODY)


def pdf(*pages: Sequence[str], size: float = 11) -> bytes:
    """A PDF of these lines, one text object each."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for lines in pages:
        canvas.setFont("Helvetica", size)
        for at, line in enumerate(lines):
            canvas.drawString(60, 780 - 14 * at, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def pdf_of_pictures(pages: int = 2) -> bytes:
    """What a scanner makes."""
    out = io.BytesIO()
    scans = [Image.new("RGB", (200, 300), "gray") for _ in range(pages)]
    scans[0].save(out, "PDF", save_all=True, append_images=scans[1:])
    return out.getvalue()


def with_password(data: bytes) -> bytes:
    """A PDF that does not open without its password."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word(rows: Sequence[Sequence[str]] = COSTS) -> bytes:
    """A Word document with a title, headings, lists and a table under its caption."""
    document = docx.Document()
    document.core_properties.author = "Ilse Maran"
    document.add_heading("Ferries of the Coast", 0)
    document.add_heading("Budget", 1)
    document.add_paragraph("The council approved the ferry budget by 23 votes to 15.")
    document.add_heading("Where the money goes", 2)
    document.add_paragraph(CAPTION, style="Caption")
    add_table(document, rows)
    document.add_paragraph("Repair the boats.", style="List Bullet")
    document.add_paragraph("Widen the piers.", style="List Number")
    document.add_heading("Outlook", 1)
    document.add_paragraph("The next budget is due in November.")
    return saved(document)


def add_table(document: Any, rows: Sequence[Sequence[str]]) -> Any:
    """A table of these cells at the end of a document."""
    table = document.add_table(len(rows), max(map(len, rows)))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=False):
            cell.text = text
    return table


def slides() -> bytes:
    """A presentation of three slides: a list with notes, a table, a text box."""
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Ferries in 2026"
    first.placeholders[1].text = "The budget was approved.\nIt was a close vote."
    first.notes_slide.notes_text_frame.text = "Say that the vote was 23 to 15."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Where the money goes"
    table = second.shapes.add_table(
        len(COSTS), len(COSTS[0]), Inches(1), Inches(2), Inches(8), Inches(3)
    ).table
    for at, row in enumerate(COSTS):
        for column, text in enumerate(row):
            table.cell(at, column).text = text
    third = deck.slides.add_slide(deck.slide_layouts[6])
    box = third.shapes.add_textbox(Inches(1), Inches(1), Inches(5), Inches(1))
    box.text_frame.text = "The water tariff will rise to 3.10 crowns in 2027."
    return saved(deck)


def sheet(rows: Sequence[Sequence[Any]], formats: Mapping[str, str] | None = None) -> bytes:
    """A workbook of one sheet; `formats` are number formats by cell, such as "B2"."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "Budget"
    for row in rows:
        page.append(list(row))
    for place, form in (formats or {}).items():
        page[place].number_format = form
    return saved(book)


def mail(text: str | None = "The ferry is late.", page: str | None = None) -> bytes:
    """A message as text, as HTML or as both, with an attachment."""
    message = EmailMessage()
    message["Subject"] = "Late ferry to Little Orrin"
    message["From"] = "Ilse Maran <ilse@example.org>"
    message["To"] = "crew@example.org"
    message["Date"] = "Thu, 06 Nov 2025 09:30:00 +0100"
    message["Message-ID"] = "<1@example.org>"
    if text is not None:
        message.set_content(text)
    if page is not None and text is not None:
        message.add_alternative(page, subtype="html")
    elif page is not None:
        message.set_content(page, subtype="html")
    message.add_attachment(b"%PDF-1.4", "application", "pdf", filename="Timetable.pdf")
    return message.as_bytes()


def book(*chapters: str, more: Mapping[str, str] | None = None) -> bytes:
    """An EPUB of these XHTML bodies, with a table of contents and `more` entries."""
    names = [f"chapter{at}.xhtml" for at in range(len(chapters))]
    items = "".join(
        f'<item id="{name}" href="text/{name}" media-type="application/xhtml+xml"/>'
        for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Coast</dc:title>'
        "<dc:creator>Ilse Maran</dc:creator><dc:date>2025</dc:date></metadata><manifest>"
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f'{items}</manifest><spine><itemref idref="nav"/>{spine}</spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/content.opf": package,
        "OEBPS/nav.xhtml": _xhtml("<nav><ol><li>Contents of the book</li></ol></nav>"),
        **{f"OEBPS/text/{name}": _xhtml(body) for name, body in zip(names, chapters, strict=True)},
        **(more or {}),
    }
    return zipped(entries)


def _xhtml(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>No text</title></head><body>{body}</body></html>"
    )


def zipped(entries: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_entry(data: bytes, name: str, content: str | bytes) -> bytes:
    """A zip file with an entry put in, in place of the one of that name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    return zipped({**entries, name: content})


def entry_of(data: bytes, name: str) -> str:
    """An entry of a zip file as text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def names_of(data: bytes, start: str) -> list[str]:
    """The names of the entries of a zip file that start so."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [name for name in archive.namelist() if name.startswith(start)]


def pdf_in_columns() -> bytes:
    """A paper of two columns, whose paragraphs are told apart by their indent only."""
    style = ParagraphStyle("column", parent=_BODY, fontSize=9, leading=11, firstLineIndent=10)
    style.spaceBefore = style.spaceAfter = 0
    said = "says that the long-standing ferries of the coast were subsidised, unsurprisingly. "
    out = io.BytesIO()
    paper = BaseDocTemplate(out, pagesize=A4)
    frames = [Frame(40, 40, 250, 750), Frame(305, 40, 250, 750)]
    paper.addPageTemplates([PageTemplate(frames=frames)])
    texts = [f"Paragraph {at} {said * 8} It ends with {at}." for at in range(20)]
    paper.build([_text("Ferries", "Title"), *(Paragraph(text, style) for text in texts)])
    return out.getvalue()


def saved(document: Any) -> bytes:
    """What the library writes into a file."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


BOOK = book(
    "<h1>Harbours</h1><p>The harbour of Skarne was dredged in 1904.</p>",
    "<h1>Ferries</h1><p>The crossing takes forty minutes.</p>",
)


def one_of_each() -> dict[str, bytes]:
    """A sound file of each format that is not text, by its name."""
    return {
        "report.pdf": pdf_report(),
        "ferries.docx": word(),
        "deck.pptx": slides(),
        "costs.xlsx": sheet(COSTS),
        "late.eml": mail(),
        "coast.epub": BOOK,
    }
