"""Bytes become canonical text, or are refused with what was wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import EmptyDocument, NotUtf8, TooLarge, UnknownType
from corpus.parse import FORMATS, SUFFIXES, TEXTS, decode, media_type_of, parse, parse_text
from corpus.types import Limits
from tests.corpus.texts import SAMPLES


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
def test_line_ends_become_newlines_and_a_byte_order_mark_goes(media_type: str) -> None:
    parsed = parse(b"\xef\xbb\xbfOne.\r\nTwo.\rThree.\n", media_type)
    assert parsed.text == "One.\nTwo.\nThree.\n"


def test_other_line_ends_of_unicode_stay() -> None:
    text = "One.\u2028Two.\u2029Three.\x85Four.\x0b\x0c"
    assert parse_text(text, "text/plain").text == text


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    with pytest.raises(NotUtf8, match=r"byte 3 is 0xe9"):
        parse(b"caf\xe9", "text/plain")
    with pytest.raises(NotUtf8):
        parse("kühl".encode("utf-16-le"), "text/plain")


def test_utf16_with_its_mark_is_read_and_a_cut_one_is_refused() -> None:
    for text in ("Fähre", "日本語 👍"):
        for encoding in ("utf-16-le", "utf-16-be"):
            assert parse(f"\ufeff{text}".encode(encoding), "text/plain").text == text
    with pytest.raises(NotUtf8, match="not UTF-16 text: byte 2 is 0x61"):
        parse(b"\xff\xfea", "text/plain")


@given(data=st.binary())
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data)
    except NotUtf8:
        return
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    assert text == data.decode("utf-16" if wide else "utf-8-sig")


@pytest.mark.parametrize("media_type", sorted(TEXTS))
@given(
    before=st.text(max_size=5),
    surrogate=st.sampled_from(["\ud800", "\udbff", "\udc00", "\udfff"]),
    after=st.text(max_size=5),
)
def test_a_lone_surrogate_is_refused(
    media_type: str, before: str, surrogate: str, after: str
) -> None:
    with pytest.raises(NotUtf8):
        parse_text(before + surrogate + after, media_type)


@pytest.mark.parametrize("media_type", sorted(TEXTS))
def test_nul_is_refused(media_type: str) -> None:
    with pytest.raises(NotUtf8, match="Character 2 is NUL"):
        parse_text("ab\0c", media_type)
    with pytest.raises(NotUtf8):
        parse(b"ab\0c", media_type)


@pytest.mark.parametrize("media_type", sorted(TEXTS))
@pytest.mark.parametrize("text", ["", " ", "\r\n\r\n", "\ufeff"[:0] + "\u00a0\u2028\t"])
def test_a_document_without_text_is_refused(media_type: str, text: str) -> None:
    with pytest.raises(EmptyDocument):
        parse_text(text, media_type)


def test_a_type_that_nothing_reads_is_refused_with_those_that_are_read() -> None:
    with pytest.raises(UnknownType, match=r"'image/png' is not read.*text/markdown"):
        parse(b"x", "image/png")
    with pytest.raises(UnknownType, match="application/pdf"):
        parse_text("%PDF-1.4", "application/pdf")
    with pytest.raises(UnknownType, match=r"'a\.png'.*\.md"):
        media_type_of("a.png")
    with pytest.raises(UnknownType):
        media_type_of("README")


def test_a_text_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge, match=r"11 characters; the limit is 10.*PINCITE_MAX_FILE_MB"):
        parse(b"01234567890", "text/plain", Limits(max_characters=10))


def test_a_type_is_known_by_the_end_of_the_name_in_either_case() -> None:
    assert media_type_of("/news/A.B.HTM") == "text/html"
    assert {media_type_of(f"name{suffix}") for suffix in SUFFIXES} == set(FORMATS)


def test_every_sample_is_read_with_a_title_and_blocks_in_order_within_it() -> None:
    assert len(SAMPLES) >= 15
    for path in SAMPLES:
        parsed = parse(path.read_bytes(), media_type_of(path.name))
        assert parsed.title, path.name
        starts = [block.span.start for block in parsed.blocks]
        assert starts == sorted(starts), path.name
        assert all(block.span.of(parsed.text).strip() for block in parsed.blocks), path.name
