"""The vector index: the only place that knows Chroma.

It can be rebuilt from the library at any time, and what it finds is checked there before use.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import unquote, urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from chromadb.errors import ChromaError, InternalError, InvalidArgumentError, NotFoundError
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from corpus.errors import DataFolderInUse, IncompatibleData, IndexUnreachable, InvalidRequest

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_PORTS = {"http": 80, "https": 443}
_PAGE = 1000  # names or ids that are listed at once
_FEW = 500  # chunks that are compared one by one: 15 ms on two cores, and 35 ms over HTTP
_IN_VIEW = 400  # with Chroma's 100, which near ones are missed depends on the order they came in
_TIMEOUT = 60  # seconds that a server may take to answer


def _asks_server(
    method: Callable[Concatenate["VectorIndex", _Arguments], _Result],
) -> Callable[Concatenate["VectorIndex", _Arguments], _Result]:
    """A method of the index that tells a server that does not answer by its own error."""

    @wraps(method)
    def asking(
        index: "VectorIndex", /, *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        try:
            return method(index, *arguments, **named)
        except httpx.HTTPError as error:
            raise _unreachable(index.place) from error
        except InvalidArgumentError as error:
            if "dimension" not in str(error):
                raise
            raise IncompatibleData(
                f"{error}: the embedding model is not the one that it was. Run `pincite reindex`."
            ) from error

    return asking


class VectorIndex:
    """Vectors of chunks by their ids, one Chroma collection per tenant, collection and embedder.

    Embedded Chroma allows one process per folder; a lock holds the others off. A Chroma server
    takes any number. Every method raises IndexUnreachable when the server does not answer, and
    IncompatibleData for vectors of another dimension than those that are there.
    """

    def __init__(self, folder: Path, fingerprint: str, server: str | None = None) -> None:
        """Open or make the index in a folder, or on the server of a URL.

        Raises DataFolderInUse when another process has the folder open, IndexUnreachable, or
        InvalidRequest for what is no URL of a server.
        """
        self._fingerprint = fingerprint
        self._lock: FileLock | None = None
        self._sessions: list[httpx.Client] = []
        #: A process that had the folder open and ended without closing it, by its number.
        self.left_by: str | None = None
        if server is not None:
            self._client, self._sessions, self.place = _connected(server)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._holder = folder / "pincite.pid"
            self._lock, self.left_by = _locked(folder, self._holder)
            self.place = str(folder)
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
        for session in self._sessions:
            session.close()
        if self._lock is not None:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    @_asks_server
    def upsert(
        self, tenant: str, collection: str, ids: Sequence[int], vectors: NDArray[np.float32]
    ) -> None:
        """Put vectors, float32 [len(ids), dimension], in place of what the ids had before."""
        target = self._collection(tenant, collection)
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            target.upsert(ids=[str(chunk_id) for chunk_id in ids[part]], embeddings=vectors[part])

    @_asks_server
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

    @_asks_server
    def search(
        self,
        tenant: str,
        collection: str,
        vector: NDArray[np.float32],
        k: int,
        within: Sequence[int] | None = None,
    ) -> list[int]:
        """The ids of at most `k` chunks, the nearest by cosine first.

        With `within`, of these chunks only: where they are few, each is compared.
        """
        source = self._existing(tenant, collection)
        if source is None:
            return []
        if within is not None:
            return _nearest_within(source, vector, k, [str(chunk_id) for chunk_id in within])
        found = source.query(query_embeddings=vector[np.newaxis], n_results=k, include=[])
        return [int(chunk_id) for chunk_id in found["ids"][0]]

    @_asks_server
    def delete(self, tenant: str, collection: str, ids: Iterable[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        source = self._existing(tenant, collection)
        wanted = [str(chunk_id) for chunk_id in ids]
        if source is None:
            return
        for start in range(0, len(wanted), self._batch):
            source.delete(ids=wanted[start : start + self._batch])

    @_asks_server
    def drop(self, tenant: str, collection: str, embedder: str) -> None:
        """Remove all vectors of a collection that `embedder` made, if there are any."""
        with suppress(NotFoundError):
            self._client.delete_collection(_name(tenant, collection, embedder))

    @_asks_server
    def count(self, tenant: str, collection: str) -> int:
        """How many vectors there are."""
        source = self._existing(tenant, collection)
        return 0 if source is None else source.count()

    @_asks_server
    def indexes(self) -> list[tuple[str, str, str]]:
        """Tenant, collection and embedder of every index that is there, of other embedders too."""
        found: list[Mapping[str, object]] = []
        while page := self._client.list_collections(limit=_PAGE, offset=len(found)):
            found += [one.metadata or {} for one in page]
        wanted = ("tenant", "collection", "embedder")
        named = [tuple(str(one[name]) for name in wanted) for one in found if {*wanted} <= {*one}]
        return [(tenant, collection, embedder) for tenant, collection, embedder in named]

    @_asks_server
    def ids(self, tenant: str, collection: str) -> set[int]:
        """The chunks that have a vector."""
        source = self._existing(tenant, collection)
        found: set[int] = set()
        while source is not None:
            page = source.get(limit=_PAGE, offset=len(found), include=[])["ids"]
            if not page:
                break
            found |= {int(chunk_id) for chunk_id in page}
        return found

    def _collection(self, tenant: str, collection: str) -> Collection:
        return self._client.get_or_create_collection(
            _name(tenant, collection, self._fingerprint),
            configuration={"hnsw": {"space": "cosine", "ef_search": _IN_VIEW}},
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


def _nearest_within(
    source: Collection, vector: NDArray[np.float32], k: int, ids: list[str]
) -> list[int]:
    if len(ids) > _FEW:
        try:
            found = source.query(
                query_embeddings=vector[np.newaxis], n_results=k, ids=ids, include=[]
            )
        except InternalError:
            # Chroma refuses all ids when one is not there, such as one deleted a moment ago.
            there = source.get(ids=ids, include=[])["ids"]
            if len(there) == len(ids):
                raise
            return _nearest_within(source, vector, k, there)
        return [int(chunk_id) for chunk_id in found["ids"][0]]
    # The graph that Chroma searches may have lost its way to some; there are too few to miss one.
    if not ids or not (few := source.get(ids=ids, include=["embeddings"]))["ids"]:
        return []
    vectors = np.asarray(few["embeddings"], np.float32)
    nearness = vectors @ vector / np.linalg.norm(vectors, axis=1)
    return [int(few["ids"][at]) for at in np.argsort(-nearness, kind="stable")[:k]]


def _name(tenant: str, collection: str, embedder: str) -> str:
    """Chroma allows few characters in a name, so users' names are hashed."""
    digest = hashlib.sha256(f"{tenant}\0{collection}".encode()).hexdigest()
    return f"{digest[:32]}-{embedder[:12]}"


def _locked(folder: Path, holder: Path) -> tuple[FileLock, str | None]:
    """The lock of a folder, and the process that ended with it, if one did without closing.

    The operating system takes a lock from a process that ends, however it ends.
    """
    lock = FileLock(folder / "pincite.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise DataFolderInUse(
            f"Another Pincite (process {pid}) has {folder} open, and only one at a time may. "
            "Ask that one over HTTP, stop it, set PINCITE_DATA_DIR to another folder, or start "
            "`chroma run` and set PINCITE_CHROMA_URL for all."
        ) from error
    left_by = holder.read_text().strip() if holder.exists() else None
    holder.write_text(str(os.getpid()))
    return lock, left_by


def _connected(server: str) -> tuple[Client, list[httpx.Client], str]:
    """A client of the server at a URL, its connections, and what it is called in messages."""
    url = urlsplit(server)
    try:
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    except (KeyError, ValueError):
        host, port = "", 0  # the error quotes the URL, which may hold a token
    if not host:
        raise InvalidRequest(
            "PINCITE_CHROMA_URL is not the URL of a Chroma server. Write it as "
            "http://HOST:8000 or https://TOKEN@HOST."
        )
    place = f"{url.scheme}://{host}:{port}"
    token = unquote(url.username or "")
    try:
        client = chromadb.HttpClient(
            host=host,
            port=port,
            ssl=url.scheme == "https",
            headers={"x-chroma-token": token} if token else None,
            settings=Settings(anonymized_telemetry=False),
        )
    except (httpx.HTTPError, ValueError, ChromaError) as error:  # ValueError: it was not reached
        raise _unreachable(place) from error
    # Chroma's client waits for ever, and leaves its connections open when it is closed: its own and
    # those of a second one that it has made.
    both = (cast("Any", client), cast("Any", client)._admin_client)  # noqa: SLF001 - no other way
    sessions: list[httpx.Client] = [one._server._session for one in both]  # noqa: SLF001 - as above
    for session in sessions:
        session.timeout = _TIMEOUT
    return cast("Client", client), sessions, place


def _unreachable(place: str) -> IndexUnreachable:
    return IndexUnreachable(
        f"The Chroma server at {place} does not answer. Start it with `chroma run`, or check "
        "PINCITE_CHROMA_URL."
    )
