"""Jobs: listed, read, followed, cancelled and retried."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api import runs
from api.deps import Stopping
from api.job import Job, JobPage

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

# Looked up before the answer begins, so that an unknown job is a problem and not an empty stream.
TheJob = Annotated[Job, Depends(runs.read_job)]


@router.get("")
async def list_jobs(
    limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: str | None = None
) -> JobPage:
    """A page of the jobs, newest first."""
    found, following = await runs.list_jobs(limit, cursor)
    return JobPage(items=found, next_cursor=following)


@router.get("/{job_id}")
async def read(job: TheJob) -> Job:
    """A job, and how much of it is done."""
    return job


@router.get("/{job_id}/events", response_class=EventSourceResponse)
async def follow(
    job: TheJob, stopping: Stopping, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    """The whole job as an event `job`, now and whenever it moves on, until it has ended.

    A client that comes back with `Last-Event-ID` gets what it has not seen. A browser comes back
    after the end too, unless it is told to close.
    """
    async for state in runs.watch(job.id, stopping):
        event_id = f"{state.status}-{state.done}"
        if event_id != last_event_id:
            yield ServerSentEvent(data=state, event="job", id=event_id)
        last_event_id = None


@router.post("/{job_id}/cancel")
async def cancel(job_id: str) -> Job:
    """Stop a job. Its documents are kept; those that it had not done wait for a retry."""
    return await runs.cancel(job_id)


@router.post("/{job_id}/retry", status_code=202)
async def retry(job_id: str) -> Job:
    """Go on with a job that failed or was cancelled, where it stopped."""
    return await runs.retry(job_id)
