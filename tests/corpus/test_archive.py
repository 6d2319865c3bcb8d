"""Zip files are opened within limits only."""

import io
import zipfile

import pytest

from corpus.archive import open_archive, read_entry, unpack
from corpus.errors import Damaged, Encrypted, ExpandsTooMuch
from corpus.types import Limits
from tests.corpus.files import zipped

_MIB = 1024 * 1024
_BOMB = zipped({"zeros": bytes(200 * _MIB)})


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    with pytest.raises(ExpandsTooMuch, match=r"200 MiB, .* times .*PINCITE_MAX_EXPANSION"):
        unpack(_BOMB, Limits())


def test_what_is_packed_within_the_limits_is_opened() -> None:
    with unpack(_BOMB, Limits(max_expansion=10_000)) as archive:
        assert archive.namelist() == ["zeros"]
    with unpack(zipped({"zeros": bytes(10 * _MIB)}), Limits()) as archive:  # too little to harm
        assert len(read_entry(archive, "zeros")) == 10 * _MIB


def test_the_limit_in_mib_holds_at_any_density() -> None:
    with pytest.raises(ExpandsTooMuch, match="100 MiB"):
        unpack(_BOMB, Limits(max_expansion=10_000, max_expanded_mb=100))


def test_a_bomb_in_a_bomb_stays_packed() -> None:
    with unpack(zipped({"inner.zip": _BOMB}), Limits()) as archive:
        assert read_entry(archive, "inner.zip") == _BOMB


def test_an_entry_gives_no_more_than_it_says() -> None:
    data = bytearray(zipped({"zeros": bytes(2 * _MIB)}))
    size = (2 * _MIB).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (10).to_bytes(4, "little")
    with unpack(bytes(data), Limits()) as archive, pytest.raises(Damaged):
        read_entry(archive, "zeros")


def test_an_entry_that_is_not_there_is_damage() -> None:
    with unpack(zipped({"a": "x"}), Limits()) as archive, pytest.raises(Damaged, match="'b'"):
        read_entry(archive, "b")


def test_a_zip_file_with_a_password_says_so() -> None:
    data = bytearray(zipped({"a": "x"}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.infolist()[0].flag_bits == 0
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Encrypted, match="password"):
        open_archive(bytes(data))
