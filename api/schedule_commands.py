"""`pincite schedules`. What is scheduled runs in `pincite serve`."""
# ruff: noqa: PLC0415, FBT002 -- imports are late on purpose, and typer makes options of flags

from functools import partial
from typing import Annotated

import typer

from api.console import plain_errors, with_library
from api.options import AsJson, utf8

commands = typer.Typer(no_args_is_help=True, help="List, run, pause and delete schedules.")

Name = Annotated[str, typer.Argument(callback=utf8, help="Its name or id.")]


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the schedules, and when each runs next."""
    with plain_errors():
        from api import scheduling
        from rag import load_settings

        found = with_library(load_settings(), scheduling.all_schedules)
        scheduling.show_all(found, as_json=as_json)


@commands.command()
def trigger(name: Name) -> None:
    """Have `pincite serve` run a schedule as soon as it can, paused or not."""
    with plain_errors():
        from api import scheduling
        from rag import load_settings

        run = with_library(load_settings(), partial(scheduling.queue, name=name))
        typer.echo(f"{run.id} waits for `pincite serve`, which takes it up within 15 seconds.")


@commands.command()
def pause(name: Name) -> None:
    """Let a schedule rest until `pincite schedules resume`."""
    _switch(name, enabled=False)


@commands.command()
def resume(name: Name) -> None:
    """Let a schedule run again, from its next time on."""
    _switch(name, enabled=True)


@commands.command()
def delete(name: Name) -> None:
    """Delete a schedule and the history of its runs."""
    with plain_errors():
        from api import scheduling
        from rag import load_settings

        found = with_library(load_settings(), partial(scheduling.remove, name=name))
        typer.echo(f"{found.name} is deleted.")


def _switch(name: str, *, enabled: bool) -> None:
    with plain_errors():
        from api import scheduling
        from rag import load_settings

        work = partial(scheduling.switch, name=name, enabled=enabled)
        scheduling.show(with_library(load_settings(), work))
