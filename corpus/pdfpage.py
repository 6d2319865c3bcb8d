"""A page of a PDF as lines of words with their places, and the rules that are drawn on it.

Lengths are points (1/72 inch), from the lower left corner of the page.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

HYPHEN = "\x02"  # how pdfium gives a hyphen that parts a word at the end of a line
_HYPHEN, _SPACE, _ASCII, _NO_BREAK_SPACE = ord(HYPHEN), ord(" "), 0x7F, 0xA0
_LETTERS = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\uf0b7": "•", "\uf0a7": "•"}
)
_BOLD = re.compile(rb"bold|black|heavy|semibd|demi", re.IGNORECASE)
_FONT_NAME = 128  # bytes
_THIN = 3.0  # a path that is thinner is a line
_SHORTEST_RULE = 6.0
_MOST_PATHS = 20_000  # more are a drawing


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> tuple[float, float]:
        """The point in the middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without white space between them; `size` is that of the font."""

    text: str
    box: Box
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Words beside each other, from left to right.

    `page` counts from 0, `size` is that of most of it, in half points, and `bold` is what all of
    it is.
    """

    page: int
    words: Sequence[Word]
    text: str
    box: Box
    size: float
    bold: bool


def line_of(page: int, words: Sequence[Word]) -> Line:
    """A line of these words."""
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[round(word.size * 2) / 2] += len(word.text)
    return Line(
        page,
        words,
        " ".join([word.text for word in words]),
        around([word.box for word in words]),
        max(sizes, key=sizes.__getitem__),
        all(word.bold for word in words),
    )


def around(boxes: Sequence[Box]) -> Box:
    """The smallest rectangle that has all of them."""
    return Box(
        min([box.left for box in boxes]),
        min([box.bottom for box in boxes]),
        max([box.right for box in boxes]),
        max([box.top for box in boxes]),
    )


def read_words(page: pdfium.PdfPage) -> list[Word]:
    """The words in the order in which the page draws them, which is mostly that of reading."""
    textpage = page.get_textpage()
    try:
        handle = textpage.raw
        count = textpage.count_chars()
        codes = [pdfium_c.FPDFText_GetUnicode(handle, at) for at in range(count)]
        return [_word(handle, codes, start, end) for start, end in _runs(codes)]
    finally:
        textpage.close()


def _runs(codes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where words start and end; a hyphen at the end of a line ends one."""
    start = -1
    for at, code in enumerate(codes):
        if code <= _SPACE or code == _NO_BREAK_SPACE or (code > _ASCII and chr(code).isspace()):
            if start >= 0 and code == _HYPHEN:
                at += 1  # noqa: PLW2901 -- it belongs to the word
            if start >= 0:
                yield start, at
            start = -1
        elif start < 0:
            start = at
    if start >= 0:
        yield start, len(codes)


def _word(handle: ctypes.c_void_p, codes: Sequence[int], start: int, end: int) -> Word:
    """The word from character `start` to `end`; boxes are as high as their font."""
    first, last = pdfium_c.FS_RECTF(), pdfium_c.FS_RECTF()
    pdfium_c.FPDFText_GetLooseCharBox(handle, start, first)
    pdfium_c.FPDFText_GetLooseCharBox(handle, end - 1, last)
    box = Box(
        min(first.left, last.left),
        min(first.bottom, last.bottom),
        max(first.right, last.right),
        max(first.top, last.top),
    )
    matrix = pdfium_c.FS_MATRIX()
    found = pdfium_c.FPDFText_GetMatrix(handle, start, matrix)
    scale = math.hypot(matrix.c, matrix.d) if found else 1.0
    name, flags = ctypes.create_string_buffer(_FONT_NAME), ctypes.c_int()
    pdfium_c.FPDFText_GetFontInfo(handle, start, name, _FONT_NAME, flags)
    size = pdfium_c.FPDFText_GetFontSize(handle, start) * (scale or 1.0)
    return Word(_text(codes[start:end]), box, size, _is_bold(name.value))


@lru_cache(maxsize=1_000)
def _is_bold(font: bytes) -> bool:
    return _BOLD.search(font) is not None


def _text(codes: Sequence[int]) -> str:
    """Code units of UTF-16 as text."""
    text = "".join(map(chr, codes))
    if text.isascii():
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace").translate(_LETTERS)


def lines_of_words(words: Sequence[Word], page: int) -> list[Line]:
    """Words that follow each other to the right, on one height, as lines."""
    lines: list[list[Word]] = []
    before: Word | None = None
    for word in words:
        _, height = word.box.middle
        goes_on = (
            before is not None
            and before.box.bottom <= height <= before.box.top
            and word.box.left > before.box.left
            and not before.text.endswith(HYPHEN)
        )
        if goes_on:
            lines[-1].append(word)
        else:
            lines.append([word])
        before = word
    return [line_of(page, line) for line in lines]


def read_rules(page: pdfium.PdfPage) -> list[Box]:
    """The straight lines that are drawn on a page, and the edges of rectangles, in whole points."""
    rules: set[Box] = set()
    kinds = [pdfium_c.FPDF_PAGEOBJ_PATH]
    for number, path in enumerate(page.get_objects(filter=kinds, max_depth=2)):
        if number > _MOST_PATHS:
            return []
        box = Box(*map(round, path.get_bounds()))  # cells beside each other share an edge
        width, height = box.right - box.left, box.top - box.bottom
        if min(width, height) < _THIN:
            rules |= {box} if max(width, height) > _SHORTEST_RULE else set()
        elif 4 <= pdfium_c.FPDFPath_CountSegments(path) <= 5:  # a rectangle, open or closed
            rules |= {
                Box(box.left, box.bottom, box.left, box.top),
                Box(box.right, box.bottom, box.right, box.top),
                Box(box.left, box.bottom, box.right, box.bottom),
                Box(box.left, box.top, box.right, box.top),
            }
    return list(rules)
