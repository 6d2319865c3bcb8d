"""The HTTP server of `pincite serve`."""

from contextlib import suppress

import typer
import uvicorn

from api.app import create_app
from rag import Pipeline, Settings

_LAST_SECONDS = 10  # that open requests have when the server is told to stop


def run_server(settings: Settings, host: str, port: int) -> bool:
    """Serve until told to stop; False when it could not start.

    Raises what opening the store does, before anything is served.
    """
    http = create_app(settings, Pipeline(settings))
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"Pincite is at http://{shown}:{port}, its routes at /docs.", err=True)
    config = uvicorn.Config(
        http,
        host=host,
        port=port,
        log_level=settings.log_level,
        ws="none",
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    server = uvicorn.Server(config)
    # So that requests which wait for a job, that goes on at the next start, end by themselves.
    http.state.stopping = lambda: server.should_exit
    with suppress(KeyboardInterrupt):
        server.run()
    return server.started
