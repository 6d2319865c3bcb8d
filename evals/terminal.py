"""How the commands of the evals show what they do, and open what they need."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console

from rag import Pipeline, load_settings

_Result = TypeVar("_Result")


def with_pipeline(work: Callable[[Pipeline], Coroutine[Any, Any, _Result]]) -> _Result:
    """What `work` makes of the pipeline of the settings, which is open while it runs."""
    pipeline = Pipeline(load_settings())
    try:
        return asyncio.run(work(pipeline))
    finally:
        pipeline.close()


def wide() -> Console:
    """A console as wide as the terminal, and wide enough for tables where there is none."""
    return Console(width=None if sys.stdout.isatty() else 120)


@contextmanager
def progress(begins: str, what: str = "cases") -> Iterator[Callable[[int, int], None]]:
    """A function that shows how many of how many are done, and the time that is likely left.

    It shows them on stderr, and nothing where that is no terminal.
    """
    start: tuple[float, int] | None = None
    with Console(stderr=True).status(begins) as status:

        def say(done: int, total: int) -> None:
            nonlocal start
            now = time.monotonic()
            if start is None:
                start = now, done
            since, before = start
            shown = f"{done} of {total} {what}"
            if done > before:
                left = (now - since) / (done - before) * (total - done)
                shown += f", {duration(left)} left"
            status.update(shown)

        yield say


def duration(seconds: float) -> str:
    """As "about 4 min" or "12 s"."""
    return f"about {seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
