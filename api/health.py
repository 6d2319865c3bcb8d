"""Is the process alive, and can it work?"""

import logging
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.problems import NOT_READY, problem, request_id_of, respond

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Health):
    """The store answers, and holds this much; of a new embedding model some vectors are missing."""

    documents: int
    searchable_chunks: int
    collections_by_words_only: int


@router.get("/healthz")
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health()


@router.get("/readyz", response_model=Readiness)
async def readyz(request: Request) -> Readiness | Response:
    """Answers 200 when the store does, with what it holds; else 503."""
    pipeline = getattr(request.app.state, "pipeline", None)
    if pipeline is None:
        return _not_ready(request, "The store is not open. Try again in a moment.")
    try:
        documents, chunks = await pipeline.counts()
        by_words_only = await pipeline.incomplete()
    except Exception:
        logger.exception("The store does not answer")
        return _not_ready(request, "The store does not answer. The log says why.")
    return Readiness(
        documents=documents,
        searchable_chunks=chunks,
        collections_by_words_only=len(by_words_only),
    )


def _not_ready(request: Request, detail: str) -> Response:
    return respond(problem(NOT_READY, detail, request_id_of(request)))
