r"""Bytes of a file to canonical text with its blocks.

For text and Markdown the canonical text is the file's own, with line ends as "\n" and without a
byte-order mark; for other formats it is what the parser extracts. Blocks point into it.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from corpus.errors import EmptyDocument, NotUtf8, UnknownType
from corpus.html import read_html
from corpus.markdown import read_markdown
from corpus.plain import read_plain
from corpus.types import ParsedText

PARSERS: Mapping[str, Callable[[str], ParsedText]] = {
    "text/plain": read_plain,
    "text/markdown": read_markdown,
    "text/html": read_html,
}

_BY_SUFFIX = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
}
SUFFIXES = frozenset(_BY_SUFFIX)


def media_type_of(name: str) -> str:
    """The media type of a file by its name; raises UnknownType for a suffix nothing reads."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in _BY_SUFFIX:
        known = ", ".join(sorted(_BY_SUFFIX))
        raise UnknownType(f"{name!r} is of no known type. Name it with one of {known}.")
    return _BY_SUFFIX[suffix]


def parse(data: bytes, media_type: str) -> ParsedText:
    """Read UTF-8 `data` as `media_type`.

    Raises UnknownType, NotUtf8, or EmptyDocument when nothing but white space is left.
    """
    return parse_text(decode(data), media_type)


def parse_text(text: str, media_type: str) -> ParsedText:
    """Read `text` as `media_type`; errors as for `parse`."""
    if media_type not in PARSERS:
        known = ", ".join(sorted(PARSERS))
        raise UnknownType(f"The media type {media_type!r} is not read. Known are {known}.")
    parsed = PARSERS[media_type](canonical(text))
    if not parsed.text.strip():
        raise EmptyDocument("The document has no text.")
    return parsed


def decode(data: bytes) -> str:
    """UTF-8 bytes as text, raising NotUtf8 with the place of the first bad byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8(
            f"The file is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}. "
            "Save it as UTF-8 and send it again."
        ) from error


def canonical(text: str) -> str:
    r"""`text` with every line end as "\n"; raises NotUtf8 for what no UTF-8 text file holds."""
    if "\0" in text:
        raise NotUtf8(f"Character {text.index(chr(0))} is NUL, so this is not a text file.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotUtf8(
            f"Character {error.start} is the lone surrogate U+{ord(text[error.start]):04X}, "
            "which is not valid Unicode text."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
