"""The vector index: the only place that knows Chroma.

It can be rebuilt from the library at any time, and what it finds is checked there before use.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from chromadb.errors import NotFoundError
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from corpus.errors import DataFolderInUse


class VectorIndex:
    """Vectors of chunks by their ids, one Chroma collection per tenant, collection and embedder.

    Embedded Chroma allows one process per folder; a lock holds the others off.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Open or make the index; raises DataFolderInUse when another one has it open."""
        folder.mkdir(parents=True, exist_ok=True)
        self._fingerprint = fingerprint
        self._lock = _locked(folder)
        # Typed as its interface, which lacks close().
        self._client = cast(
            "Client",
            chromadb.PersistentClient(
                str(folder / "chroma"), settings=Settings(anonymized_telemetry=False)
            ),
        )
        self._batch = self._client.get_max_batch_size()

    def close(self) -> None:
        """Close the index and let others open it."""
        self._client.close()
        self._lock.release()

    def upsert(
        self, tenant: str, collection: str, ids: Sequence[int], vectors: NDArray[np.float32]
    ) -> None:
        """Put vectors, float32 [len(ids), dimension], in place of what the ids had before."""
        target = self._collection(tenant, collection)
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            target.upsert(ids=[str(chunk_id) for chunk_id in ids[part]], embeddings=vectors[part])

    def copy(self, tenant: str, collection: str, twins: Mapping[int, int]) -> set[int]:
        """Give chunks, the keys, the vectors of others; those whose other has one are returned."""
        source = self._existing(tenant, collection)
        if source is None or not twins:
            return set()
        wanted = sorted({str(twin) for twin in twins.values()})
        there: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(wanted), self._batch):
            found = source.get(ids=wanted[start : start + self._batch], include=["embeddings"])
            vectors = np.asarray(found["embeddings"], np.float32)
            there |= {int(name): one for name, one in zip(found["ids"], vectors, strict=True)}
        copied = [chunk_id for chunk_id, twin in twins.items() if twin in there]
        if copied:
            made = np.stack([there[twins[chunk_id]] for chunk_id in copied])
            self.upsert(tenant, collection, copied, made)
        return set(copied)

    def search(
        self, tenant: str, collection: str, vector: NDArray[np.float32], k: int
    ) -> list[int]:
        """The ids of at most `k` chunks, the nearest by cosine first."""
        source = self._existing(tenant, collection)
        if source is None:
            return []
        found = source.query(query_embeddings=vector[np.newaxis], n_results=k, include=[])
        return [int(chunk_id) for chunk_id in found["ids"][0]]

    def delete(self, tenant: str, collection: str, ids: Iterable[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        source = self._existing(tenant, collection)
        wanted = [str(chunk_id) for chunk_id in ids]
        if source is None:
            return
        for start in range(0, len(wanted), self._batch):
            source.delete(ids=wanted[start : start + self._batch])

    def drop(self, tenant: str, collection: str, embedder: str) -> None:
        """Remove all vectors of a collection that `embedder` made, if there are any."""
        with suppress(NotFoundError):
            self._client.delete_collection(_name(tenant, collection, embedder))

    def count(self, tenant: str, collection: str) -> int:
        """How many vectors there are."""
        source = self._existing(tenant, collection)
        return 0 if source is None else source.count()

    def _collection(self, tenant: str, collection: str) -> Collection:
        return self._client.get_or_create_collection(
            _name(tenant, collection, self._fingerprint),
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"tenant": tenant, "collection": collection, "embedder": self._fingerprint},
            embedding_function=None,  # Chroma's default one downloads a model
        )

    def _existing(self, tenant: str, collection: str) -> Collection | None:
        try:
            return self._client.get_collection(
                _name(tenant, collection, self._fingerprint), embedding_function=None
            )
        except NotFoundError:
            return None


def _name(tenant: str, collection: str, embedder: str) -> str:
    """Chroma allows few characters in a name, so users' names are hashed."""
    digest = hashlib.sha256(f"{tenant}\0{collection}".encode()).hexdigest()
    return f"{digest[:32]}-{embedder[:12]}"


def _locked(folder: Path) -> FileLock:
    lock = FileLock(folder / "pincite.lock")
    holder = folder / "pincite.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise DataFolderInUse(
            f"Another Pincite (process {pid}) has {folder} open, and only one at a time may. "
            "Ask that one over HTTP, stop it, or set PINCITE_DATA_DIR to another folder."
        ) from error
    holder.write_text(str(os.getpid()))
    return lock
