"""Search, answers, and the citations of both answers and summaries."""

from fastapi import APIRouter

from api import schemas
from api.deps import ThePipeline
from api.requests import AnswerRequest, SearchRequest

router = APIRouter(prefix="/v1", tags=["answers"])


@router.post("/search")
async def search(request: SearchRequest, pipeline: ThePipeline) -> schemas.Search:
    """The passages nearest to a query."""
    found = await pipeline.search(
        request.query,
        collection=request.collection,
        k=request.k,
        mode=request.mode,
        max_tokens=request.max_tokens,
        per_document=request.per_document,
        where=request.filter,
    )
    return schemas.search(request.query, request.mode, found)


@router.post("/answers")
async def answer(request: AnswerRequest, pipeline: ThePipeline) -> schemas.Answer:
    """An answer that cites its sources; its status is "abstained" when they do not answer."""
    found = await pipeline.ask(
        request.question, collection=request.collection, where=request.filter
    )
    return schemas.answer(found)


@router.get("/citations/{citation_id}")
async def citation(citation_id: str, pipeline: ThePipeline) -> schemas.CitationState:
    """A citation that was given, and whether its document still says so."""
    return schemas.citation_state(await pipeline.citation(citation_id))
