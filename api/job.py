"""A job: a run of a workflow, as HTTP tells of it."""

from enum import StrEnum

from pydantic import BaseModel, Field


class JobStatus(StrEnum):
    """Where a job is."""

    QUEUED = "queued"  # waits for its turn, or is taken up within seconds after a restart
    RUNNING = "running"  # under way, in turns with the others
    DONE = "done"  # nothing is left to do
    FAILED = "failed"  # an error stopped it; a retry goes on from there
    CANCELLED = "cancelled"  # somebody stopped it; a retry goes on from there


class JobUsage(BaseModel):
    """Tokens to and from the model so far."""

    prompt: int
    completion: int
    cost: float | None = Field(description="Null where no prices are set.")


class Job(BaseModel):
    """A job as it was when it was asked for."""

    id: str
    kind: str = Field(
        description='What it does: "ingest" makes documents searchable, "summarize" a summary, '
        '"digest" runs a schedule.'
    )
    status: JobStatus
    done: int = Field(description="How much of `total` is done, in `unit`.")
    total: int
    unit: str
    created_at: str
    started_at: str | None = Field(
        description="When it was last taken up; null of a summary or digest that was cancelled."
    )
    finished_at: str | None
    error: str | None = Field(description="Why it failed.")
    waits_for: str | None = Field(
        None, description="What its model said last, while it fails and is asked again."
    )
    document_ids: list[str] = Field(description="Those that it was started for by their ids.")
    summary_id: str | None = Field(None, description="What it makes, which is there when done.")
    usage: JobUsage | None = Field(None, description="What a summary has taken so far.")

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
