r"""Bytes of a file to canonical text with its blocks.

For text and Markdown the canonical text is the file's own, with line ends as "\n" and without a
byte-order mark; for other formats it is what the parser extracts. Blocks point into it.

The parsers of files are loaded when they are needed: a process that reads web pages only has no
use for five libraries more.
"""
# ruff: noqa: PLC0415 -- as said

import codecs

from corpus.errors import (
    Damaged,
    EmptyDocument,
    NotUtf8,
    TooLarge,
    UnknownType,
    UnreadableDocument,
)
from corpus.markdown import read_markdown
from corpus.plain import read_plain
from corpus.sniff import (
    CSV,
    DOCX,
    EPUB,
    HTML,
    MAIL,
    MARKDOWN,
    PDF,
    PLAIN,
    PPTX,
    SUFFIXES,
    TSV,
    XLSX,
    media_type_of,
)
from corpus.types import Limits, ParsedText

__all__ = ["FORMATS", "SUFFIXES", "TEXTS", "media_type_of", "parse", "parse_source", "parse_text"]

# Media type -> what people call it, of all that is read.
FORMATS = {
    PLAIN: "text",
    MARKDOWN: "Markdown",
    HTML: "HTML",
    CSV: "CSV",
    TSV: "TSV",
    MAIL: "EML",
    PDF: "PDF",
    EPUB: "EPUB",
    DOCX: "DOCX",
    PPTX: "PPTX",
    XLSX: "XLSX",
}
TEXTS = frozenset({PLAIN, MARKDOWN, HTML, CSV, TSV})  # those that can be sent as text
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def parse(data: bytes, media_type: str, limits: Limits | None = None) -> ParsedText:
    """Read `data` as `media_type`: text in UTF-8, or in UTF-16 with a byte-order mark.

    Raises UnreadableDocument, of the kind that fits; EmptyDocument when nothing but white space
    is left.
    """
    if media_type in TEXTS:
        return parse_text(decode(data), media_type, limits)
    if media_type not in FORMATS:
        raise _not_read(media_type)
    return _checked(_read(data, media_type, limits or Limits()), limits)


def parse_text(text: str, media_type: str, limits: Limits | None = None) -> ParsedText:
    """Read `text` as `media_type`, one of TEXTS; errors as for `parse`."""
    if media_type not in TEXTS:
        raise _not_read(media_type)
    return _checked(_read(canonical(text), media_type, Limits()), limits)


def parse_source(source: bytes | str, media_type: str) -> ParsedText:
    """`parse` of bytes and `parse_text` of text."""
    if isinstance(source, str):
        return parse_text(source, media_type)
    return parse(source, media_type)


def _read(source: str | bytes, media_type: str, limits: Limits) -> ParsedText:
    """Read a source with the parser of its type; what a library trips over is damaged."""
    try:
        if isinstance(source, str):
            return _read_text(source, media_type)
        return _read_file(source, media_type, limits)
    except (UnreadableDocument, MemoryError):
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise Damaged(
            f"It can not be read as {FORMATS[media_type]}: {reason.rstrip('.')}. It may be cut "
            "short or damaged: open it in its own program and save it again."
        ) from error


def _read_text(text: str, media_type: str) -> ParsedText:
    if media_type == MARKDOWN:
        return read_markdown(text)
    if media_type == HTML:
        from corpus.html import read_html

        return read_html(text)
    if media_type in (CSV, TSV):
        from corpus.sheets import read_csv, read_tsv

        return read_csv(text) if media_type == CSV else read_tsv(text)
    return read_plain(text)


def _read_file(data: bytes, media_type: str, limits: Limits) -> ParsedText:
    if media_type == PDF:
        from corpus.pdf import read_pdf

        return read_pdf(data, limits)
    if media_type == DOCX:
        from corpus.word import read_docx

        return read_docx(data, limits)
    if media_type == PPTX:
        from corpus.slides import read_pptx

        return read_pptx(data, limits)
    if media_type == XLSX:
        from corpus.sheets import read_xlsx

        return read_xlsx(data, limits)
    if media_type == EPUB:
        from corpus.epub import read_epub

        return read_epub(data, limits)
    from corpus.mail import read_mail

    return read_mail(data)


def _checked(parsed: ParsedText, limits: Limits | None) -> ParsedText:
    if not parsed.text.strip():
        raise EmptyDocument("The document has no text.")
    most = (limits or Limits()).max_characters
    if len(parsed.text) > most:
        raise TooLarge(
            f"The text in it has {len(parsed.text):,} characters; the limit is {most:,}. "
            "Split it, or raise PINCITE_MAX_FILE_MB."
        )
    return parsed


def _not_read(media_type: str) -> UnknownType:
    known = ", ".join(sorted(FORMATS))
    return UnknownType(f"The media type {media_type!r} is not read here. Known are {known}.")


def decode(data: bytes) -> str:
    """Bytes as text, raising NotUtf8 with the place of the first bad byte."""
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotUtf8(
            f"The file is not {encoding.removesuffix('-sig').upper()} text: byte {error.start} is "
            f"0x{data[error.start]:02x}. Save it as UTF-8 and send it again."
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
