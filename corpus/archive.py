"""Zip files, in which Office documents and EPUBs are packed: opened only within limits."""

import io
import lzma
import zipfile
import zlib

from corpus.errors import Damaged, Encrypted, ExpandsTooMuch
from corpus.types import Limits

_MIB = 1024 * 1024
_HARMLESS = 16 * _MIB  # so little may be packed as densely as it likes
_MOST_ENTRIES = 20_000
_ENTRY = b"PK\x01\x02"  # begins each entry of the directory at the end of the file
_ENCRYPTED = 0x1

# What zipfile raises for a file that is not as a zip file should be.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def open_archive(data: bytes) -> zipfile.ZipFile:
    """The zip file that `data` is; raises Damaged, Encrypted or ExpandsTooMuch."""
    if data.count(_ENTRY) > _MOST_ENTRIES:
        raise ExpandsTooMuch(
            f"More than {_MOST_ENTRIES:,} files are packed in it. Send the documents alone."
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ZIP_ERRORS as error:
        raise Damaged(f"It is cut short or damaged: {error}. Save or copy it again.") from error
    if any(entry.flag_bits & _ENCRYPTED for entry in archive.infolist()):
        raise Encrypted("It is packed with a password. Remove the password and send it again.")
    return archive


def unpack(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """`open_archive` of what may be unpacked whole; raises ExpandsTooMuch for what may not.

    What an entry says of its size is the most that zipfile reads of it, so it can be trusted.
    """
    archive = open_archive(data)
    size = sum(entry.file_size for entry in archive.infolist())
    times = size // max(1, len(data))
    if size > limits.max_expanded_mb * _MIB or (size > _HARMLESS and times > limits.max_expansion):
        raise ExpandsTooMuch(
            f"Unpacked it has {size // _MIB:,} MiB, {times:,} times its own size; the limits are "
            f"{limits.max_expanded_mb:,} MiB and {limits.max_expansion:,} times. If it is what "
            "it should be, raise PINCITE_MAX_EXPANDED_MB or PINCITE_MAX_EXPANSION."
        )
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, most: int = -1) -> bytes:
    """The first `most` bytes of an entry, or all; raises Damaged for one that is not as it says."""
    try:
        with archive.open(name) as entry:
            return entry.read(most)
    except ZIP_ERRORS as error:
        raise Damaged(f"Its part {name!r} can not be read: {error}. Save it again.") from error
