"""A message is its body; its headers are metadata, and its attachments are named."""

import pytest

from corpus.errors import Damaged, EmptyDocument
from corpus.mail import read_mail
from tests.corpus.files import mail


def test_the_body_is_the_text_and_the_headers_are_metadata() -> None:
    parsed = read_mail(mail("The ferry is late.\r\nIt waits for the tide."))
    assert parsed.text == "The ferry is late.\nIt waits for the tide.\n"
    assert parsed.title == "Late ferry to Little Orrin"
    assert parsed.metadata == {
        "author": "Ilse Maran <ilse@example.org>",
        "to": "crew@example.org",
        "date": "2025-11-06T09:30:00+01:00",
        "attachments": ["Timetable.pdf"],
    }


def test_plain_text_is_read_before_html() -> None:
    assert read_mail(mail("As text.", "<p>As a page.</p>")).text.strip() == "As text."


def test_a_short_page_is_read_whole() -> None:
    parsed = read_mail(mail(None, "<p>See you at <b>five</b>.</p><ul><li>Bring rope.</li></ul>"))
    assert parsed.text.strip() == "See you at five.\n\n- Bring rope."


def test_encoded_words_are_read() -> None:
    headers = [
        "Subject: =?utf-8?q?F=C3=A4hre?=",
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    data = "\n".join([*headers, "", "Die F=E4hre ist da.", ""]).encode()
    parsed = read_mail(data)
    assert (parsed.title, parsed.text) == ("Fähre", "Die Fähre ist da.\n")


def test_a_date_that_is_none_stays_as_it_is() -> None:
    assert read_mail(b"Date: some day\n\nText.").metadata["date"] == "some day"


def test_a_message_of_attachments_only_is_empty() -> None:
    with pytest.raises(EmptyDocument, match="attachments"):
        read_mail(b"Subject: x\nContent-Type: application/pdf\n\n%PDF")


def test_an_unknown_encoding_is_damage() -> None:
    with pytest.raises(Damaged, match="klingon"):
        read_mail(b"Content-Type: text/plain; charset=klingon\n\nText.")
