"""Uploads into a pipeline, a batch at a time, so that a stop loses nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from api import schemas
from api.intake import Failure
from corpus.errors import UnreadableDocument
from corpus.types import Outcome
from rag import Pipeline, Upload

_BATCH = 16  # documents that are read at once
_AHEAD = 512  # chunks that may wait to be embedded when more documents are read: some seconds' work

_WORDS = {
    Outcome.CREATED: "created",
    Outcome.UPDATED: "updated",
    Outcome.UNCHANGED: "unchanged",
    Outcome.DUPLICATE_OF: "duplicates",
}


@dataclass(slots=True)
class Tally:
    """What came of the uploads; `documents` are the stored ones, ready to be searched."""

    documents: list[schemas.AcceptedDocument] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def line(self) -> str:
        """How many of each, in one line."""
        counted = Counter(one.outcome for one in self.documents)
        words = [f"{counted[outcome]:,} {word}" for outcome, word in _WORDS.items()]
        return ", ".join([*words, f"{len(self.failures):,} failed"])

    def wire(self) -> schemas.Upload:
        """What the HTTP route answers to an upload; the failures come last."""
        return schemas.Upload(documents=[*self.documents, *map(_refused, self.failures)])


async def load(
    pipeline: Pipeline,
    items: Iterable[Upload | Failure],
    on_progress: Callable[[int, str], None],
) -> Tally:
    """Store and index everything; what can not be read is noted, and the rest goes on.

    Documents are read and stored, at most some way ahead, while those before them are embedded.
    `on_progress` gets the number of items that are stored, and how many chunks are embedded.
    """
    tally = Tally()
    embedded = stored = 0
    stopped = False
    loop, moved = asyncio.get_running_loop(), asyncio.Event()

    def embedding(chunks: int, known: int) -> None:
        if stopped:
            raise _StoppedError
        on_progress(stored, f"{embedded + chunks:,}/{embedded + known:,} chunks")
        loop.call_soon_threadsafe(moved.set)

    def start() -> asyncio.Task[int]:
        indexing = asyncio.create_task(pipeline.index(embedding))
        indexing.add_done_callback(lambda _: moved.set())
        return indexing

    indexing = start()  # what an earlier run has left
    try:
        for batch in _batches(items):
            await _add(pipeline, batch, tally)
            stored += len(batch)
            moved.clear()
            while not indexing.done() and sum((await pipeline.waiting()).values()) > _AHEAD:
                await moved.wait()
                moved.clear()
            if indexing.done():
                embedded += await indexing
                indexing = start()
        embedded += await indexing
        indexing = start()  # what was stored when it was about to end
    except asyncio.CancelledError:
        stopped = True  # the next run goes on from there
        raise
    finally:
        with suppress(_StoppedError):
            embedded += await indexing
    on_progress(stored, "")
    return tally


class _StoppedError(Exception):
    """Embedding was told to stop, between two batches."""


async def _add(pipeline: Pipeline, batch: list[Upload | Failure], tally: Tally) -> None:
    tally.failures += [one for one in batch if isinstance(one, Failure)]
    uploads = [one for one in batch if isinstance(one, Upload)]
    for upload, result in zip(uploads, await pipeline.add(uploads), strict=True):
        if isinstance(result, UnreadableDocument):
            tally.failures.append(Failure(upload.uri or upload.name, result))
        else:
            tally.documents.append(schemas.accepted(upload.name, result, "ready"))


def _refused(failure: Failure) -> schemas.RefusedDocument:
    from api.problems import problem_of  # noqa: PLC0415 -- FastAPI, for what failed only

    return schemas.RefusedDocument(name=failure.name, problem=problem_of(failure.error))


def _batches(items: Iterable[Upload | Failure]) -> Iterator[list[Upload | Failure]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
