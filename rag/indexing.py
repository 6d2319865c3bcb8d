"""Embedding what waits, one batch at a time, whoever asks for it."""

import asyncio
from collections.abc import Callable, Collection

from corpus.backlog import purge, waiting_by_version
from corpus.ingest import Embed, index, index_batch, remove_stale
from corpus.library import Library
from corpus.types import DocumentVersion
from corpus.vectors import VectorIndex


class Indexing:
    """Calls take turns, since one process embeds one batch at a time.

    `keep_versions` is how many versions of a document keep their text, None for all.
    """

    def __init__(
        self, library: Library, vectors: VectorIndex, embed: Embed, keep_versions: int | None
    ) -> None:
        """Work on this library and these vectors."""
        self._library = library
        self._vectors = vectors
        self._embed = embed
        self._keep_versions = keep_versions
        self._turn = asyncio.Lock()

    async def index(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Embed all that waits, and remove what is not kept any longer; returns how many chunks."""
        async with self._turn:
            return await asyncio.to_thread(self._index, on_progress)

    def _index(self, on_progress: Callable[[int, int], None] | None) -> int:
        done = index(self._library, self._vectors, self._embed, on_progress)
        self._purge()
        return done

    async def index_batch(self, of: Collection[DocumentVersion]) -> int:
        """Embed some of what waits of these versions; returns the chunks that still wait.

        The call that leaves none removes what is not kept any longer as well.
        """
        async with self._turn:
            return await asyncio.to_thread(self._index_batch, of)

    async def remove_unused(self) -> None:
        """Remove the vectors of what was deleted or replaced."""
        async with self._turn:
            await asyncio.to_thread(remove_stale, self._library, self._vectors)

    def _index_batch(self, of: Collection[DocumentVersion]) -> int:
        index_batch(self._library, self._vectors, self._embed, of)
        left = sum(waiting_by_version(self._library, of).values())
        if not left:
            remove_stale(self._library, self._vectors)
            self._purge()
        return left

    def _purge(self) -> None:
        if self._keep_versions is not None:
            purge(self._library, self._keep_versions)
