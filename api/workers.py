"""Where the jobs are recorded, and which of the processes that share them live.

DBOS has a process go on with what one of the same name has left. Processes that work beside each
other have names of their own, so somebody else has to take up what a dead one has left.
"""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta

from dbos import DBOS

from api.background import beside
from corpus.library import Library
from corpus.workers import forget_worker, say_alive, say_gone, take_silent
from rag import Settings

ALONE = "pincite"  # of a process that has its data folder, and so its jobs, to itself

_SAY = 5.0  # seconds between two signs of life
_SILENCE = timedelta(seconds=30)  # after which a process counts as dead

_log = logging.getLogger("pincite.workers")


def new_worker(settings: Settings) -> str:
    """What this process is called: its own name where it shares the jobs with others."""
    return ALONE if shared_database(settings) is None else f"{ALONE}-{uuid.uuid4().hex[:12]}"


def shared_database(settings: Settings) -> str | None:
    """The URL of the Postgres that has the jobs, None when they are in the data folder."""
    if settings.database_url is None:
        return None
    url = settings.database_url.get_secret_value()
    return url if url.startswith("postgres") else None


def database_url(settings: Settings) -> str:
    """Where the jobs are recorded: the Postgres of the settings, else a SQLite file.

    The file is there afterwards.
    """
    if (shared := shared_database(settings)) is not None:
        return shared
    path = settings.data_dir / "jobs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # fewer syncs, and reading beside a writer
    return f"sqlite:///{path}"


async def arrive(library: Library, worker: str) -> None:
    """Say that a worker lives, before it takes any job."""
    if worker != ALONE:
        await asyncio.to_thread(say_alive, library, worker)


def leave(library: Library, worker: str) -> None:
    """Say that a worker has stopped, so that others need not wait to take over what it left."""
    if worker != ALONE:
        say_gone(library, worker)


@asynccontextmanager
async def run_beside_others(library: Library, worker: str) -> AsyncIterator[None]:
    """Say again and again that the worker lives, and take over the jobs of those that do not."""
    if worker == ALONE:
        yield
        return
    async with beside(_keep_alive(library, worker)):
        yield


async def _keep_alive(library: Library, worker: str) -> None:
    while True:
        try:
            await asyncio.to_thread(say_alive, library, worker)
            for dead in await asyncio.to_thread(take_silent, library, _SILENCE):
                await _take_over(dead)
                await asyncio.to_thread(forget_worker, library, dead)
        except Exception:  # whatever it is, the next try may do better, and none would be worse
            _log.exception("This process could not say that it lives, or not take over.")
        await asyncio.sleep(_SAY)


async def _take_over(dead: str) -> None:
    left = await DBOS.list_workflows_async(
        status="PENDING", executor_id=dead, load_input=False, load_output=False
    )
    for job in left:
        await DBOS.resume_workflow_async(job.workflow_id, queue_name=job.queue_name)
    if left:
        _log.warning("Took over %d jobs of %s, which is silent.", len(left), dead)
