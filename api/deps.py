"""What a route is given."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from api.streams import Streams
from api.ticks import Digests
from api.workflows import Workflows
from rag import Pipeline, Settings


def _pipeline(request: Request) -> Pipeline:
    opened: Pipeline = request.app.state.pipeline
    return opened


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _workflows(request: Request) -> Workflows:
    running: Workflows = request.app.state.workflows
    return running


def _stopping(request: Request) -> Callable[[], bool]:
    stopping: Callable[[], bool] = request.app.state.stopping
    return stopping


def _streams(request: Request) -> Streams:
    streams: Streams = request.app.state.streams
    return streams


def _digests(request: Request) -> Digests:
    running: Workflows = request.app.state.workflows
    return running.digests


ThePipeline = Annotated[Pipeline, Depends(_pipeline)]
Stopping = Annotated[Callable[[], bool], Depends(_stopping)]
TheDigests = Annotated[Digests, Depends(_digests)]
TheSettings = Annotated[Settings, Depends(_settings)]
TheStreams = Annotated[Streams, Depends(_streams)]
TheWorkflows = Annotated[Workflows, Depends(_workflows)]
