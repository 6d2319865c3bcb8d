"""Files, folders and JSON lines as uploads."""

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, cast

from corpus.errors import InvalidRequest, TooLarge, UnreadableDocument
from corpus.sniff import SUFFIXES
from rag import Upload

_MIB = 1024 * 1024
_DOCUMENT_FIELDS = ("title", "uri", "external_id")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not become an upload, and why."""

    name: str
    error: UnreadableDocument


@dataclass(frozen=True, slots=True)
class Found:
    """Files to read, and how many others in their folders nothing reads."""

    files: tuple[Path, ...]
    skipped: int


def plan(
    paths: Sequence[Path], mapping: str | None, collection: str, max_mb: int
) -> tuple[Iterator[Upload | Failure], int, int]:
    """What is to be ingested; how many there are of it; how many files were passed over.

    With a `mapping` (see `read_mapping`) the paths are JSON lines files.
    """
    if mapping is None:
        found = find_files(paths)
        return uploads_of_files(found.files, collection, max_mb), len(found.files), found.skipped
    fields = read_mapping(mapping)
    lines = chain.from_iterable(uploads_of_lines(path, fields, collection) for path in paths)
    return lines, sum(count_lines(path) for path in paths), 0


def find_files(paths: Sequence[Path]) -> Found:
    """Named files as they are; of folders, what has a known suffix and is not hidden."""
    files: dict[Path, None] = {}
    skipped = 0
    for path in paths:
        if not path.is_dir():
            files[path.resolve()] = None
            continue
        for file in _walk(path.resolve()):
            if file.suffix.lower() in SUFFIXES:
                files[file] = None
            else:
                skipped += 1
    return Found(tuple(files), skipped)


def uploads_of_files(
    files: Sequence[Path], collection: str, max_mb: int
) -> Iterator[Upload | Failure]:
    """Each file as an upload that is known by its absolute path."""
    for path in files:
        try:
            if path.stat().st_size > max_mb * _MIB:
                raise TooLarge(f"It is over {max_mb} MiB. Split it, or raise PINCITE_MAX_FILE_MB.")
            data = path.read_bytes()
        except (OSError, UnreadableDocument) as error:
            yield Failure(str(path), _unreadable(error))
            continue
        uri = path.as_uri()
        yield Upload(
            data=data,
            media_type=None,
            name=os.fsencode(path.name).decode("utf-8", "replace"),
            collection=collection,
            external_id=uri,
            uri=uri,
        )


def read_mapping(text: str) -> dict[str, str]:
    """`"text=body,title=headline"` as a mapping; raises InvalidRequest for anything else."""
    pairs = [part.partition("=") for part in text.split(",")]
    mapping = {name.strip(): field.strip() for name, _, field in pairs}
    if not all(name and field for name, field in mapping.items()) or len(mapping) < len(pairs):
        raise InvalidRequest(f"{text!r} is not a mapping. Write it as text=FIELD,title=FIELD.")
    if "text" not in mapping:
        raise InvalidRequest(f"{text!r} does not say which field is the text. Add text=FIELD.")
    return mapping


def count_lines(path: Path) -> int:
    """How many lines a JSON lines file has; 0 for one that can not be read to its end."""
    try:
        with _open(path) as lines:
            return sum(1 for _ in lines)
    except (OSError, EOFError, zlib.error):
        return 0


def uploads_of_lines(
    path: Path, mapping: Mapping[str, str], collection: str
) -> Iterator[Upload | Failure]:
    """Each line of a JSON lines file (or of a gzipped one) as an upload.

    `mapping` goes from `text`, `title`, `uri`, `external_id` to the fields of a line; every
    other name in it becomes metadata. A document is known by its `external_id`, or else its uri.
    """
    number = 0
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                name = f"{path}:{number}"
                try:
                    yield _upload(json.loads(line), mapping, collection, name)
                except (ValueError, RecursionError, UnreadableDocument) as error:
                    yield Failure(name, _unreadable(error))
    except (OSError, EOFError, zlib.error) as error:
        yield Failure(f"{path}:{number + 1}", _unreadable(error))


def _upload(line: object, mapping: Mapping[str, str], collection: str, name: str) -> Upload:
    if not isinstance(line, dict):
        raise UnreadableDocument("The line is not a JSON object.")
    text = line.get(mapping["text"])
    if not isinstance(text, str):
        raise UnreadableDocument(f"The field {mapping['text']!r} is not a text.")
    given = {key: line.get(mapping[key]) for key in _DOCUMENT_FIELDS if key in mapping}
    for key, value in given.items():
        if value is not None and not isinstance(value, str):
            raise UnreadableDocument(f"The field {mapping[key]!r} is not a text.")
    metadata = {
        key: line[field]
        for key, field in mapping.items()
        if key != "text" and key not in _DOCUMENT_FIELDS and line.get(field) is not None
    }
    json.dumps([given, metadata], allow_nan=False, ensure_ascii=False).encode()
    uri = given.get("uri") or None
    return Upload(
        data=text,
        media_type="text/plain",
        name=name,
        collection=collection,
        external_id=given.get("external_id") or uri,
        uri=uri,
        title=given.get("title") or None,
        metadata=metadata,
    )


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    if gzipped:
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _unreadable(error: Exception) -> UnreadableDocument:
    if isinstance(error, UnreadableDocument):
        return error
    if isinstance(error, OSError) and error.strerror:
        return UnreadableDocument(f"It can not be read: {error.strerror}.")
    return UnreadableDocument(f"It can not be read: {error}.")
