"""Uploads to searchable chunks: parse, chunk and store first, embed after.

What `add` has returned is in SQL. `index` embeds what waits there, from this run or from one that
was killed, and may be stopped at any point and run again.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus import backlog
from corpus.chunk import MAX_TOKENS, chunk
from corpus.embedders import change_over, drop_stale_indexes
from corpus.errors import EmptyDocument, NotUtf8, TooLarge, UnreadableDocument
from corpus.library import Draft, Library
from corpus.parse import parse_source
from corpus.sniff import PLAIN, sniff
from corpus.types import Accepted, DocumentVersion, ParsedText
from corpus.vectors import VectorIndex

MAX_BYTES = 20 * 1024 * 1024
_BATCH = 64  # chunks embedded and marked at once: the second that a crash costs or a stop takes

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Read = Callable[[bytes | str, str], ParsedText]  # a source and its media type


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it comes in. `name` is its file name, or what errors should call it.

    `media_type` is what a text is. Of bytes it is what the sender says that they are, which counts
    where neither they nor the name tell.
    """

    data: bytes | str
    media_type: str | None
    name: str
    collection: str = "default"
    external_id: str | None = None
    uri: str | None = None
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def add(
    library: Library,
    tenant: str,
    upload: Upload,
    *,
    count_tokens: Callable[[str], int],
    max_tokens: int = MAX_TOKENS,
    max_bytes: int = MAX_BYTES,
) -> Accepted:
    """Parse, chunk and store an upload; `index` makes it searchable.

    Raises UnreadableDocument, of the kind that fits, and stores nothing then.
    """
    ready = draft(upload, count_tokens=count_tokens, max_tokens=max_tokens, max_bytes=max_bytes)
    return library.accept(tenant, ready)


def draft(
    upload: Upload,
    *,
    count_tokens: Callable[[str], int],
    max_tokens: int = MAX_TOKENS,
    max_bytes: int = MAX_BYTES,
    read: Read = parse_source,
) -> Draft:
    """Parse and chunk an upload; raises UnreadableDocument, of the kind that fits.

    `read` parses: by itself in this process, or as ParserPool does, where it can do no harm.
    """
    _check_described(upload)
    data = upload.data
    size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise TooLarge(
            f"{upload.name} has {size:,} bytes; the limit is {max_bytes:,}. "
            "Split it, or raise PINCITE_MAX_FILE_MB."
        )
    if not data.strip():
        raise EmptyDocument(f"{upload.name} is empty.")
    if isinstance(data, bytes):
        media_type = sniff(data, upload.name, upload.media_type)
    else:
        media_type = upload.media_type or PLAIN
    parsed = read(data, media_type)
    title = upload.title or parsed.title or PurePath(upload.name).name
    return Draft(
        collection=upload.collection,
        external_id=upload.external_id,
        uri=upload.uri,
        title=" ".join(title.split()),
        media_type=media_type,
        metadata={**parsed.metadata, **upload.metadata},
        content_hash=_content_hash(upload),
        text=parsed.text,
        chunks=chunk(parsed, count_tokens, max_tokens),
        file=data if isinstance(data, bytes) else data.encode(),
        file_name=upload.name,
        pages=parsed.pages,
    )


def index(
    library: Library,
    vectors: VectorIndex,
    embed: Embed,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Give every chunk that waits its vector, and remove vectors that no chunk has any more.

    `on_progress` is called with the chunks done and the chunks known. Returns how many waited. One
    call at a time in a process. Raises IncompatibleData when another embedder has taken over.

    While the vectors of a batch are stored, `embed` makes those of the next one in a thread.
    """
    done, total = 0, backlog.waiting(library)
    with _embedding(embed) as start:
        batch = _begin(library, vectors, start)
        while batch is not None:
            following = _begin(library, vectors, start, without=batch.chunk_ids)
            _complete(library, vectors, batch)
            done += len(batch.items)
            if on_progress is not None:
                on_progress(done, max(done, total))
            batch = following
    remove_stale(library, vectors)
    return done


def index_batch(
    library: Library,
    vectors: VectorIndex,
    embed: Embed,
    of: Collection[DocumentVersion] | None = None,
) -> int:
    """Give some of the chunks that wait, of these versions or of all, their vectors; how many.

    Only texts that the document did not have before are embedded. Cut short, it may be run again.
    One call at a time, and none while stale vectors are removed. Raises as `index` does.
    """
    with _embedding(embed) as start:
        batch = _begin(library, vectors, start, of)
        if batch is None:
            return 0
        _complete(library, vectors, batch)
    return len(batch.items)


def remove_stale(library: Library, vectors: VectorIndex) -> None:
    """Remove vectors that no chunk has any more, and indexes that no search uses any more."""
    change_over(library)  # where nothing waited
    drop_stale_indexes(library, vectors.drop)
    while stale := backlog.stale(library, _BATCH):
        by_place = sorted(stale, key=lambda item: item[1:])
        for (tenant, collection), group in groupby(by_place, key=lambda item: item[1:]):
            vectors.delete(tenant, collection, [chunk_id for chunk_id, _, _ in group])
        backlog.forget_stale(library, [chunk_id for chunk_id, _, _ in stale])


_Start = Callable[[Sequence[str]], Future[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Chunks whose vectors are being made: by tenant and collection, their ids and vectors."""

    items: Sequence[backlog.Unembedded]
    coming: Sequence[tuple[str, str, Sequence[int], Future[NDArray[np.float32]]]]

    @property
    def chunk_ids(self) -> list[int]:
        return [item.chunk_id for item in self.items]


@contextmanager
def _embedding(embed: Embed) -> Iterator[_Start]:
    """Has texts embedded in a thread, one call after the other; at the end none goes on."""
    thread = ThreadPoolExecutor(1, "pincite-index")
    try:
        yield lambda texts: thread.submit(embed, texts)
    finally:
        thread.shutdown(cancel_futures=True)


def _begin(
    library: Library,
    vectors: VectorIndex,
    start: _Start,
    of: Collection[DocumentVersion] | None = None,
    without: Collection[int] = (),
) -> _Batch | None:
    """Have the next chunks that wait embedded, but for some; None when no other waits.

    Texts that an older version had are not: their vectors are put in as they are there.
    """
    drop_stale_indexes(library, vectors.drop)  # before one of them is filled again
    items = backlog.unembedded(library, _BATCH, of, without)
    if not items:
        return None
    coming = []
    by_place = sorted(items, key=lambda item: (item.tenant, item.collection))
    for (tenant, collection), group in groupby(
        by_place, key=lambda item: (item.tenant, item.collection)
    ):
        here = list(group)
        twins = {item.chunk_id: item.twin for item in here if item.twin is not None}
        copied = vectors.copy(tenant, collection, twins)
        new = {item.chunk_id: item.text for item in here if item.chunk_id not in copied}
        if new:
            coming.append((tenant, collection, list(new), start(list(new.values()))))
    return _Batch(items, coming)


def _complete(library: Library, vectors: VectorIndex, batch: _Batch) -> None:
    """Put in the vectors of a batch, and only then note that its chunks have them."""
    for tenant, collection, chunk_ids, made in batch.coming:
        vectors.upsert(tenant, collection, chunk_ids, made.result())
    gone = backlog.mark_embedded(library, batch.chunk_ids)
    for item in batch.items:
        if item.chunk_id in gone:  # another process may have removed its vector before
            vectors.delete(item.tenant, item.collection, [item.chunk_id])
    change_over(library)


def _check_described(upload: Upload) -> None:
    described = [upload.name, upload.collection, upload.external_id, upload.uri, upload.title]
    if any("\0" in one for one in described if one is not None):
        raise NotUtf8(
            f"{upload.name!r} has the character NUL in its name, title, uri, external_id or "
            "collection."
        )
    try:
        json.dumps(
            [*described, dict(upload.metadata)], ensure_ascii=False, allow_nan=False
        ).encode()
    except UnicodeEncodeError as error:
        raise NotUtf8(
            f"{upload.name!r} has a lone surrogate in its name, title, uri, external_id, "
            "collection or metadata, which is not valid Unicode text."
        ) from error
    except (TypeError, ValueError) as error:
        raise UnreadableDocument(
            f"The metadata of {upload.name!r} is not JSON: {error}."
        ) from error


def _content_hash(upload: Upload) -> str:
    """SHA-256 of the bytes and of all that a reader sees beside them."""
    data = upload.data if isinstance(upload.data, bytes) else upload.data.encode()
    beside = repr((upload.title, upload.uri, sorted(upload.metadata.items()))).encode()
    return hashlib.sha256(data + b"\0" + beside).hexdigest()
