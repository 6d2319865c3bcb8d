"""Upkeep of a store by hand: what is wrong with it, and its vectors made again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from corpus.doctor import Finding, examine
from corpus.embed import MiniLM
from corpus.embedders import start_over
from corpus.ingest import index
from corpus.library import Library
from corpus.vectors import VectorIndex
from rag.settings import Settings
from rag.store import open_store


def examine_store(settings: Settings) -> list[Finding]:
    """What is wrong with the store that the settings name; changes nothing but its schema.

    Raises what `open_store` does.
    """
    with _open(settings) as (library, vectors, _):
        return examine(library, vectors)


def make_vectors_again(settings: Settings, on_progress: Callable[[int, int], None]) -> int:
    """Remove all vectors and make them again from SQL; returns how many chunks there are.

    Searches go by words only till then. `on_progress` gets the chunks done and the chunks known.
    Stopped half-way, the next indexing goes on with it. Raises what `open_store` does.
    """
    with _open(settings) as (library, vectors, model):
        start_over(library)
        for tenant, collection, embedder in vectors.indexes():
            vectors.drop(tenant, collection, embedder)
        return index(library, vectors, model.embed, on_progress)


@contextmanager
def _open(settings: Settings) -> Iterator[tuple[Library, VectorIndex, MiniLM]]:
    model = MiniLM(settings.threads)
    try:
        library, vectors = open_store(settings, model.fingerprint)
        try:
            yield library, vectors, model
        finally:
            library.close()
            vectors.close()
    finally:
        model.close()
