"""The HTTP application."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import (
    answers,
    collections,
    contents,
    documents,
    health,
    installed_version,
    problems,
    summaries,
)
from api.middleware import BodyLimit, RequestIds
from rag import Pipeline, Settings

logger = logging.getLogger(__name__)


def create_app(settings: Settings, pipeline: Pipeline | None = None) -> FastAPI:
    """The application over `pipeline`, or over one that it opens itself when it starts.

    It closes the pipeline when it stops. Documents that wait to be searchable are indexed in
    the background from the start on.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = Pipeline(settings) if pipeline is None else pipeline
        wanted = asyncio.Event()
        wanted.set()  # an earlier process may have stopped with documents that still wait
        stopping = threading.Event()
        indexing = asyncio.create_task(_keep_indexed(opened, wanted, stopping))
        app.state.pipeline = opened
        app.state.index_wanted = wanted
        try:
            yield
        finally:
            stopping.set()
            wanted.set()
            await indexing
            opened.close()
            del app.state.pipeline

    app = FastAPI(
        title="Pincite",
        version=installed_version(),
        summary="Answers and summaries in which every sentence points at its source.",
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.add_middleware(BodyLimit, max_mb=settings.max_request_mb)
    app.add_middleware(RequestIds)
    problems.install(app)
    for module in (documents, contents, collections, answers, summaries, health):
        app.include_router(module.router)
    return app


class _StopError(Exception):
    """Indexing was told to stop, between two batches; the next start goes on from there."""


async def _keep_indexed(
    pipeline: Pipeline, wanted: asyncio.Event, stopping: threading.Event
) -> None:
    """Index whenever it is wanted, until stopped. What failed is tried again with the next."""

    def stop_between_batches(_done: int, _total: int) -> None:
        if stopping.is_set():
            raise _StopError

    while True:
        await wanted.wait()
        wanted.clear()
        if stopping.is_set():
            return
        try:
            await pipeline.index(stop_between_batches)
        except _StopError:
            return
        except Exception:
            logger.exception("Indexing failed; it is tried again after the next upload.")
