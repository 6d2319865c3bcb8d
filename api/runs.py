"""Jobs as DBOS has them recorded: read, listed, waited for, cancelled and retried.

Works while `api.workflows` has DBOS running.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, WorkflowStatus, error

from api.job import Job, JobStatus, JobUsage, NotNow
from api.queues import place_of
from corpus.errors import InvalidRequest, NotFound
from corpus.types import DocumentVersion

SUMMARIZE = "summarize"  # the kind of the jobs that make summaries

_PAUSE, _LONGEST_PAUSE = 0.02, 0.5  # seconds between two looks at a job that is watched

_STATUS = {
    "DELAYED": JobStatus.QUEUED,
    "ENQUEUED": JobStatus.QUEUED,
    "PENDING": JobStatus.RUNNING,
    "SUCCESS": JobStatus.DONE,
    "ERROR": JobStatus.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
_NOT_DONE = [name for name, status in _STATUS.items() if status is not JobStatus.DONE]


async def read_job(job_id: str) -> Job:
    """A job as it is now; raises NotFound."""
    return _job(await _found(job_id))


async def list_jobs(limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
    """Up to `limit` jobs, newest first, and the next page's cursor.

    Raises InvalidRequest for a cursor that this function did not give.
    """
    before, last = _parsed(cursor)
    found: list[WorkflowStatus] = []
    while True:
        # The time is in whole seconds on SQLite, so the job that the page before ended with may
        # have any number of others before it.
        more = await DBOS.list_workflows_async(
            end_time=before, sort_desc=True, limit=limit + 1, offset=len(found)
        )
        found += more
        ids = [one.workflow_id for one in found]
        page = found if last is None else found[ids.index(last) + 1 :] if last in ids else []
        if len(page) > limit or len(more) <= limit:
            break
    following = None
    if len(page) > limit:
        following = f"{page[limit - 1].created_at}-{page[limit - 1].workflow_id}"
    return [_job(one) for one in page[:limit]], following


async def watch(job_id: str, stopping: Callable[[], bool]) -> AsyncIterator[Job]:
    """A job now, and each time that it has moved on, until it has ended or the server is stopping.

    Raises NotFound.
    """
    seen, pause = None, _PAUSE
    while True:
        job = await read_job(job_id)
        if job != seen:
            yield job
        if job.ended or stopping():
            return
        seen = job
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def ended(job_id: str, stopping: Callable[[], bool]) -> Job:
    """A job once it has ended or the server is stopping; raises NotFound."""
    return [job async for job in watch(job_id, stopping)][-1]


async def cancel(job_id: str) -> Job:
    """Stop a job before its next step; raises NotFound, or NotNow when it has ended otherwise.

    What is done stays done, and the rest waits for `retry`.
    """
    job = await read_job(job_id)
    if not job.ended:
        await DBOS.cancel_workflow_async(job_id)
        job = await read_job(job_id)
    if job.status is not JobStatus.CANCELLED:
        raise NotNow(f"Job {job_id} is {job.status}. There is nothing to cancel.")
    return job


async def retry(job_id: str) -> Job:
    """Go on with a job that failed or was cancelled, at the step that was not done.

    Raises NotFound, or NotNow when the job is in another state.
    """
    found = await _found(job_id)
    status = _STATUS[found.status]
    if status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        raise NotNow(f"Job {job_id} is {status}. Only a failed or cancelled one is retried.")
    steps = await DBOS.list_workflow_steps_async(job_id)
    done = [step["function_id"] for step in steps if step["error"] is None]
    try:
        following = max(done, default=0) + 1
        await DBOS.rewind_workflow_async(job_id, start_step=following, **place_of(found))
    except error.DBOSException as changed:
        raise NotNow(f"Job {job_id} was retried by somebody else just now.") from changed
    return await read_job(job_id)


async def unfinished(kind: str) -> set[DocumentVersion]:
    """The document versions of all jobs of a kind that are not done, for whatever reason."""
    jobs = await DBOS.list_workflows_async(name=kind, status=_NOT_DONE, load_output=False)
    return {one for job in jobs for one in versions_of(_input(job))}


def versions_of(recorded: Iterable[Iterable[Any]]) -> set[DocumentVersion]:
    """Document versions, from the lists that they are in a job's recorded input."""
    return {(document_id, version) for document_id, version in recorded}


async def _found(job_id: str) -> WorkflowStatus:
    found = await DBOS.list_workflows_async(workflow_ids=[job_id])
    if not found:
        raise NotFound(f"There is no job {job_id!r}.")
    return found[0]


def _job(found: WorkflowStatus) -> Job:
    status = _STATUS[found.status]
    attributes = found.attributes or {}
    begun = found.dequeued_at  # which DBOS forgets of one that is cancelled
    if begun is None and status is not JobStatus.QUEUED and found.queue_partition_key is None:
        begun = found.created_at
    return Job(
        id=found.workflow_id,
        kind=found.name,
        status=status,
        done=attributes["total" if status is JobStatus.DONE else "done"],
        total=attributes["total"],
        unit=attributes["unit"],
        created_at=_time(found.created_at) or "",
        started_at=_time(begun),
        finished_at=_time(found.completed_at),
        error=_reason(found),
        waits_for=attributes.get("waits_for") if status is JobStatus.RUNNING else None,
        document_ids=_document_ids(found),
        summary_id=summary_id_of(found.workflow_id) if found.name == SUMMARIZE else None,
        usage=JobUsage(**attributes["usage"]) if "usage" in attributes else None,
    )


def summary_id_of(job_id: str) -> str:
    """The id of the summary that a job makes."""
    return f"sum_{job_id.removeprefix('job_')}"


async def request_of(job_id: str) -> str | None:
    """The hash of the request that a job was started for, if any; raises NotFound."""
    recorded = _input(await _found(job_id))
    return recorded.get("request_sha256") if isinstance(recorded, dict) else None


def _document_ids(found: WorkflowStatus) -> list[str]:
    recorded = _input(found)
    if isinstance(recorded, dict):
        return list(recorded.get("document_ids", ()))
    return sorted({document_id for document_id, _ in versions_of(recorded)})


def _reason(found: WorkflowStatus) -> str | None:
    if found.error is not None:
        name = getattr(found.error, "name", type(found.error).__name__)
        return f"{found.error} ({name})"
    if _STATUS[found.status] is JobStatus.FAILED:
        return f"The process died each of the {found.recovery_attempts} times that it was tried."
    return None


def _input(found: WorkflowStatus) -> Any:  # noqa: ANN401 - each kind of job has its own
    return found.input["args"][0] if found.input else []


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parsed(cursor: str | None) -> tuple[str | None, str | None]:
    """The time and the id of the job that a page ended with."""
    if cursor is None:
        return None, None
    time, _, job_id = cursor.partition("-")
    if not (time.isascii() and time.isdigit() and len(time) <= 14 and job_id):
        raise InvalidRequest(f"{cursor!r} is not a cursor; use next_cursor of a page.")
    return _time(int(time)), job_id
