"""Upkeep of a store by hand: what is wrong with it, and its vectors made again."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from corpus.doctor import Finding, examine
from corpus.embed import MiniLM
from corpus.embedders import start_over
from corpus.ingest import Embed, index
from corpus.library import Library
from corpus.vectors import VectorIndex
from rag.embedding import open_embedder
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
    Stopped half-way, the next indexing goes on with it. Raises what `open_store` does, and
    ProviderError where a remote model embeds.
    """
    with _open(settings) as (library, vectors, embed):
        start_over(library)
        for tenant, collection, embedder in vectors.indexes():
            vectors.drop(tenant, collection, embedder)
        return index(library, vectors, embed, on_progress)


@contextmanager
def _open(settings: Settings) -> Iterator[tuple[Library, VectorIndex, Embed]]:
    with closing(MiniLM(settings.threads)) as model:
        embedder = open_embedder(settings, model)
        library, vectors = open_store(settings, embedder.fingerprint)
        with closing(embedder), closing(library), closing(vectors):
            yield library, vectors, embedder.embed
