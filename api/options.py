"""Options that several commands have."""

from typing import Annotated

import typer


def utf8(value: str | None) -> str | None:
    """A value that is text; a shell may hand over any bytes."""
    if value is not None and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise typer.BadParameter("It is not UTF-8 text.") from error
    return value


Collection = Annotated[str, typer.Option(callback=utf8, help="The collection of documents.")]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        callback=utf8,
        metavar="JSON",
        help="Look in documents with such metadata only, "
        """for example '{"year": {"gte": 2024}, "author": "A. Holm"}'.""",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the HTTP route answers.")]
MaxWords = Annotated[
    int | None,
    typer.Option(
        min=20, max=1000, help="The length, kept within 15 %; 120 by default, or 40 for brief."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what it would take, in calls and tokens.")
]
Budget = Annotated[
    int | None,
    typer.Option("--budget", min=1, help="Most tokens, sent to the model and written by it."),
]
Documents = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DOC]...", help="Their ids, paths, URIs, titles or file names."),
]
OfCollection = Annotated[
    str | None,
    typer.Option(
        "--collection",
        callback=utf8,
        help="Summarize this collection; with documents, look for them in it only.",
    ),
]
JsonLines = Annotated[
    str | None,
    typer.Option(
        "--jsonl",
        help="Read JSON lines files (also .gz): which field is the text, the title, the uri, "
        "the external_id; other names become metadata. "
        "For example text=body,title=headline,uri=url,date=published.",
    ),
]
Every = Annotated[
    str | None,
    typer.Option(
        callback=utf8,
        metavar="CRON",
        help="Have `pincite serve` summarize what is new at such times, e.g. '0 7 * * MON-FRI'; "
        "of DOC, of the collection, or of all.",
    ),
]
WebhookUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        callback=utf8,
        metavar="URL",
        help="Where each digest of --every is sent, signed; the secret is shown once.",
    ),
]
ToFolder = Annotated[
    bool,
    typer.Option("--folder", help="Write each digest of --every to PINCITE_DIGEST_DIR too."),
]
Timezone = Annotated[str, typer.Option(callback=utf8, help="Of --every, e.g. Europe/Berlin.")]
ScheduleName = Annotated[
    str | None,
    typer.Option(callback=utf8, help="What to call the schedule of --every."),
]
