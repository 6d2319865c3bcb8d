"""What a file is, is told by its bytes; its name settles what bytes of text can not."""

import pytest

from corpus import sniff as types
from corpus.errors import Damaged, Encrypted, ExpandsTooMuch, UnknownType, UnreadableDocument
from corpus.sniff import sniff
from tests.corpus.files import mail, one_of_each, pdf, sheet, slides, with_entry, word, zipped

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
_TYPES = {
    "report.pdf": types.PDF,
    "ferries.docx": types.DOCX,
    "deck.pptx": types.PPTX,
    "costs.xlsx": types.XLSX,
    "late.eml": types.MAIL,
    "coast.epub": types.EPUB,
}


@pytest.mark.parametrize("name", _TYPES)
@pytest.mark.parametrize("wrong_name", ["", "upload", "notes.txt", "page.html", "other.docx"])
def test_a_file_is_known_by_its_bytes_whatever_it_is_called(name: str, wrong_name: str) -> None:
    assert sniff(one_of_each()[name], wrong_name or name) == _TYPES[name]


@pytest.mark.parametrize(
    ("name", "declared", "found"),
    [
        ("a.txt", "text/html", types.PLAIN),
        ("a.md", None, types.MARKDOWN),
        ("a.csv", None, types.CSV),
        ("a.tsv", None, types.TSV),
        ("a.html", None, types.HTML),
        ("a.eml", None, types.MAIL),
        ("README", None, types.PLAIN),
        ("README", "text/markdown", types.MARKDOWN),
        ("a.log", "application/octet-stream", types.PLAIN),
        ("a.log", "image/png", types.PLAIN),
    ],
)
def test_text_is_what_its_name_says_then_what_its_sender_says(
    name: str, declared: str | None, found: str
) -> None:
    assert sniff(b"One, two; three.", name, declared) == found


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><p>x",
        b"\xef\xbb\xbf\n <HTML><body>x",
        b'<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE html PUBLIC "x"><html>',
    ],
)
def test_a_page_is_known_by_its_first_tags(data: bytes) -> None:
    assert sniff(data, "page") == sniff(data, "page.txt") == types.HTML


def test_a_message_is_known_by_the_headers_that_machines_write() -> None:
    assert sniff(mail(), "message.txt") == types.MAIL
    memo = b"From: Ilse\nTo: the crew\nSubject: boats\n\nRepair them."
    assert sniff(memo, "memo.txt") == types.PLAIN
    assert sniff(b"Note:\nContent-Type: is a header\n", "note.txt") == types.PLAIN


@pytest.mark.parametrize("byte_order", ["utf-16-le", "utf-16-be"])
def test_text_in_utf16_with_its_mark_is_text(byte_order: str) -> None:
    assert sniff("\ufeffFähre".encode(byte_order), "note") == types.PLAIN


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (_PNG, "scan.pdf", "'scan.pdf' is a PNG image, by its bytes"),
        (_PNG, "scan.txt", "PNG image"),
        (b"MZ\x90\0", "setup.exe", "a program"),
        (b"\x1f\x8b\x08\0", "a.docx", "gzip"),
        (b"{\\rtf1 x}", "letter.doc", "save it as DOCX"),
        (b"just text", "report.pdf", "has the name of a PDF file, but not its bytes"),
        (b"<?xml version='1.0'?><svg/>", "drawing", "no known type"),
        (b"\0\1\2\3", "data.bin", "no known type"),
        (zipped({"a.txt": "x"}), "a.zip", "Unpack it"),
        (zipped({"[Content_Types].xml": "<Types/>"}), "a.docx", "none of DOCX"),
        (_OLE + "WordDocument".encode("utf-16-le"), "a.doc", "save it as DOCX"),
        (_OLE + "Workbook".encode("utf-16-le"), "a.xls", "save it as XLSX"),
        (_OLE, "a.msg", "old Office format"),
    ],
)
def test_what_is_not_read_is_named_with_what_to_do(data: bytes, name: str, says: str) -> None:
    with pytest.raises(UnknownType) as caught:
        sniff(data, name)
    assert says in str(caught.value)


def test_a_text_may_begin_like_a_program() -> None:
    assert sniff(b"MZ is short for Mark Zbikowski.", "note.txt") == types.PLAIN


def test_an_office_file_with_a_password_says_so() -> None:
    with pytest.raises(Encrypted, match=r"'a\.docx' has a password"):
        sniff(_OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx")


def test_a_pdf_may_have_something_before_its_first_line() -> None:
    assert sniff(b"\r\n" + pdf(["x"]), "upload") == types.PDF
    assert sniff(b"junk from a mail program\n" + pdf(["x"]), "a.pdf") == types.PDF


@pytest.mark.parametrize("data", [word(), slides(), sheet([["a", "b"]])])
def test_a_cut_zip_file_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged, match="cut short"):
        sniff(data[: len(data) // 2], "a.docx")


def test_a_zip_file_of_very_many_entries_is_refused_unopened() -> None:
    with pytest.raises(ExpandsTooMuch, match="20,000 files"):
        sniff(b"PK\x03\x04" + b"PK\x01\x02" * 20_001, "a.docx")


def test_a_list_of_content_types_that_is_a_bomb_is_looked_at_only_at_its_start() -> None:
    data = with_entry(word(), "[Content_Types].xml", b" " * 50_000_000)
    with pytest.raises(UnreadableDocument):
        sniff(data, "a.docx")
