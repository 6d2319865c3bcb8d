"""The steps of a job that makes a summary. Each may be run again, and pays for nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from corpus.errors import NotFound
from rag import Pipeline, Summary
from rag.keeping import json_of_plan, plan_of_json, summary_of_json
from rag.replies import Replies
from rag.summaries import calls_of, price
from rag.types import SummaryTask

_PAUSE = 0.5  # seconds between two notes of what was read

Note = Callable[[Mapping[str, Any]], Awaitable[None]]  # of what a job has come to


async def planned(pipeline: Pipeline, task: SummaryTask, note: Note) -> str | None:
    """The plan of a summary, as JSON; None for one that quotes. Raises as `plan_summary` does."""
    plan = await pipeline.plan_summary(task)
    if plan is None:
        return None
    calls = calls_of(plan, pipeline.settings)
    await note({"unit": "calls", "done": 0, "total": calls, "usage": _usage(pipeline, 0, 0)})
    return json_of_plan(plan)


async def written(
    pipeline: Pipeline,
    task: SummaryTask,
    plan: str | None,
    *,
    job_id: str,
    limit: asyncio.Semaphore,
    note: Note,
) -> None:
    """Make a summary by its plan and keep it, unless it is kept.

    What was replied before a crash is not asked again. `limit` bounds the calls of the model.
    Raises ProviderError.
    """
    journal = pipeline.journal(job_id)
    noted: tuple[int, str | None] = (0, None)
    turn = asyncio.Lock()

    async def progress(replies: Replies) -> None:
        nonlocal noted
        async with turn:
            if (replies.made, replies.waits_for) == noted:  # with an earlier one
                return
            noted = done, waits_for = replies.made, replies.waits_for
            used = _usage(pipeline, replies.prompt_tokens, replies.completion_tokens)
            total = max(total_calls, done + 1)
            await note({"done": done, "total": total, "usage": used, "waits_for": waits_for})

    known = None if plan is None else plan_of_json(plan)
    total_calls = 0 if known is None else calls_of(known, pipeline.settings)
    # A crash may come after the replies were forgotten, and before it is recorded that all is done.
    summary = await _kept(pipeline, task)
    if summary is None:
        await note({"waits_for": None})  # which is of an earlier try
        async with _followed(note) as on_read:
            summary = await pipeline.make_summary(
                task,
                known,
                limit=limit,
                patience=pipeline.settings.llm_patience_seconds,
                journal=journal,
                progress=progress,
                on_read=on_read,
            )
        await pipeline.keep_summary(summary)
    if known is not None:
        await note({"done": summary.calls, "total": summary.calls})
    await journal.forget()


async def _kept(pipeline: Pipeline, task: SummaryTask) -> Summary | None:
    try:
        return summary_of_json((await pipeline.kept_summary(task.id or "")).content)
    except NotFound:
        return None


def _usage(pipeline: Pipeline, prompt: int, completion: int) -> dict[str, Any]:
    cost = price(pipeline.settings, prompt, completion)
    return {"prompt": prompt, "completion": completion, "cost": cost}


@asynccontextmanager
async def _followed(note: Note) -> AsyncIterator[Callable[[int], None]]:
    """Notes the documents that a thread has read, and stops it when the job is stopped."""
    read = 0
    stopped = False

    def on_read(done: int) -> None:
        nonlocal read
        read = done
        if stopped:
            raise asyncio.CancelledError

    async def follow() -> None:
        noted = 0
        while True:
            await asyncio.sleep(_PAUSE)
            if read > noted:
                noted = read
                await note({"done": noted})

    following = asyncio.create_task(follow())
    try:
        yield on_read
    finally:
        stopped = True
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
