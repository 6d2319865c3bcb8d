"""DOCX to text and blocks: headings by their styles, lists and tables where they stand.

python-docx opens the file and knows its styles. The text is read from the XML itself, because
python-docx leaves out what stands in content controls, in text boxes or in tracked insertions.
Headers, footers, notes and comments are left out.
"""

import io
from collections.abc import Iterator
from functools import cache

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from lxml.etree import _Element

from corpus.archive import unpack
from corpus.types import Limits, ParsedText
from corpus.writing import Writer

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT, _BOX, _VAL = qn("w:t"), qn("w:txbxContent"), qn("w:val")
_SIGNS = {
    qn("w:tab"): "\t",
    qn("w:noBreakHyphen"): "-",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# What was deleted or moved away, what is for older programs, and how something looks.
_PASSED_OVER = {
    *map(qn, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:tblPr", "w:trPr", "w:tcPr", "w:sdtPr")),
    _FALLBACK,
}
_LIST, _OUTLINE = f"{qn('w:numPr')}/{qn('w:numId')}", qn("w:outlineLvl")
_BODY_TEXT = 9  # the outline level of what is no heading
_DEEPEST = 6


def read_docx(data: bytes, limits: Limits) -> ParsedText:
    """Text of a Word document, with its title and author where they are stated."""
    unpack(data, limits).close()
    document = docx.Document(io.BytesIO(data))
    chain = cache(lambda style: _style_chain(document, style))
    writer = Writer()
    titles: dict[int, str] = {}
    for element in _inside(document.element.body, _PARAGRAPH, _TABLE):
        if element.tag == _TABLE:
            writer.table(_rows(element))
            continue
        text, properties = _text(element), element.find(qn("w:pPr"))
        style = None if properties is None else properties.find(qn("w:pStyle"))
        names, looks = chain(None if style is None else style.get(_VAL))
        looks = looks if properties is None else (properties, *looks)
        level = _heading_level(names, looks)
        if level is None:
            writer.paragraph(text, "- " if _first(looks, _LIST) not in (None, "0") else "")
        else:
            writer.heading(max(1, level), text)
            titles.setdefault(level, text)
        for paragraph in _boxed(element):
            writer.paragraph(_text(paragraph))
    stated = document.core_properties
    title = titles.get(0) or stated.title or titles.get(1)
    return writer.parsed(title, {"author": stated.author} if stated.author else {})


def _style_chain(
    document: Document, style_id: str | None
) -> tuple[tuple[str, ...], tuple[_Element, ...]]:
    """Names and paragraph properties of a style and of those that it is based on."""
    names: list[str] = []
    looks: list[_Element] = []
    style = document.styles.get_by_id(style_id, WD_STYLE_TYPE.PARAGRAPH)
    while style is not None and style.name not in names:
        names.append(style.name or "")
        properties = style.element.find(qn("w:pPr"))
        looks += [] if properties is None else [properties]
        style = getattr(style, "base_style", None)
    return tuple(names), tuple(looks)


def _heading_level(names: tuple[str, ...], looks: tuple[_Element, ...]) -> int | None:
    """0 for a title, 1 to 6 for headings, None for other paragraphs."""
    for name in names:
        if name.lower() == "title":
            return 0
        number = name.lower().removeprefix("heading ")
        if number.isdigit() and number != name:
            return min(int(number), _DEEPEST)
    outline = _first(looks, _OUTLINE)
    level = int(outline) if outline and outline.isdigit() else _BODY_TEXT
    return min(level + 1, _DEEPEST) if level < _BODY_TEXT else None


def _first(looks: tuple[_Element, ...], path: str) -> str | None:
    """The value at `path` in the first of the properties that have one."""
    for properties in looks:
        found = properties.find(path)
        if found is not None:
            return found.get(_VAL)
    return None


def _inside(parent: _Element, *tags: str) -> Iterator[_Element]:
    """Elements of these tags in order, also those in content controls and insertions."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag not in _PASSED_OVER:
            yield from _inside(child, *tags)


def _boxed(paragraph: _Element) -> Iterator[_Element]:
    """The paragraphs of the text boxes that are anchored in a paragraph."""
    for box in _inside(paragraph, _BOX):
        yield from _inside(box, _PARAGRAPH)


def _text(element: _Element) -> str:
    r"""The text of a paragraph, without its text boxes; a line break is "\n"."""
    parts: list[str] = []
    for child in element:
        if child.tag == _TEXT:
            parts.append(child.text or "")
        elif child.tag in _SIGNS:
            parts.append(_SIGNS[child.tag])
        elif child.tag not in _PASSED_OVER and child.tag != _BOX:
            parts.append(_text(child))
    return "".join(parts)


def _rows(table: _Element) -> list[list[str]]:
    """The cells of each row in their columns; a cell that spans rows is repeated in each.

    A name over several columns is the name of each; one over all of them is a caption, and stands
    alone in its row.
    """
    rows: list[list[str]] = []
    above: dict[int, str] = {}
    has_header = False
    for row in _inside(table, _ROW):
        cells = [""] * _number(row, "w:trPr/w:gridBefore", 0)
        elements = list(_inside(row, _CELL))
        is_header = not has_header and len(elements) > 1
        for cell in elements:
            merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            goes_on = merge is not None and merge.get(_VAL, "continue") == "continue"
            text = above.get(len(cells), "") if goes_on else _cell_text(cell)
            above[len(cells)] = text
            more = _number(cell, "w:tcPr/w:gridSpan", 1) - 1
            cells += [text, *[text if is_header else ""] * more]
        has_header = has_header or is_header
        rows.append(cells)
    return rows


def _cell_text(cell: _Element) -> str:
    """The paragraphs of a cell, and the rows of a table within it, in one line."""
    parts = []
    for inner in _inside(cell, _PARAGRAPH, _TABLE):
        if inner.tag == _TABLE:
            parts += [", ".join(filter(None, row)) + ";" for row in _rows(inner)]
        else:
            parts.append(_text(inner))
    return " ".join(parts)


def _number(element: _Element, path: str, default: int) -> int:
    found = element.find("/".join(qn(name) for name in path.split("/")))
    value = "" if found is None else found.get(_VAL, "")
    return min(int(value), 1_000) if value.isdigit() else default
