"""What is in a document: its chunks, and the file that it came as."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from api import schemas
from api.deps import ThePipeline

router = APIRouter(prefix="/v1/documents/{document_id}", tags=["documents"])


@router.get("/chunks")
async def chunks(document_id: str, pipeline: ThePipeline) -> schemas.Chunks:
    """The chunks that are searched, in order; none while the first version is being embedded."""
    found = await pipeline.chunks(document_id)
    return schemas.Chunks(items=[schemas.Chunk.model_validate(one) for one in found])


@router.get("/file", response_class=Response)
async def file(
    document_id: str,
    pipeline: ThePipeline,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The file of a version as it was sent, by default of the newest."""
    found = await pipeline.original(document_id, version)
    return Response(
        found.data,
        headers={
            # Not as the argument, which would call every text UTF-8.
            "content-type": found.media_type,
            # A document is not trusted: no browser shows it in the name of this server.
            "content-disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "x-content-type-options": "nosniff",
        },
    )
