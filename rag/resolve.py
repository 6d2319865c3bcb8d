"""A citation looked up again: what it quotes, and whether its document still says so."""

from corpus.errors import NotFound
from corpus.library import Library
from rag.citations import parse_citation_id
from rag.types import CitationState


def citation_state(library: Library, tenant: str, citation_id: str) -> CitationState:
    """A citation as it stands today; raises NotFound."""
    document_id, version, span = parse_citation_id(citation_id)
    if library.was_deleted(tenant, document_id):
        return _without_quote(citation_id, "deleted")
    if library.was_purged(tenant, document_id, version):
        return _without_quote(citation_id, "changed")
    try:
        document = library.document(tenant, document_id, version)
    except NotFound:
        if version > library.document(tenant, document_id).version:
            raise
        # It was deleted with its versions, and ingested again later.
        return _without_quote(citation_id, "deleted")
    if span.end > len(document.text):
        raise NotFound(f"There is no citation {citation_id!r}.")
    current = library.current_version(tenant, document_id)
    return CitationState(
        id=citation_id,
        document_id=document_id,
        version=version,
        span=span,
        quote=span.of(document.text),
        title=document.title,
        uri=document.uri,
        status="current" if version == current else "changed",
    )


def _without_quote(citation_id: str, status: str) -> CitationState:
    document_id, version, span = parse_citation_id(citation_id)
    return CitationState(citation_id, document_id, version, span, None, None, None, status)
