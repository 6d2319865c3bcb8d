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
        request.query, collection=request.collection, k=request.k, mode=request.mode
    )
    return schemas.search(request.query, request.mode, found)


@router.post("/answers")
async def answer(request: AnswerRequest, pipeline: ThePipeline) -> schemas.Answer:
    """An answer that cites its sources; its status is "abstained" when they do not answer."""
    return schemas.answer(await pipeline.ask(request.question, collection=request.collection))


@router.get("/citations/{citation_id}")
async def citation(citation_id: str, pipeline: ThePipeline) -> schemas.CitationState:
    """A citation that was given, and whether its document still says so."""
    return schemas.citation_state(await pipeline.citation(citation_id))
