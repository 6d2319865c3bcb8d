"""Digests by the clock: each tick of a schedule is one run, and each run a durable job.

Every process looks for what is due. Who makes the run of a tick is decided in the library, which
has one run a tick, and who does its job in DBOS, where the job's id is the run's.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from dbos import DBOS

from api.background import beside
from api.destinations import hand_out
from api.job import Job, JobStatus, NotNow
from api.queues import Priority, enqueue
from api.runs import cancel, read_job, summary_id_of
from corpus.errors import NotFound
from corpus.schedule_runs import (
    OPEN,
    Run,
    RunDraft,
    RunStatus,
    finish,
    note_job,
    note_under_way,
    open_runs,
    read_run,
)
from corpus.schedules import add_run
from rag import Pipeline
from rag.holdings import TENANT
from rag.keeping import json_of_task, summary_of_json, task_of_json
from rag.schedules import conclude, fire, note_result, prepare, task_of
from rag.types import SummaryTask

DIGEST = "digest"

_PAUSE = 1.0  # seconds between two looks at the clock; cron's own unit is a minute
_AFTER_FAILURE = 10.0  # seconds
_START = timedelta(seconds=10)  # within which whoever made a run starts its job

_ENDED = {JobStatus.FAILED: RunStatus.FAILED, JobStatus.CANCELLED: RunStatus.CANCELLED}

_log = logging.getLogger("pincite.schedules")


_Result = TypeVar("_Result")


class Step(Protocol):
    """Does work as a step of the calling workflow, or gives what it gave when it was recorded."""

    def __call__(
        self, name: str, work: Callable[[], Coroutine[Any, Any, _Result]]
    ) -> Coroutine[Any, Any, _Result]:
        """What the work gives, or gave."""
        ...


class Digests:
    """The runs of the schedules of one pipeline, and the workflow that does them."""

    def __init__(
        self,
        pipeline: Pipeline,
        step: Step,
        write: Callable[[SummaryTask], Coroutine[Any, Any, None]],
        counted: Callable[[], AbstractContextManager[None]],
        wake: Callable[[], None],
    ) -> None:
        """Register the workflow with DBOS, which must not be launched yet.

        `write` makes and keeps a summary in steps of the calling workflow, and `wake` has what is
        to be delivered looked at.
        """
        self._pipeline = pipeline
        self._library = pipeline.library
        self._at_work: dict[str, str] = {}  # the job of each run that this process does

        # A closure, because DBOS would record the `self` of a method with the job.
        @DBOS.workflow(name=DIGEST)
        async def digest(asked: dict[str, str]) -> None:
            run_id = asked["run_id"]
            with counted(), self._working(run_id):
                await asyncio.to_thread(note_under_way, self._library, TENANT, run_id)
                if not await step("changes", partial(self._prepare, run_id)):
                    return
                task = task_of_json(await step("task", partial(self._task, run_id)))
                if task.versions:
                    await write(task)
                    await step("result", partial(self._note_result, run_id))
                await step("hand_out", partial(hand_out, pipeline, run_id, wake))
                await step("conclude", partial(self._conclude, run_id))

        self._digest = digest

    async def trigger(self, schedule_id: str) -> Run:
        """Run a schedule now, paused or not; raises NotFound, or UnderWay when it runs already."""
        await self.settle(schedule_id)
        run = await asyncio.to_thread(
            add_run, self._library, TENANT, schedule_id, RunDraft(tick=None)
        )
        return await self._start(run)

    async def tick(self, now: datetime) -> list[Run]:
        """Start a job for each tick that is due and that no other process has; gives their runs."""
        await self.settle()
        await self._stop_deleted()
        made = await asyncio.to_thread(fire, self._library, TENANT, now)
        return [run if run.ended else await self._start(run) for run in made]

    async def settle(self, schedule_id: str | None = None) -> None:
        """Note of which runs the jobs have failed or were cancelled: of a schedule, or of all.

        A run whose process died before its job was started gets its job.
        """
        now = datetime.now(UTC)
        for run in await asyncio.to_thread(open_runs, self._library, TENANT, schedule_id):
            job = await _job_of(run)
            if job is None and now - datetime.fromisoformat(run.created_at) > _START:
                await self._start(run)
            if job is not None and job.status in _ENDED:
                await asyncio.to_thread(
                    partial(
                        finish,
                        self._library,
                        TENANT,
                        run.id,
                        _ENDED[job.status],
                        reason=job.error or "Somebody cancelled its job.",
                        instead_of=OPEN,
                    )
                )

    @contextmanager
    def _working(self, run_id: str) -> Iterator[None]:
        self._at_work[run_id] = str(DBOS.workflow_id)
        try:
            yield
        finally:
            self._at_work.pop(run_id, None)  # a retry may have begun before this has ended

    async def _stop_deleted(self) -> None:
        """Cancel the jobs of runs that somebody without this server deleted with their schedule."""
        for run_id, job_id in list(self._at_work.items()):
            try:
                await asyncio.to_thread(read_run, self._library, TENANT, run_id)
            except NotFound:
                with suppress(NotNow):  # it has just ended
                    await cancel(job_id)

    async def _start(self, run: Run) -> Run:
        job_id = job_id_of(run)
        await asyncio.to_thread(note_job, self._library, TENANT, run.id, job_id)
        await enqueue(self._digest, {"run_id": run.id}, job_id, Priority.DIGEST)
        return await asyncio.to_thread(read_run, self._library, TENANT, run.id)

    async def _prepare(self, run_id: str) -> bool:
        return await asyncio.to_thread(prepare, self._library, TENANT, run_id)

    async def _task(self, run_id: str) -> str:
        task = await asyncio.to_thread(task_of, self._library, TENANT, run_id)
        await _note({"total": len(task.versions)})
        return json_of_task(replace(task, id=summary_id_of(str(DBOS.workflow_id))))

    async def _note_result(self, run_id: str) -> None:
        kept = await self._pipeline.kept_summary(summary_id_of(str(DBOS.workflow_id)))
        made = summary_of_json(kept.content)
        await asyncio.to_thread(note_result, self._library, TENANT, run_id, made)

    async def _conclude(self, run_id: str) -> None:
        await asyncio.to_thread(conclude, self._library, TENANT, run_id)


@asynccontextmanager
async def run_ticks(digests: Digests, pause: float = _PAUSE) -> AsyncIterator[None]:
    """Make the runs of all schedules when they are due, while the context lasts."""
    async with beside(_keep_ticking(digests, pause)):
        yield


def job_id_of(run: Run) -> str:
    """The id of the job that does a run."""
    return f"job_{run.id.removeprefix('run_')}"


async def _keep_ticking(digests: Digests, pause: float) -> None:
    while True:
        wait = pause
        try:
            await digests.tick(datetime.now(UTC))
        except Exception:  # whatever it is, the next look may do better, and none would be worse
            _log.exception("The schedules could not be looked at.")
            wait = _AFTER_FAILURE
        await asyncio.sleep(wait)


async def _job_of(run: Run) -> Job | None:
    try:
        return await read_job(job_id_of(run))
    except NotFound:
        return None


async def _note(attributes: dict[str, int]) -> None:
    await DBOS.update_workflow_attributes_async(str(DBOS.workflow_id), attributes, merge=True)
