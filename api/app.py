"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi

from api import (
    answers,
    collections,
    contents,
    documents,
    health,
    installed_version,
    jobs,
    openai,
    problems,
    schedules,
    summaries,
    uistream,
    verify,
)
from api.middleware import BodyLimit, RequestIds
from api.streams import run_streams
from api.ticks import run_ticks
from api.webhooks import run_deliveries, sender_of
from api.workflows import run_workflows
from rag import Pipeline, Settings


def create_app(settings: Settings, pipeline: Pipeline | None = None) -> FastAPI:
    """The application over `pipeline`, or over one that it opens itself when it starts.

    It closes the pipeline when it stops. Jobs that an earlier one has left go on from the start.
    A process runs one application at a time.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = Pipeline(settings) if pipeline is None else pipeline
        try:
            await opened.forget_answers()
            sender = sender_of(settings)
            async with (
                run_deliveries(opened.library, sender) as wake,
                run_workflows(opened, settings, wake) as workflows,
                run_ticks(workflows.digests),
                run_streams(opened, app.state.stopping) as streams,
            ):
                app.state.sender = sender
                app.state.workflows = workflows
                app.state.streams = streams
                app.state.pipeline = opened
                yield
                del app.state.pipeline
        finally:
            await opened.aclose()

    app = FastAPI(
        title="Pincite",
        version=installed_version(),
        summary="Answers and summaries in which every sentence points at its source.",
        lifespan=lifespan,
        # FastAPI's own pages load their scripts from a CDN, and stay blank without a network.
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(app)
    app.state.settings = settings
    app.state.stopping = lambda: False  # whoever runs the server knows better
    app.add_middleware(BodyLimit, max_mb=settings.max_request_mb)
    app.add_middleware(RequestIds)
    problems.install(app)
    for module in (documents, contents, collections, answers, verify, summaries, schedules):
        app.include_router(module.router)
    for module in (jobs, health, openai, uistream):
        app.include_router(module.router)
    return app
