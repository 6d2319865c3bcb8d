"""Durable workflows: what was accepted is done, whatever becomes of the process. They run on DBOS.

A workflow is a coroutine whose steps are recorded in a database. When the process dies in the
middle, the next one runs the workflow again and passes over the steps that are recorded. The step
that was cut short runs twice, so it has to be one that may. A run of a workflow is a job.
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowAttributes,
    SetWorkflowID,
    StepOptions,
    error,
)

from api.job import Job
from api.queues import Priority, enqueue, open_queue
from api.runs import SUMMARIZE, read_job, summary_id_of, unfinished, versions_of
from api.summarizing import planned, written
from api.ticks import Digests
from api.workers import arrive, database_url, leave, new_worker, run_beside_others, shared_database
from corpus.types import DocumentVersion
from rag import Pipeline, Settings
from rag.keeping import json_of_task, task_of_json
from rag.types import SummaryTask

# DBOS goes on only with workflows of its own version, which would else be a hash of the source, so
# that an upgrade would strand what is under way. Change a workflow only so that a recorded run of
# the older one still fits it; where that can not be, write another one under a new name.
_VERSION = "1"

_INGEST = "ingest"
_ATTEMPTS = 3  # of a step, with 1 and 2 seconds between them
_MOST_VERSIONS = 1000  # of a job, as many as an upload can have files
# SQLite has one writer, for which others sleep; for a connection they queue. 300 small uploads, 16
# at a time, were searchable after 11 s with 2 connections, 14 s with 4, and 23 s with DBOS's 20.
_CONNECTIONS = 2
_SHARED = 10  # to Postgres, where they do not wait for each other; a server has about a hundred
_THREADS = 12  # that the server's requests and workflows share; the library has 15 connections

# What DBOS says when a job is cancelled or the process is stopped, which somebody asked for.
_NO_NEWS = (
    "Asyncio task cancelled",
    "was cancelled",
    "is no longer owned by this execution",
    "after shutdown",
)

_Result = TypeVar("_Result")

_process = threading.Lock()  # held while DBOS runs, of which a process has one


class Workflows:
    """The workflows over one pipeline, while `run_workflows` has them running."""

    def __init__(self, pipeline: Pipeline, wake: Callable[[], None]) -> None:
        """Register the workflows with DBOS, which must not be launched yet.

        `wake` is called when something is to be delivered.
        """
        self._pipeline = pipeline
        self._stopping = False
        self._under_way = 0  # workflows
        self._idle = asyncio.Event()
        self._idle.set()
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()  # to embed, which jobs do in turns

        # A closure, because DBOS would record the `self` of a method with the job.
        @DBOS.workflow(name=_INGEST)
        async def ingest(versions: list[list[Any]], total: int) -> None:
            of = versions_of(versions)

            async def embed_batch() -> int:
                async with self._turn:
                    self._check_going_on()
                    left = await pipeline.index_batch(of)
                if left:  # a job that is done needs no note of it
                    await _note_done(total - left)
                return left

            with self._counted():
                while await self._step("embed", embed_batch):
                    pass

        self._ingest = ingest
        self._calls = asyncio.Semaphore(pipeline.settings.llm_concurrency)  # of all summaries
        self.digests = Digests(pipeline, self._step, self._write_summary, self._counted, wake)

        @DBOS.workflow(name=SUMMARIZE)
        async def summarize(asked: dict[str, Any]) -> None:
            with self._counted():
                await self._write_summary(task_of_json(asked["task"]))

        self._summarize = summarize

    async def ingest(self, versions: Collection[DocumentVersion]) -> Job | None:
        """A job that makes these versions searchable; None when nothing of them waits."""
        waiting = await self._pipeline.waiting(versions)
        if not waiting:
            return None
        job_id = f"job_{uuid.uuid4().hex[:20]}"
        total = sum(waiting.values())
        attributes = {"unit": "chunks", "done": 0, "total": total}
        with SetWorkflowID(job_id), SetWorkflowAttributes(attributes):
            await DBOS.start_workflow_async(self._ingest, [list(one) for one in waiting], total)
        return await read_job(job_id)

    async def summarize(
        self,
        task: SummaryTask,
        document_ids: Sequence[str] = (),
        *,
        job_id: str | None = None,
        request_sha256: str | None = None,
    ) -> Job:
        """A job that makes a summary, whose id is the job's `summary_id`.

        A `job_id` of the caller's makes one job, however often it is started. `document_ids` and
        `request_sha256` are noted with it.
        """
        job_id = job_id or f"job_{uuid.uuid4().hex[:20]}"
        asked = {
            "task": json_of_task(replace(task, id=summary_id_of(job_id))),
            "document_ids": list(document_ids),
            "request_sha256": request_sha256,
        }
        await enqueue(self._summarize, asked, job_id, Priority.SUMMARY, len(task.versions))
        return await read_job(job_id)

    async def take_up(self) -> None:
        """Start a job for what waits and has none, because the process died just then.

        What waits in a job that failed or was cancelled is left to its retry.
        """
        waiting = await self._pipeline.waiting()
        if not waiting:
            return
        left = sorted(waiting.keys() - await unfinished(_INGEST))
        for start in range(0, len(left), _MOST_VERSIONS):
            await self.ingest(left[start : start + _MOST_VERSIONS])

    async def stop(self) -> None:
        """Let the steps that are under way end, and begin no other."""
        self._stopping = True
        self._stop.set()
        await self._idle.wait()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _step(
        self, name: str, work: Callable[[], Coroutine[Any, Any, _Result]], attempts: int = _ATTEMPTS
    ) -> _Result:
        """What a step of the calling workflow gives, now or when it was recorded.

        It is broken off within about a second when the workflow is cancelled.
        """
        self._check_going_on()
        options: StepOptions = {"name": name, "preemptible": attempts == 1}
        if attempts > 1:
            options |= {"retries_allowed": True, "max_attempts": attempts}

        try:
            return await DBOS.run_step_async(options, work)
        except error.DBOSMaxStepRetriesExceeded as exceeded:
            raise exceeded.errors[-1] from exceeded  # the reason, which a person understands

    async def _write_summary(self, task: SummaryTask) -> None:
        """Make and keep a summary, in two steps of the calling workflow."""
        pipeline, job_id = self._pipeline, str(DBOS.workflow_id)

        async def plan() -> str | None:
            return await planned(pipeline, task, _note)

        async def write() -> None:
            await self._unless_stopped(
                written(pipeline, task, plan_json, job_id=job_id, limit=self._calls, note=_note)
            )

        plan_json = await self._step("plan", plan)
        await self._step("write", write, attempts=1)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do long work; broken off when the server stops, it is left to the next process."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise asyncio.CancelledError
            working.result()
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    def _check_going_on(self) -> None:
        if self._stopping:
            # An error would end the job; this leaves it to the next process.
            raise asyncio.CancelledError


@asynccontextmanager
async def run_workflows(
    pipeline: Pipeline, settings: Settings, wake: Callable[[], None]
) -> AsyncIterator[Workflows]:
    """Run the workflows over `pipeline`, those as well that an earlier process has left.

    `wake` is called when something is to be delivered. Raises RuntimeError when this process runs
    some already.
    """
    if not _process.acquire(blocking=False):
        raise RuntimeError("This process serves an application already, and DBOS allows only one.")
    worker = new_worker(settings)
    try:
        logging.getLogger("dbos").addFilter(_is_news)
        DBOS(config=_config(settings, worker))
        workflows = Workflows(pipeline, wake)
        await arrive(pipeline.library, worker)
        DBOS.launch()  # on this event loop, so that the workflows run on it too
        await open_queue(settings.summaries_at_once)
        await workflows.take_up()
        async with run_beside_others(pipeline.library, worker):
            try:
                yield workflows
            finally:
                await workflows.stop()
    finally:

        def end() -> None:
            DBOS.destroy(destroy_registry=True)
            leave(pipeline.library, worker)

        try:
            # In a thread: it waits for threads that may wait for this event loop, which has no
            # others afterwards.
            await asyncio.to_thread(end)
        finally:
            _process.release()


def _config(settings: Settings, worker: str) -> DBOSConfig:
    level = settings.log_level
    return {
        "name": "pincite",
        "application_version": _VERSION,
        "executor_id": worker,
        "system_database_url": database_url(settings),
        "sys_db_pool_size": _CONNECTIONS if shared_database(settings) is None else _SHARED,
        "serializer": DBOSPortableJSONSerializer(),  # the default one is pickle
        "max_executor_threads": _THREADS,
        "log_level": "WARNING" if level == "info" else level.upper(),  # it informs of itself only
    }


def _is_news(record: logging.LogRecord) -> bool:
    said = f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}"
    return not any(words in said for words in _NO_NEWS)


async def _note_done(done: int) -> None:
    """Say, within a step, how much of its job is done."""
    await _note({"done": done})


async def _note(attributes: Mapping[str, Any]) -> None:
    """Say, within a step, what its job has come to."""
    await DBOS.update_workflow_attributes_async(str(DBOS.workflow_id), dict(attributes), merge=True)
