"""Verification of a text by its sources."""

from fastapi import APIRouter

from api.deps import ThePipeline
from api.verification import Verification, VerificationRequest, verification

router = APIRouter(prefix="/v1", tags=["verification"])


@router.post("/verify")
async def verify(request: VerificationRequest, pipeline: ThePipeline) -> Verification:
    """Whether the sources support each sentence of a text, and which of their words do."""
    sources = [one.source() for one in request.sources]
    return verification(await pipeline.verify(request.text, sources))
