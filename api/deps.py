"""What a route is given."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from rag import Pipeline, Settings


def _pipeline(request: Request) -> Pipeline:
    opened: Pipeline = request.app.state.pipeline
    return opened


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _index_wanted(request: Request) -> asyncio.Event:
    wanted: asyncio.Event = request.app.state.index_wanted
    return wanted


ThePipeline = Annotated[Pipeline, Depends(_pipeline)]
TheSettings = Annotated[Settings, Depends(_settings)]
IndexWanted = Annotated[asyncio.Event, Depends(_index_wanted)]
