"""What the commands share: a pipeline while they run, and errors in one line."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from corpus.library import Library
    from rag import Pipeline, Settings

FAILED = 1
ABSTAINED = 3
INTERRUPTED = 130

_Result = TypeVar("_Result")


def with_pipeline(
    settings: "Settings", work: Callable[["Pipeline"], Coroutine[Any, Any, _Result]]
) -> _Result:
    """What `work` makes of a pipeline that is open while it runs."""
    from rag import Pipeline  # noqa: PLC0415 - late, so that help is quick

    pipeline = Pipeline(settings)
    try:
        return asyncio.run(work(pipeline))
    finally:
        pipeline.close()


def with_library(
    settings: "Settings", work: Callable[["Library"], Coroutine[Any, Any, _Result]]
) -> _Result:
    """What `work` makes of the library alone, which a server may have open at the same time."""
    from rag.store import open_library  # noqa: PLC0415 - late, so that help is quick

    with open_library(settings) as library:
        return asyncio.run(work(library))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors that a user can mend as one line on stderr, and their exit code."""
    from corpus.errors import CorpusError  # noqa: PLC0415 - late, so that help is quick
    from rag.errors import RagError  # noqa: PLC0415

    try:
        yield
    except (CorpusError, RagError, OSError) as error:
        typer.echo(f"pincite: {error}", err=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        typer.echo("pincite: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
