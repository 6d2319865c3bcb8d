"""Pincite on its own samples, in a folder of its own."""

import asyncio
import sys
from importlib.resources import as_file, files
from pathlib import Path
from shutil import which

from rich.console import Console
from rich.text import Text

from api.intake import find_files
from api.loading import load
from api.lookup import find_document
from api.progress import progress
from api.terminal import show_answer, show_summary
from corpus.parse import media_type_of
from rag import Pipeline, Settings, Upload

QUESTIONS = (
    "What was the contract to dredge the harbour worth?",
    "How much subsidy does the Skarne–Little Orrin crossing get in 2026?",
    "When will the airport's second runway be built?",
)
TO_SUMMARIZE = "water-bills-2026.txt"


async def run_demo(settings: Settings, console: Console) -> None:
    """Ingest the samples into `<data_dir>/demo`, ask three questions, summarize one document."""
    folder = settings.data_dir / "demo"
    pipeline = Pipeline(settings, data_dir=folder)
    try:
        uploads = _samples()
        with progress("Reading the samples", len(uploads)) as on_progress:
            tally = await load(pipeline, uploads, on_progress)
        _say(console, f"{len(uploads)} sample documents: {tally.line()}.")
        for question in QUESTIONS:
            _rule(console, "Question")
            show_answer(console, await pipeline.ask(question))
        _rule(console, "Summary")
        document = await asyncio.to_thread(find_document, pipeline.library, TO_SUMMARIZE, None)
        show_summary(console, await pipeline.summarize([document.id]))
    finally:
        pipeline.close()
    _rule(console, "Next")
    _say(console, "Serve these documents over HTTP, with a page to try it at /docs:")
    console.print(f"  PINCITE_DATA_DIR={folder} {_command()} serve", soft_wrap=True)


def _samples() -> list[Upload]:
    with as_file(files("corpus") / "samples") as folder:
        return [_sample(path) for path in find_files([folder]).files]


def _sample(path: Path) -> Upload:
    # Known by its name, so that a moved installation finds its samples unchanged.
    return Upload(
        data=path.read_bytes(),
        media_type=media_type_of(path.name),
        name=path.name,
        external_id=path.name,
        uri=f"sample:/{path.name}",
    )


def _command() -> str:
    """What starts this program: its name where the shell finds it, else the way it was called."""
    return "pincite" if which("pincite") else sys.argv[0]


def _rule(console: Console, title: str) -> None:
    console.print()
    console.print(Text(f"── {title} {'─' * (console.width - len(title) - 4)}", "dim"))
    console.print()


def _say(console: Console, line: str) -> None:
    console.print(Text(line))
