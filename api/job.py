"""A job: a run of a workflow, as HTTP tells of it."""

from enum import StrEnum

from pydantic import BaseModel, Field


class JobStatus(StrEnum):
    """Where a job is."""

    QUEUED = "queued"  # to be taken up within seconds, after a restart or a retry
    RUNNING = "running"  # under way, in turns with the others
    DONE = "done"  # nothing is left to do
    FAILED = "failed"  # an error stopped it; a retry goes on from there
    CANCELLED = "cancelled"  # somebody stopped it; a retry goes on from there


class Job(BaseModel):
    """A job as it was when it was asked for."""

    id: str
    kind: str = Field(
        description='What it does: "ingest" makes documents searchable, "digest" runs a schedule.'
    )
    status: JobStatus
    done: int = Field(description="How much of `total` is done, in `unit`.")
    total: int
    unit: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None = Field(description="Why it failed.")
    document_ids: list[str]

    @property
    def ended(self) -> bool:
        """Whether it does nothing any more, unless it is retried."""
        return self.status not in (JobStatus.QUEUED, JobStatus.RUNNING)


class JobPage(BaseModel):
    """A page of a list; `next_cursor` asks for the next, and is null on the last."""

    items: list[Job]
    next_cursor: str | None


class NotNow(Exception):
    """The job is not in a state in which that can be done."""
