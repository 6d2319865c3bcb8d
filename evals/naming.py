"""Documents by the names that cases call them, which hold in another data folder too."""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from corpus.types import Document

Names = Mapping[str, Document | None]  # None for a name that several documents have


def names_of(documents: Iterable[Document]) -> Names:
    """Documents by file name, title, external id, URI and id; of one name the last kind wins."""
    found: dict[str, Document | None] = {}
    every = list(documents)
    for kind in range(5):
        own: dict[str, Document | None] = {}
        for document in every:
            if name := _names(document)[kind]:
                own[name] = None if name in own else document
        found |= own
    return found


def name_for(document: Document, names: Names) -> str:
    """The first of a document's names that no other has, which its id is at the latest."""
    unique = (
        name
        for name in _names(document)
        if name and (one := names.get(name)) is not None and one.id == document.id
    )
    return next(unique, document.id)


def _names(document: Document) -> tuple[str | None, ...]:
    path = (document.uri or "").partition("#")[0].partition("?")[0].rstrip("/")
    file_name = unquote(path.rpartition("/")[2])
    return file_name, document.title, document.external_id, document.uri, document.id
