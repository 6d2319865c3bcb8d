"""`pincite summarize`: a summary, or what it would take, for a terminal."""

import asyncio
import sys

from api import summary_schemas
from api.lookup import find_document
from api.requests import SummaryRequest
from api.terminal import open_console, show_estimate, show_summary
from rag import Pipeline, SummaryStatus


async def summarize_for_terminal(
    pipeline: Pipeline, request: SummaryRequest, *, as_json: bool
) -> bool:
    """Print what is asked for; whether there is a summary, or only an estimate was wanted.

    Documents may be called anything that `find_document` knows; with documents, the collection is
    where they are looked for. Raises what `SummaryRequest.task` and `Pipeline.make_summary` do.
    """
    if request.document_ids is not None:
        found = [
            (await asyncio.to_thread(find_document, pipeline.library, name, request.collection)).id
            for name in request.document_ids
        ]
        request = request.model_copy(update={"document_ids": found, "collection": None})
    task = await request.task(pipeline)
    if request.dry_run:
        estimate = await pipeline.estimate_summary(task)
        if as_json:
            sys.stdout.write(summary_schemas.estimate(estimate).model_dump_json(indent=2) + "\n")
        else:
            show_estimate(open_console(), estimate)
        return True
    summary = await pipeline.make_summary(task, await pipeline.plan_summary(task))
    if as_json:
        sys.stdout.write(summary_schemas.summary(summary).model_dump_json(indent=2) + "\n")
    else:
        show_summary(open_console(), summary)
    return summary.status is not SummaryStatus.ABSTAINED
