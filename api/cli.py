"""The command line. Imports of the chain are inside the commands, so that help is quick."""
# ruff: noqa: PLC0415, FBT002 -- imports are late on purpose, and typer makes options of flags

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import installed_version
from api.console import ABSTAINED, FAILED, plain_errors, with_pipeline
from api.options import (
    AsJson,
    Budget,
    Collection,
    Documents,
    DryRun,
    Every,
    Filter,
    JsonLines,
    MaxWords,
    OfCollection,
    ScheduleName,
    Timezone,
    ToFolder,
    WebhookUrl,
    utf8,
)
from api.schedule_commands import commands
from api.startup import long_work

if TYPE_CHECKING:
    from pydantic import BaseModel

    from api.loading import Tally
    from rag import Pipeline

app = typer.Typer(
    name="pincite",
    help="Answers and summaries in which every sentence points at its source.",
    epilog="Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the documents do not answer (ask).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(commands, name="schedules")


def main() -> None:
    """The entry point `pincite`."""
    app()


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- typer calls it with the flag
    if wanted:
        typer.echo(f"pincite {installed_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address; PINCITE_HOST otherwise.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; PINCITE_PORT otherwise.")
    ] = None,
) -> None:
    """Serve documents, answers and summaries over HTTP."""
    with plain_errors():
        with long_work():
            from api.serve import run_server
            from rag import load_settings

        settings = load_settings()
        if not run_server(settings, host or settings.host, port or settings.port):
            raise typer.Exit(FAILED)


@app.command()
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Files, and folders to read whole.")
    ],
    jsonl: JsonLines = None,
    collection: Collection = "default",
    as_json: AsJson = False,
) -> None:
    """Add documents, or new versions of them. Run it again to go on after a stop.

    Files of other types in a folder are passed over. Exit code 1 when a document failed.
    """
    with plain_errors():
        with long_work():
            from api import intake
            from api.loading import load
            from api.progress import progress
            from rag import load_settings

        settings = load_settings()
        items, total, skipped = intake.plan(paths, jsonl, collection, settings.max_file_mb)

        async def run(pipeline: "Pipeline") -> "Tally":
            with progress("Ingesting", total) as on_progress:
                return await load(pipeline, items, on_progress)

        tally = with_pipeline(settings, run)
        for failure in tally.failures:
            typer.echo(f"pincite: {failure.name}: {failure.error}", err=True)
        if as_json:
            _print_json(tally.wire())
        passed_over = f", {skipped:,} of other types passed over" if skipped else ""
        typer.echo(f"{tally.line()}{passed_over}.", err=as_json)
        if tally.failures:
            raise typer.Exit(FAILED)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(callback=utf8, help="The question.")],
    collection: Collection = "default",
    where: Filter = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the documents, with citations.

    Exit code 3 when the documents do not answer it.
    """
    with plain_errors():
        from api import schemas
        from api.requests import filter_of_json
        from api.terminal import open_console, show_answer
        from rag import load_settings
        from rag.types import Answer, Status

        conditions = None if where is None else filter_of_json(where)

        async def run(pipeline: "Pipeline") -> Answer:
            if collection in await pipeline.incomplete():
                typer.echo(
                    "pincite: searching by words only: the vectors are of another embedding "
                    "model. `pincite serve`, or the next `pincite ingest`, makes them anew.",
                    err=True,
                )
            return await pipeline.ask(question, collection=collection, where=conditions)

        answer = with_pipeline(load_settings(), run)
        if as_json:
            _print_json(schemas.answer(answer))
        else:
            show_answer(open_console(), answer)
        if answer.status is Status.ABSTAINED:
            raise typer.Exit(ABSTAINED)


@app.command()
def summarize(
    documents: Documents = None,
    *,
    focus: Annotated[str | None, typer.Option(callback=utf8, help="What to look at most.")] = None,
    max_words: MaxWords = None,
    style: Annotated[str, typer.Option(help="paragraph, bullets or brief.")] = "paragraph",
    collection: OfCollection = None,
    where: Filter = None,
    budget: Budget = None,
    dry_run: DryRun = False,
    every: Every = None,
    timezone: Timezone = "UTC",
    name: ScheduleName = None,
    webhook: WebhookUrl = None,
    folder: ToFolder = False,
    as_json: AsJson = False,
) -> None:
    """Summarize documents, or a collection, with citations; or by --every what is new, again.

    Exit code 3 when the documents have nothing to say.
    """
    with plain_errors():
        from api.requests import filter_of_json, summary_request
        from api.summarize import summarize_for_terminal
        from rag import load_settings

        fields = {
            "collection": collection,
            "filter": None if where is None else filter_of_json(where),
            "focus": focus,
            "style": style,
            "max_words": max_words,
            "budget_tokens": budget,
        }
        if not documents and collection is None and every is None:
            raise typer.BadParameter("Name documents or a --collection, or say --every when.")
        if dry_run and every is not None:
            raise typer.BadParameter("--dry-run is of a summary that is made now, not --every.")
        if every is None and (webhook is not None or folder):
            raise typer.BadParameter("--webhook and --folder are of what is made by --every.")
        if every is not None:
            from api import scheduling

            plan = {"name": name, "cron": every, "timezone": timezone, "summary": fields}
            goes_to = {"webhook_url": webhook, "folder": folder}
            scheduling.schedule_for_terminal(
                load_settings(), {**plan, **goes_to}, documents or (), as_json=as_json
            )
            return
        request = summary_request(document_ids=documents or None, dry_run=dry_run, **fields)
        show = partial(summarize_for_terminal, request=request, as_json=as_json)
        if not with_pipeline(load_settings(), show):
            raise typer.Exit(ABSTAINED)


@app.command(
    "eval",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def evaluate(context: typer.Context) -> None:
    """Measure Pincite on benchmark data; `pincite eval --help` says what."""
    from importlib.metadata import entry_points

    # By its entry point, since imports point from the evals to here and not back.
    (found,) = entry_points(group="pincite.commands", name="eval")
    raise typer.Exit(found.load()(context.args))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what is wrong with what is stored, and say how to mend it.

    Exit code 1 when something is found.
    """
    with plain_errors():
        from api.upkeep import show_findings
        from rag import load_settings
        from rag.upkeep import examine_store

        found = examine_store(load_settings())
        show_findings(found, as_json=as_json)
        if found:
            raise typer.Exit(FAILED)


@app.command()
def reindex() -> None:
    """Make all vectors again from what SQL holds. Stop other processes on a shared store first."""
    with plain_errors():
        from api.progress import progress
        from rag import load_settings
        from rag.upkeep import make_vectors_again

        with progress("Embedding", 0) as on_progress:
            made = make_vectors_again(
                load_settings(), lambda done, known: on_progress(done, f"of {known:,} chunks")
            )
        typer.echo(f"{made:,} chunks have new vectors.")


@app.command()
def demo() -> None:
    """Ingest the sample documents, ask three questions and summarize one document."""
    with plain_errors():
        from api.demo import run_demo
        from api.terminal import open_console
        from rag import load_settings

        asyncio.run(run_demo(load_settings(), open_console()))


def _print_json(model: "BaseModel") -> None:
    sys.stdout.write(model.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    main()
