"""PDF to text and blocks: paragraphs joined from their lines, headings by the size of their type.

What stands at the top or at the foot of most pages is left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from corpus.errors import Damaged, EmptyDocument, Encrypted, NoText, TooManyPages
from corpus.pdfpage import HYPHEN, Line, around, read_rules, read_words
from corpus.pdftables import Piece, Table, pieces_of
from corpus.tables import names_columns
from corpus.types import BlockKind, Limits, ParsedText
from corpus.writing import Writer, clean, one_line

_MARGIN_LINES = 2  # at the top and at the foot, that are looked at for running heads
_REPEATS = 3  # pages on which a running head stands at least
_SHARE = 0.4  # and of all pages; left and right ones may have their own
_COLUMN_LINES = 10  # by which the width of a column is told
_LARGER = 1.1  # times the size of the text, for a heading
_LONGEST_HEADING = 160  # characters
_DEEPEST = 6
_BULLET = re.compile(r"[-*•‣▪◦–]\s")
_NUMBERED = re.compile(r"\(?(\d{1,3}|[a-z])[.)]\s")
_SECTION = re.compile(r"\d+(\.\d+)*\.?\s")
_LEADER = re.compile(r"(\. ?){4}")  # in a table of contents
_HEADING_LEADING = 1.4  # sizes of type between the lines of one heading, at most
_ENDS = (".", "!", "?", ":", ";")
_CLOSERS = "”’\"')]»"
_MADE_UP = re.compile(  # by a program that was not told the title or the author
    r"\(?(untitled|anonymous|unspecified|unknown)\)?|microsoft \w+ - .*"
    r"|.*\.(docx?|pdf|indd|tex|qxd|pptx?|xlsx?)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Paragraph:
    """Lines that belong together; `level` is that of a heading, 0 for text."""

    lines: list[Line]
    level: int = 0


def read_pdf(data: bytes, limits: Limits) -> ParsedText:
    """Text of a PDF by page, with its title and author where they are stated.

    Raises Encrypted, Damaged, TooManyPages, NoText for pictures only, or EmptyDocument.
    """
    document = _open(data)
    try:
        if len(document) > limits.max_pages:
            raise TooManyPages(
                f"It has {len(document):,} pages; the limit is {limits.max_pages:,}. "
                "Split it, or raise PINCITE_MAX_PAGES."
            )
        pages = [_pieces(document, number) for number in range(len(document))]
        if not any(pages):
            raise _no_text(document)
        stated = document.get_metadata_dict()
    finally:
        document.close()
    paragraphs = list(_paragraphs(_without_running_heads(pages)))
    writer = Writer()
    _write(writer, paragraphs, len(pages))
    author = _stated(stated.get("Author", ""))
    title = _stated(stated.get("Title", "")) or _first_heading(paragraphs)
    return writer.parsed(title, {"author": author} if author else {})


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise Encrypted("It has a password. Save it without one, and send it again.") from error
        if error.err_code == pdfium_c.FPDF_ERR_SECURITY:
            raise Encrypted("It has copy protection. Send one without it.") from error
        raise Damaged(f"It is cut short or damaged ({error}). Save or copy it again.") from error


def _pieces(document: pdfium.PdfDocument, number: int) -> list[Piece]:
    page = document[number]
    try:
        words = read_words(page)
        pieces = pieces_of(words, read_rules(page), number) if words else []
        # A long document has more words than memory should hold.
        return [replace(one, words=()) if isinstance(one, Line) else one for one in pieces]
    finally:
        page.close()


def _no_text(document: pdfium.PdfDocument) -> NoText | EmptyDocument:
    for number in range(len(document)):
        page = document[number]
        images = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE])
        if next(iter(images), None) is not None:
            return NoText(
                f"Its {len(document):,} pages are pictures without text, as a scanner makes them. "
                "Run text recognition (OCR) over it first, for example with ocrmypdf."
            )
    return EmptyDocument("The document has no text.")


def _without_running_heads(pages: Sequence[list[Piece]]) -> list[Piece]:
    """The pieces of all pages, but for lines at the margins that most pages have.

    Digits do not count, so that the numbers of pages go too. If nothing else is there, they stay.
    """
    margins = [_margin(page) for page in pages]
    counts = Counter(key for keys in margins for key in set(keys.values()))
    least = max(_REPEATS, _SHARE * len(pages))
    kept = [
        piece
        for page, keys in zip(pages, margins, strict=True)
        for piece in page
        if counts[keys.get(id(piece), "")] < least
    ]
    return kept or [piece for page in pages for piece in page]


def _margin(page: Sequence[Piece]) -> dict[int, str]:
    """What the first and last lines of a page say, digits aside, by the identity of the line."""
    lines = [piece for piece in page if isinstance(piece, Line)]
    heights = sorted({round(line.box.bottom) for line in lines})
    edges = {*heights[:_MARGIN_LINES], *heights[-_MARGIN_LINES:]}
    return {
        id(line): re.sub(r"\d+", "#", line.text)
        for line in lines
        if round(line.box.bottom) in edges
    }


def _paragraphs(pieces: Sequence[Piece]) -> Iterator[_Paragraph | Table]:
    """The pieces, lines of a paragraph or of a heading together."""
    lines = [piece for piece in pieces if isinstance(piece, Line)]
    levels = _heading_levels(lines)
    leading = _leading(lines)
    current: _Paragraph | None = None
    for piece in pieces:
        if isinstance(piece, Table):
            if current is not None:
                yield current
            current = None
            yield piece
            continue
        level = levels.get((piece.size, piece.bold), 0) if _may_be_heading(piece) else 0
        if current is not None and current.level == level and _belongs(current, piece, leading):
            current.lines.append(piece)
            continue
        if current is not None:
            yield current
        current = _Paragraph([piece], level)
    if current is not None:
        yield current


def _may_be_heading(line: Line) -> bool:
    text = line.text
    return (
        len(text) <= _LONGEST_HEADING
        and any(map(str.isalpha, text))
        and not text.endswith((".", ",", ";"))
        and not _LEADER.search(text)
        and not _BULLET.match(text)
    )


def _heading_levels(lines: Sequence[Line]) -> dict[tuple[float, bool], int]:
    """Size and weight of type -> level, for type that is larger or bolder than the text."""
    sizes: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        sizes[line.size, line.bold] += len(line.text)
    if not sizes:
        return {}
    (body, body_bold), _ = max(sizes.items(), key=lambda item: item[1])
    larger = sorted({size for size, _ in sizes if size >= body * _LARGER}, reverse=True)
    levels = {
        (size, bold): min(larger.index(size) + 1, _DEEPEST)
        for size, bold in sizes
        if size in larger
    }
    if not body_bold:
        levels[body, True] = min(len(larger) + 1, _DEEPEST)
    return levels


def _leading(lines: Sequence[Line]) -> float:
    """The commonest distance between two lines, in sizes of their type."""
    distances = Counter(
        round(distance * 10) / 10
        for above, line in pairwise(lines)
        if above.size == line.size and 0.8 < (distance := _distance(above, line)) < 3
    )
    return distances.most_common(1)[0][0] if distances else 1.2


def _distance(above: Line, line: Line) -> float:
    """How far a line stands below another one, in sizes of its type."""
    return (above.box.bottom - line.box.bottom) / max(line.size, 1.0)


def _belongs(paragraph: _Paragraph, line: Line, leading: float) -> bool:
    """Whether a line goes on with a paragraph."""
    before = paragraph.lines[-1]
    if before.size != line.size or before.bold != line.bold or _LEADER.search(before.text):
        return False
    ended = before.text.rstrip(_CLOSERS).endswith(_ENDS)
    distance = _distance(before, line)
    if before.page != line.page or distance < 0:  # the next page or column
        is_open = before.text.endswith(HYPHEN) or (not ended and line.text[:1].islower())
        return is_open and not paragraph.level
    if paragraph.level:
        return distance <= _HEADING_LEADING and not _SECTION.match(line.text)
    numbered = _NUMBERED.match(line.text) and (ended or _NUMBERED.match(paragraph.lines[0].text))
    if distance > leading * 1.25 or _BULLET.match(line.text) or numbered:
        return False
    column = around([one.box for one in (*paragraph.lines[-_COLUMN_LINES:], line)])
    is_short = before.box.right < column.right - 0.2 * (column.right - column.left)
    is_indented = len(paragraph.lines) > 1 and line.box.left > before.box.left + 0.8 * line.size
    return not (ended and (is_short or is_indented))


def _write(writer: Writer, pieces: Sequence[_Paragraph | Table], pages: int) -> None:
    """Write the pieces, and note where each page begins, which may be within a paragraph."""
    known = {word.strip(".,;:()").lower() for word in _words(pieces)}
    begun = 0
    for piece in pieces:
        if isinstance(piece, Table):
            for _ in range(begun, piece.page + 1):
                writer.start_page()
            begun = max(begun, piece.page + 1)
            if names_columns(piece.rows[0]):
                writer.table(piece.rows)
            else:
                for row in piece.rows:
                    writer.paragraph(" | ".join(filter(None, row)))
            continue
        text, starts = _flowing([line.text for line in piece.lines], known)
        kind = BlockKind.HEADING if piece.level else BlockKind.TEXT
        span = writer.block(kind, [text], piece.level)
        for line, start in zip(piece.lines, starts, strict=True):
            for _ in range(begun, line.page + 1):
                writer.start_page(span.start + start)
            begun = max(begun, line.page + 1)
    for _ in range(begun, pages):
        writer.start_page()


def _words(pieces: Sequence[_Paragraph | Table]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, _Paragraph):
            for line in piece.lines:
                yield from line.text.split()


def _flowing(lines: Sequence[str], known: set[str]) -> tuple[str, list[int]]:
    """Lines as one text, and where each starts in it.

    A word that was parted at the end of a line is whole again, without its hyphen unless the
    document has it with a hyphen elsewhere, and not without.
    """
    text = ""
    starts = []
    for line in lines:
        if text.endswith(HYPHEN):
            first, rest = text[:-1].rpartition(" ")[2], line.partition(" ")[0]
            hyphened, whole = f"{first}-{rest}".lower(), f"{first}{rest}".lower()
            keeps = hyphened.strip(".,;:()") in known and whole.strip(".,;:()") not in known
            text = text[:-1] + ("-" if keeps or not rest[:1].islower() else "")
        elif text:
            text += " "
        starts.append(len(text))
        text += clean(line)
    return text.replace(HYPHEN, "-"), starts


def _stated(text: str) -> str:
    """What a PDF says of itself, unless a program made it up."""
    said = one_line(text)
    return "" if _MADE_UP.fullmatch(said) else said


def _first_heading(pieces: Sequence[_Paragraph | Table]) -> str | None:
    """The first of the highest headings near the start."""
    headings = [piece for piece in pieces[:10] if isinstance(piece, _Paragraph) and piece.level]
    first = min(headings, key=lambda heading: heading.level, default=None)
    return None if first is None else _flowing([line.text for line in first.lines], set())[0]
