"""What a file is: by its bytes, and by its name where bytes of text could be several things."""

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePath

from corpus.archive import open_archive, read_entry
from corpus.errors import Encrypted, UnknownType

PLAIN, MARKDOWN, HTML = "text/plain", "text/markdown", "text/html"
CSV, TSV, MAIL = "text/csv", "text/tab-separated-values", "message/rfc822"
PDF, EPUB = "application/pdf", "application/epub+zip"
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OFFICE}wordprocessingml.document"
PPTX = f"{_OFFICE}presentationml.presentation"
XLSX = f"{_OFFICE}spreadsheetml.sheet"

_BY_SUFFIX = {
    ".txt": PLAIN,
    ".text": PLAIN,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": TSV,
    ".eml": MAIL,
    ".pdf": PDF,
    ".epub": EPUB,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
}
SUFFIXES = frozenset(_BY_SUFFIX)
_TEXTS = frozenset({PLAIN, MARKDOWN, HTML, CSV, TSV, MAIL})

_MAGIC: Mapping[bytes, str] = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"RIFF": "an image, a sound or a film",
    b"ID3": "a sound",
    b"OggS": "a sound or a film",
    b"\0\0\0\x18ftyp": "a film",
    b"\0\0\0 ftyp": "a film",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"SQLite format 3": "a SQLite database",
    b"{\\rtf": "in Rich Text Format; save it as DOCX",
    b"%!PS": "PostScript; make a PDF of it",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what Office wrote before 2007, and encrypts into
_OLD_OFFICE = {
    "WordDocument": "the old Word format; save it as DOCX",
    "PowerPoint Document": "the old PowerPoint format; save it as PPTX",
    "Workbook": "the old Excel format; save it as XLSX",
    "__substg1.0": "an Outlook message; save it as EML",
}
# The content type of an Office file's main part, and what the file is.
_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"presentationml.presentation.main+xml": PPTX,
    b"presentationml.slideshow.main+xml": PPTX,
    b"spreadsheetml.sheet.main+xml": XLSX,
    b"ms-excel.sheet.macroEnabled.main+xml": XLSX,
}

_HEAD = 4096
_MOST_TYPES = 1024 * 1024  # bytes of the list of content types that are looked at
_PAGE = re.compile(
    rb"(<\?xml[^>]*>|<!--.*?-->|\s)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(rb"\s*<(\?xml|svg)\b")
_MACHINE_HEADERS = {b"message-id", b"received", b"mime-version", b"return-path", b"dkim-signature"}
_HEADERS = _MACHINE_HEADERS | {b"from", b"to", b"subject", b"date", b"content-type"}
_HEADER = re.compile(rb"^([\w-]+):", re.MULTILINE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")


def media_type_of(name: str) -> str:
    """The media type of a file by its name; raises UnknownType for a suffix nothing reads."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in _BY_SUFFIX:
        raise UnknownType(f"{name!r} is of no known type. Name it with one of {_known()}.")
    return _BY_SUFFIX[suffix]


def sniff(data: bytes, name: str, declared: str | None = None) -> str:
    """The media type of a file that is called `name`, of those that are read.

    `declared` is what the sender says it is; it counts where neither bytes nor name tell. Raises
    UnknownType, or Encrypted for an Office file with a password; for a zip file also what
    `open_archive` raises.
    """
    head = data[:_HEAD]
    named = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    if head.lstrip().startswith(b"%PDF-") or (named == PDF and b"%PDF-" in head[:1024]):
        return PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(data, name)
    if head.startswith(_OLE):
        raise _old_office(data, name)
    for magic, what in _MAGIC.items():
        # A text may begin with the letters of one.
        if head.startswith(magic) and not (magic.isalnum() and named in _TEXTS):
            raise UnknownType(f"{name!r} is {what}, by its bytes. Documents are {_known()}.")
    return _text(head, name, named, declared)


def _text(head: bytes, name: str, named: str | None, declared: str | None) -> str:
    body = head.removeprefix(codecs.BOM_UTF8)
    if _PAGE.match(body):
        return HTML
    if _is_mail(body):
        return MAIL
    if named in _TEXTS:
        return named
    if named is not None:
        raise UnknownType(
            f"{name!r} has the name of a {PurePath(name).suffix.lower()[1:].upper()} file, but not "
            "its bytes. Look whether it was downloaded whole, or give it its real name."
        )
    if declared in _TEXTS:
        return declared
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if _XML.match(body) or (_CONTROL.search(body) and not wide):
        raise UnknownType(f"{name!r} is of no known type. Documents are {_known()}.")
    return PLAIN


def _is_mail(head: bytes) -> bool:
    """Whether it begins with headers as machines write them; a memo of people has "From:" only."""
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = {match[1].lower() for match in _HEADER.finditer(headers)} & _HEADERS
    return _HEADER.match(headers) is not None and len(found) > 1 and bool(found & _MACHINE_HEADERS)


def _packed(data: bytes, name: str) -> str:
    with open_archive(data) as archive:
        names = set(archive.namelist())
        if "META-INF/container.xml" in names:
            return EPUB
        if "[Content_Types].xml" in names:
            types = read_entry(archive, "[Content_Types].xml", _MOST_TYPES)
            for main, found in _MAIN_PARTS.items():
                if main in types:
                    return found
    raise UnknownType(
        f"{name!r} is a zip archive, and none of DOCX, PPTX, XLSX and EPUB. Unpack it, and send "
        "the documents that are in it."
    )


def _old_office(data: bytes, name: str) -> Encrypted | UnknownType:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Encrypted(f"{name!r} has a password. Save it without one, and send it again.")
    for stream, what in _OLD_OFFICE.items():
        if stream.encode("utf-16-le") in data:
            return UnknownType(f"{name!r} is in {what}, and send it again.")
    return UnknownType(f"{name!r} is in an old Office format. Save it as DOCX, PPTX or XLSX.")


def _known() -> str:
    return ", ".join(sorted(SUFFIXES))
