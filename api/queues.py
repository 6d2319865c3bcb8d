"""The queue in which the jobs wait that make summaries, so that no tenant takes all of a server.

It is of DBOS, with the tenants as its partitions: of each no more than so many jobs run at a time,
whatever waits of the others. A job in it is recorded, and waits on after a restart.
"""

from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowAttributes, SetWorkflowID, WorkflowStatus

from rag.holdings import TENANT

_NAME = "summaries"
# Seconds between two looks at what waits. An idle server takes 1.2 % of a core without them, 1.8 %
# with one each 0.25 s, and 4.1 % with one each 0.1 s.
_LOOK = 0.25


class Priority(IntEnum):
    """Whose turn is first among what waits of one tenant."""

    DIGEST = 1  # it has a time at which it is looked for
    SUMMARY = 2


async def open_queue(at_once: int) -> None:
    """Let `at_once` jobs of a tenant run at a time, in all processes; DBOS is launched."""
    await DBOS.register_queue_async(
        _NAME,
        partition_concurrency=at_once,
        polling_interval_sec=_LOOK,
        on_conflict="always_update",
    )


async def enqueue(
    workflow: Callable[[dict[str, Any]], Coroutine[Any, Any, None]],
    asked: dict[str, Any],
    job_id: str,
    priority: Priority,
    documents: int = 0,
) -> None:
    """Have a workflow run as a job when it is its turn; a job of this id is made once.

    `documents` is how many there are to do, as far as it is known.
    """
    with (
        SetWorkflowID(job_id),
        SetWorkflowAttributes({"unit": "documents", "done": 0, "total": documents}),
        SetEnqueueOptions(queue_partition_key=TENANT, priority=priority),
    ):
        await DBOS.enqueue_workflow_async(_NAME, workflow, asked)


def place_of(job: WorkflowStatus) -> dict[str, str]:
    """Where a job that is to go on has to wait: the queue it was in and whose it is, if any."""
    if job.queue_partition_key is None:
        return {}
    return {"queue_name": _NAME, "queue_partition_key": job.queue_partition_key}
