"""Collections: listed, and deleted with all that is in them."""

from fastapi import APIRouter

from api import schemas
from api.deps import ThePipeline

router = APIRouter(prefix="/v1/collections", tags=["collections"])


@router.get("")
async def list_collections(pipeline: ThePipeline) -> schemas.Collections:
    """The collections that have documents, by name."""
    found = await pipeline.collections()
    return schemas.Collections(items=[schemas.Collection.model_validate(one) for one in found])


# A collection's name may have slashes in it.
@router.delete("/{name:path}", status_code=204)
async def delete(name: str, pipeline: ThePipeline) -> None:
    """Delete all documents of a collection; nothing finds them from now on."""
    await pipeline.delete_collection(name)
