"""A document by what a person calls it."""

from pathlib import Path
from urllib.parse import unquote

from corpus.errors import InvalidRequest, NotFound
from corpus.library import Library
from corpus.types import Document
from rag.holdings import TENANT

_SHOWN = 5  # candidates that an error names


def find_document(library: Library, name: str, collection: str | None) -> Document:
    """The document that `name` fits best.

    It may be an id; else a path or URI; else a title or file name; else a part of a title.
    Raises NotFound, or InvalidRequest when several fit.
    """
    try:
        return library.document(TENANT, name)
    except NotFound:
        listed = list(library.all_documents(TENANT, collection))
    wanted = name.strip().casefold()
    address = _address(name)
    matches = (
        [one for one in listed if {one.uri, one.external_id} & {name, address}],
        [one for one in listed if wanted in (one.title.casefold(), file_name(one.uri).casefold())],
        [one for one in listed if wanted and wanted in one.title.casefold()],
    )
    found = next((some for some in matches if some), [])
    if not found:
        raise NotFound(f"There is no document {name!r}. Ingest it with `pincite ingest`.")
    if len(found) > 1:
        some = "; ".join(f"{one.id} {one.title!r}" for one in found[:_SHOWN])
        more = "; ..." if len(found) > _SHOWN else ""
        raise InvalidRequest(f"{name!r} fits {len(found)} documents. Name one by id: {some}{more}")
    return found[0]


def file_name(uri: str | None) -> str:
    """The last part of a URI's path, or "" when it has none."""
    path = (uri or "").partition("#")[0].partition("?")[0].rstrip("/")
    return unquote(path.rpartition("/")[2])


def _address(path: str) -> str:
    return "" if "\0" in path else Path(path).expanduser().resolve().as_uri()
