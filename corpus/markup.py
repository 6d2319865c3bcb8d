"""All that an HTML text shows, menus and all: for books and messages, which have no menus."""

import codecs
import re
from collections.abc import Iterable, Iterator

from lxml import html
from lxml.etree import ParserError, _Element

from corpus.types import BlockKind, ParsedText
from corpus.writing import Writer, clean

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOT_SHOWN = {"script", "style", "head", "template", "noscript"}
_BLOCKS = {
    *_HEADINGS,
    *("address article aside blockquote body caption center dd details dialog div dl dt fieldset"
      " figcaption figure footer form header hr html li main nav ol p pre section summary table"
      " tbody td tfoot th thead tr ul").split(),
}  # fmt: skip
_ENCODING = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?([\w-]+)""")
_WHITE = re.compile(r"[ \t\r\n\f]+")
_WIDEST = 1_000  # columns that a cell may span


def read_markup(pages: Iterable[bytes | str]) -> ParsedText:
    """The texts one after another, each HTML or XHTML.

    Bytes are in the encoding that they name, or in UTF-8.
    """
    writer = Writer()
    for page in pages:
        text = page if isinstance(page, str) else page.decode(_encoding(page), "replace")
        try:
            root = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
        except ParserError:  # there is nothing in it
            continue
        _write(root, writer)
    return writer.parsed()


def _encoding(page: bytes) -> str:
    if page.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    named = _ENCODING.search(page[:2048])
    return named[1].decode() if named else "utf-8"


def _write(element: _Element, writer: Writer, prefix: str = "") -> None:
    """What an element holds, block by block; text between blocks is a paragraph too."""
    inline: list[str] = [_flowing(element.text)]
    for child in element:
        if _is_block(child):
            if text := "".join(inline).strip():
                writer.paragraph(text, prefix)
                prefix = ""
            _write_block(child, writer, prefix)
            prefix, inline = "", []
        else:
            inline.append(_text(child))
        inline.append(_flowing(child.tail))
    writer.paragraph("".join(inline), prefix)


def _write_block(element: _Element, writer: Writer, prefix: str) -> None:
    if element.tag in _HEADINGS:
        writer.heading(_HEADINGS[element.tag], _text(element))
    elif element.tag == "table" and _is_of_data(element):
        for caption in element.iter("caption"):
            writer.paragraph(" ".join(_text(caption).split()))
        writer.table(list(_rows(element)))
    elif element.tag == "pre":
        if text := clean("".join(map(str, element.itertext()))).strip("\n").rstrip():
            writer.block(BlockKind.CODE, text.split("\n"))
    elif element.tag not in _NOT_SHOWN:
        _write(element, writer, "- " if element.tag == "li" else prefix)


def _is_of_data(table: _Element) -> bool:
    """Whether it has rows and columns, and is not there to place other things."""
    rows = list(_rows(table))
    return (
        len(rows) > 1
        and max(map(len, rows)) > 1
        and table.get("role") != "presentation"
        and table.find(".//table") is None
    )


def _is_block(element: _Element) -> bool:
    """Whether it stands on lines of its own, or something in it does."""
    return element.tag in _BLOCKS or any(inner.tag in _BLOCKS for inner in element.iter("*"))


def _text(element: _Element) -> str:
    r"""What is shown of an element, in which only a <br> is a line break."""
    if element.tag == "br":
        return "\n"
    if callable(element.tag) or element.tag in _NOT_SHOWN:  # lxml tags comments with a function
        return ""
    parts = [_flowing(element.text)]
    for child in element:
        parts += [_text(child), _flowing(child.tail)]
    return "".join(parts)


def _flowing(text: str | None) -> str:
    return _WHITE.sub(" ", text or "")


def _rows(table: _Element) -> Iterator[list[str]]:
    """The cells of each row; a name over several columns is the name of each."""
    is_header = True
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row:
            if cell.tag in ("td", "th"):
                text, span = _text(cell), cell.get("colspan", "1")
                more = min(int(span), _WIDEST) - 1 if span.isdecimal() else 0
                cells += [text, *[text if is_header else ""] * more]
        yield cells
        is_header = False
