"""Documents: put in, listed, read and deleted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api import schemas
from api.deps import Stopping, ThePipeline, TheSettings, TheWorkflows
from api.job import Job, JobStatus
from api.problems import problem_of, request_id_of, respond
from api.requests import DocumentChanges, DocumentRequest, UploadFields, filter_of_json
from api.runs import ended
from corpus.errors import InvalidRequest, NotFound, TooLarge, UnreadableDocument
from corpus.types import Accepted
from rag import Pipeline, Upload

_Model = TypeVar("_Model", bound=BaseModel)

router = APIRouter(prefix="/v1/documents", tags=["documents"])

_MIB = 1024 * 1024
_FILE_PARTS = ("file", "files")
_MULTIPART = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "collection": {"type": "string"},
        "external_id": {"type": "string"},
        "title": {"type": "string"},
        "uri": {"type": "string"},
        "metadata": {"type": "string", "description": "A JSON object."},
    },
    "required": ["files"],
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _MULTIPART},
            "application/json": {"schema": DocumentRequest.model_json_schema()},
        },
    }
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An upload that was not read far enough to be added."""

    name: str
    error: UnreadableDocument


@router.post("", status_code=202, response_model=schemas.Upload, openapi_extra=_BODY)
async def add(
    request: Request,
    response: Response,
    pipeline: ThePipeline,
    settings: TheSettings,
    workflows: TheWorkflows,
    *,
    stopping: Stopping,
    wait: bool = False,
) -> schemas.Upload | Response:
    """Store documents: files as multipart, or one text as JSON.

    It answers 202 as soon as they are stored; the job `job_id` makes them searchable. With
    `?wait=true` it answers 200 when they can be searched, and 202 when their job failed, was
    cancelled, or has to wait for the server's next start. In a batch, a file that can not be read
    has a `problem` and the others go on.
    """
    uploads = await _uploads(request, settings.max_file_mb)
    readable = [one for one in uploads if isinstance(one, Upload)]
    results = iter(await pipeline.add(readable))
    outcomes = [one.error if isinstance(one, Refused) else next(results) for one in uploads]
    named = list(zip([one.name for one in uploads], outcomes, strict=True))
    failed = [(name, one) for name, one in named if isinstance(one, UnreadableDocument)]
    if len(failed) == len(named):
        return _all_refused(request, failed)
    stored = {(one.id, one.version) for one in outcomes if isinstance(one, Accepted)}
    job = await workflows.ingest(stored)
    if wait and (job is None or (await ended(job.id, stopping)).status is JobStatus.DONE):
        response.status_code = 200
    return schemas.Upload(
        documents=[await _entry(pipeline, name, outcome, job) for name, outcome in named]
    )


@router.get("")
async def list_documents(
    pipeline: ThePipeline,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
    collection: str | None = None,
    where: Annotated[
        str | None, Query(alias="filter", description="A filter as POST /v1/search has it, as JSON")
    ] = None,
) -> schemas.DocumentPage:
    """A page of the documents, oldest first."""
    conditions = None if where is None else filter_of_json(where)
    found, following = await pipeline.documents(
        collection=collection, limit=limit, cursor=cursor, where=conditions
    )
    return schemas.DocumentPage(
        items=[schemas.document(one) for one in found], next_cursor=following
    )


@router.get("/{document_id}")
async def read(document_id: str, pipeline: ThePipeline) -> schemas.Document:
    """A document at its newest version, without its text."""
    return schemas.document(await pipeline.document(document_id))


@router.get("/{document_id}/text")
async def read_text(
    document_id: str,
    pipeline: ThePipeline,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> schemas.DocumentText:
    """The text of a version, by default the newest."""
    found = await pipeline.document(document_id, version)
    return schemas.DocumentText(document_id=found.id, version=found.version, text=found.text)


@router.patch("/{document_id}")
async def change(
    document_id: str, changes: DocumentChanges, pipeline: ThePipeline
) -> schemas.Document:
    """Change the metadata by name; the text and its version stay."""
    return schemas.document(await pipeline.change_metadata(document_id, changes.metadata))


@router.delete("/{document_id}", status_code=204)
async def delete(document_id: str, pipeline: ThePipeline) -> None:
    """Delete a document and its versions; nothing finds it from now on."""
    await pipeline.delete(document_id)


async def _uploads(request: Request, max_mb: int) -> Sequence[Upload | Refused]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        async with request.form() as form:
            return await _files(form, max_mb)
    if content_type == "application/json":
        return [_text(await _json(request), max_mb)]
    raise HTTPException(
        415,
        f"The content type is {content_type!r}. "
        "Send files as multipart/form-data, or a text as application/json.",
    )


async def _json(request: Request) -> object:
    body = await request.body()
    try:
        parsed: object = json.loads(body)
    except json.JSONDecodeError as error:
        reason = {"type": "json_invalid", "loc": ("body", error.pos), "ctx": {"error": error.msg}}
        raise RequestValidationError([reason]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        reason = {"type": "json_invalid", "loc": ("body", 0), "ctx": {"error": str(error)}}
        raise RequestValidationError([reason]) from error
    return parsed


def _text(body: object, max_mb: int) -> Upload | Refused:
    sent = _valid(DocumentRequest, body)
    name = sent.title or sent.uri or sent.external_id or "Untitled"
    if len(sent.text) > max_mb * _MIB:
        return Refused(name, _too_large(name, max_mb))
    return Upload(
        data=sent.text,
        media_type=sent.media_type,
        name=name,
        collection=sent.collection,
        external_id=sent.external_id,
        uri=sent.uri,
        title=sent.title,
        metadata=sent.metadata,
    )


async def _files(form: FormData, max_mb: int) -> list[Upload | Refused]:
    files = [
        value
        for key, value in form.multi_items()
        if key in _FILE_PARTS and isinstance(value, UploadFile)
    ]
    if not files:
        raise InvalidRequest("There is no file in the form. Send one or more as 'files'.")
    fields = _fields(form)
    if len(files) > 1 and (fields.external_id or fields.title or fields.uri):
        raise InvalidRequest(
            "external_id, title and uri describe one document. Send its file alone."
        )
    return [await _file(file, fields, max_mb) for file in files]


def _fields(form: FormData) -> UploadFields:
    # A browser sends a field that was left empty as "".
    given: dict[str, Any] = {
        key: value
        for key, value in form.multi_items()
        if value != "" and not (key in _FILE_PARTS and isinstance(value, UploadFile))
    }
    if isinstance(metadata := given.get("metadata"), str):
        try:
            given["metadata"] = json.loads(metadata)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"The field 'metadata' is not a JSON object: {error}.") from error
    return _valid(UploadFields, given)


async def _file(file: UploadFile, fields: UploadFields, max_mb: int) -> Upload | Refused:
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name or "unnamed"
    if file.size is not None and file.size > max_mb * _MIB:
        return Refused(name, _too_large(name, max_mb))
    return Upload(
        data=await file.read(),
        media_type=(file.content_type or "").partition(";")[0].strip().lower() or None,
        name=name,
        collection=fields.collection,
        external_id=fields.external_id,
        uri=fields.uri,
        title=fields.title,
        metadata=fields.metadata,
    )


def _too_large(name: str, max_mb: int) -> TooLarge:
    return TooLarge(f"{name!r} is over {max_mb} MiB. Split it, or raise PINCITE_MAX_FILE_MB.")


def _valid(model: type[_Model], value: object) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from error


async def _entry(
    pipeline: Pipeline, name: str, outcome: Accepted | UnreadableDocument, job: Job | None
) -> schemas.AcceptedDocument | schemas.RefusedDocument:
    if isinstance(outcome, UnreadableDocument):
        return schemas.RefusedDocument(name=name, problem=problem_of(outcome))
    try:
        status = (await pipeline.document(outcome.id)).status
    except NotFound:  # another request deleted it meanwhile
        status = "deleted"
    mine = job is not None and outcome.id in job.document_ids
    return schemas.accepted(name, outcome, status, job.id if job and mine else None)


def _all_refused(request: Request, failed: list[tuple[str, UnreadableDocument]]) -> Response:
    first = problem_of(failed[0][1], request_id_of(request))
    if len(failed) == 1:
        return respond(first)
    each = " ".join(f"{name}: {error}" for name, error in failed)
    detail = f"None of the {len(failed)} files can be read. {each}"
    return respond(first.model_copy(update={"detail": detail}))
