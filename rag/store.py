"""The library and the vectors that the settings name, opened together."""

from pathlib import Path

from corpus.errors import CorpusError
from corpus.library import Library
from corpus.vectors import VectorIndex
from rag.settings import Settings


def open_store(
    settings: Settings, fingerprint: str, data_dir: Path | None = None
) -> tuple[Library, VectorIndex]:
    """Open or make both, for the embedding model of a fingerprint.

    With a `data_dir` everything is in that folder, whatever the settings say. Raises what opening
    either does, and leaves nothing open then.
    """
    folder = data_dir or settings.data_dir
    database: Path | str = folder / "pincite.db"
    server = None
    if data_dir is None and settings.database_url is not None:
        database = settings.database_url.get_secret_value()
    if data_dir is None and settings.chroma_url is not None:
        server = settings.chroma_url.get_secret_value()
    if isinstance(database, Path):
        folder.mkdir(parents=True, exist_ok=True)
    vectors = VectorIndex(folder, fingerprint, server)
    try:
        return Library(database, fingerprint), vectors
    except CorpusError:
        vectors.close()
        raise
