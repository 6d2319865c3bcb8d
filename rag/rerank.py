"""Passages in the order that a reranker gives them: any document compressor of LangChain."""

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.documents import BaseDocumentCompressor, Document

from corpus.types import Passage
from rag.errors import UnusableRanking

WIDER = 3  # times as many passages are given to a reranker as are wanted of it

_INDEX = "passage"  # the metadata by which a passage is known again


def reranked(
    reranker: BaseDocumentCompressor,
    query: str,
    passages: Sequence[Passage],
    k: int,
    max_tokens: int | None,
) -> list[Passage]:
    """The first `k` passages in the reranker's order, of at most `max_tokens` tokens together.

    It is given each passage as a Document: its text, and as metadata `passage` (its index),
    `document_id`, `title`, `uri` and `span`. It is called in a thread, and in several at once when
    several searches are. What it leaves out is left out, and the rest keep
    their `score` and `ranks_by` of the search. Raises UnusableRanking when it returns a Document
    that it was not given, one twice, or another text, and whatever the reranker itself raises.
    """
    if not passages:
        return []
    given = [_document(at, one) for at, one in enumerate(passages)]
    order = _order(given, reranker.compress_documents(given, query))
    kept: list[Passage] = []
    used = 0
    for passage in (passages[at] for at in order[:k]):
        used += passage.chunk.token_count + 1  # and the white space before it
        if kept and max_tokens is not None and used > max_tokens:
            break
        kept.append(replace(passage, rank=len(kept) + 1))
    return kept


def _document(at: int, passage: Passage) -> Document:
    span = passage.chunk.span
    return Document(
        page_content=passage.text,
        metadata={
            _INDEX: at,
            "document_id": passage.chunk.document_id,
            "title": passage.title,
            "uri": passage.uri,
            "span": [span.start, span.end],
        },
    )


def _order(given: Sequence[Document], returned: Sequence[Document]) -> list[int]:
    """The indexes of the documents that were returned; each must be one of those given."""
    texts = {at: one.page_content for at, one in enumerate(given)}
    order = []
    for one in returned:
        at = one.metadata.get(_INDEX)
        if not isinstance(at, int) or texts.pop(at, None) != one.page_content:
            raise UnusableRanking(
                f"The reranker returned a Document that it was not given: its metadata has "
                f"{_INDEX}={at!r}, and its text begins {one.page_content[:80]!r}. A reranker may "
                "put Documents in another order and leave some out. It may not make, repeat or "
                "rewrite any, nor take away their metadata, since citations point into their text."
            )
        order.append(at)
    return order
