"""Summaries of documents."""

from fastapi import APIRouter

from api import schemas
from api.deps import ThePipeline
from api.requests import SummaryRequest
from corpus.errors import InvalidRequest

router = APIRouter(prefix="/v1", tags=["summaries"])


@router.post("/summaries")
async def summarize(
    request: SummaryRequest, pipeline: ThePipeline, *, wait: bool = False
) -> schemas.Summary:
    """A summary that cites its sources. `?wait=true` is required in this version."""
    if not wait:
        raise InvalidRequest(
            "Summaries in the background do not exist yet. Add ?wait=true to have this one now."
        )
    made = await pipeline.summarize(
        request.document_ids, focus=request.focus, max_words=request.max_words
    )
    return schemas.summary(made)
