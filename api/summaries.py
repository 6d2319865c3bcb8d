"""Summaries of documents."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import runs, summary_schemas
from api.answers import IdempotencyKey
from api.deps import Stopping, ThePipeline, TheWorkflows
from api.errors import KeyReused, SummaryFailed
from api.job import Job, JobStatus
from api.requests import SummaryRequest
from api.workflows import Workflows
from corpus.errors import NotFound
from rag import Pipeline
from rag.keeping import summary_of_json

router = APIRouter(prefix="/v1", tags=["summaries"])


@router.post(
    "/summaries",
    response_model=None,
    responses={
        200: {
            "model": summary_schemas.Summary | summary_schemas.Estimate,
            "description": "The summary, with `?wait=true`; what it would take, with `dry_run`.",
        },
        202: {"model": Job, "description": "The job that makes it, as its `summary_id`."},
    },
)
async def summarize(  # noqa: PLR0917 - FastAPI's way to say what a route is given
    request: SummaryRequest,
    response: Response,
    pipeline: ThePipeline,
    workflows: TheWorkflows,
    stopping: Stopping,
    idempotency_key: IdempotencyKey = None,
    *,
    wait: bool = False,
) -> summary_schemas.Summary | summary_schemas.Estimate | Job:
    """Summarize documents, with citations, in a job that goes on after a crash.

    With `?wait=true` the answer is the summary. With `dry_run` nothing is made, and the answer says
    what it would take.
    """
    if request.dry_run:
        task = await request.task(pipeline)
        return summary_schemas.estimate(await pipeline.estimate_summary(task))
    job = await _job(request, pipeline, workflows, idempotency_key)
    if wait:
        job = await runs.ended(job.id, stopping)
        if job.ended:
            return await _made(job, pipeline)
    response.status_code = 202
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("/summaries")
async def list_summaries(
    pipeline: ThePipeline,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> summary_schemas.SummaryPage:
    """A page of the summaries that were made, newest first."""
    found, following = await pipeline.kept_summaries(limit, cursor)
    entries = [
        summary_schemas.SummaryEntry(
            created_at=one.created_at, summary=summary_schemas.summary(summary_of_json(one.content))
        )
        for one in found
    ]
    return summary_schemas.SummaryPage(items=entries, next_cursor=following)


@router.get("/summaries/{summary_id}")
async def read_summary(summary_id: str, pipeline: ThePipeline) -> summary_schemas.Summary:
    """A summary as it was made, whatever has become of its documents since."""
    return summary_schemas.summary(
        summary_of_json((await pipeline.kept_summary(summary_id)).content)
    )


async def _job(
    request: SummaryRequest, pipeline: Pipeline, workflows: Workflows, key: str | None
) -> Job:
    """A new job, or the one that the same request with the same key has."""
    if key is None:
        return await workflows.summarize(await request.task(pipeline), request.document_ids or ())
    job_id = f"job_{hashlib.sha256(key.encode()).hexdigest()[:20]}"
    request_sha256 = request.sha256()
    try:
        earlier = await runs.request_of(job_id)
    except NotFound:
        task = await request.task(pipeline)
        await workflows.summarize(
            task, request.document_ids or (), job_id=job_id, request_sha256=request_sha256
        )
        earlier = await runs.request_of(job_id)
    if earlier != request_sha256:
        raise KeyReused(
            f"The Idempotency-Key {key!r} came with another request, whose job is {job_id}. Take "
            "a new key for each request."
        )
    return await runs.read_job(job_id)


async def _made(job: Job, pipeline: Pipeline) -> summary_schemas.Summary:
    if job.status is not JobStatus.DONE:
        raise SummaryFailed(f"Job {job.id} is {job.status}: {job.error or 'somebody stopped it'}.")
    kept = await pipeline.kept_summary(job.summary_id or "")
    return summary_schemas.summary(summary_of_json(kept.content))
