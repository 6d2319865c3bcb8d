"""The library and the vectors that the settings name, opened together, or the library alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from corpus.embed import MiniLM
from corpus.errors import CorpusError
from corpus.library import Library
from corpus.vectors import VectorIndex
from rag.embedding import open_embedder
from rag.settings import Settings


def open_store(
    settings: Settings, fingerprint: str, data_dir: Path | None = None
) -> tuple[Library, VectorIndex]:
    """Open or make both, for the embedding model of a fingerprint.

    With a `data_dir` everything is in that folder, whatever the settings say. Raises what opening
    either does, and leaves nothing open then.
    """
    folder = data_dir or settings.data_dir
    database = _database(settings, data_dir)
    server = None
    if data_dir is None and settings.chroma_url is not None:
        server = settings.chroma_url.get_secret_value()
    vectors = VectorIndex(folder, fingerprint, server)
    try:
        return Library(database, fingerprint), vectors
    except CorpusError:
        vectors.close()
        raise


@contextmanager
def open_library(settings: Settings) -> Iterator[Library]:
    """The library without the vectors, which other processes may have open at the same time.

    Raises what opening it does, and `open_embedder`.
    """
    with closing(MiniLM(settings.threads)) as model:
        embedder = open_embedder(settings, model)
        embedder.close()
    with closing(Library(_database(settings), embedder.fingerprint)) as library:
        yield library


def _database(settings: Settings, data_dir: Path | None = None) -> Path | str:
    if data_dir is None and settings.database_url is not None:
        return settings.database_url.get_secret_value()
    folder = data_dir or settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "pincite.db"
