"""The model that embeds chunks and questions: a remote one where one is set, else the embedded."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tenacity import Retrying

from corpus.embed import MiniLM
from rag.errors import MalformedCompletion
from rag.faults import fault_of, secrets_of
from rag.retries import retry_policy
from rag.settings import Settings

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.embeddings import Embeddings


class RemoteEmbedder:
    """A remote embedding model behind LangChain's Embeddings. Thread-safe.

    `fingerprint` tells it from others, by its place and its name.
    """

    def __init__(
        self, embeddings: "Embeddings", place: str, name: str, *, seconds: float, retries: int
    ) -> None:
        """Ask for nothing yet. `seconds` and `retries` are those of one call of `embed`."""
        self.fingerprint = hashlib.sha256(f"{place}\0{name}".encode()).hexdigest()
        self._embeddings = embeddings
        self._place = place
        self._calls = Retrying(**retry_policy(seconds, retries))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`, in their order and of length 1: float32 [len(texts), dimension].

        Raises ProviderError.
        """
        return self._calls.copy()(self._embed, list(texts))

    def close(self) -> None:
        """Close the connections that are kept open."""
        client = getattr(self._embeddings, "http_client", None)
        if client is not None:
            client.close()

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        try:
            vectors = np.asarray(self._embeddings.embed_documents(texts), np.float32)
        except Exception as error:  # each vendor's SDK has its own
            failure = fault_of(error, self._place, secrets_of(self._embeddings), of="EMBEDDING")
        else:
            return self._of_length_one(vectors, len(texts))
        raise failure  # not from the error, which holds the request with its key

    def _of_length_one(self, vectors: NDArray[np.float32], texts: int) -> NDArray[np.float32]:
        if vectors.ndim != 2 or len(vectors) != texts:
            raise MalformedCompletion(
                f"{self._place} sent vectors of the shape {vectors.shape} for {texts} texts. Check "
                "that PINCITE_EMBEDDING_MODEL is a model that embeds text."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise MalformedCompletion(
                f"{self._place} sent a vector that has no direction, with a length of "
                f"{lengths.min()}. Check PINCITE_EMBEDDING_MODEL."
            )
        unit: NDArray[np.float32] = vectors / lengths
        return unit


def open_embedder(settings: Settings, embedded: MiniLM) -> MiniLM | RemoteEmbedder:
    """The remote model that the settings name, or else `embedded`.

    Raises InvalidSettings for settings that do not fit together, or a package that is missing.
    """
    if not (settings.embedding_model or settings.embedding_base_url):
        return embedded
    from rag.vendors import embeddings_of  # noqa: PLC0415 - two seconds, where one is set only

    embeddings, place = embeddings_of(settings)
    return RemoteEmbedder(
        embeddings,
        place,
        settings.embedding_model or "",
        seconds=settings.llm_seconds,
        retries=settings.llm_retries,
    )
