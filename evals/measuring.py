"""What the commands about cases and runs do: open what they need, and print what came of it."""

import argparse
import asyncio
import sys
from typing import Any

from evals.cases import read_cases
from evals.compare import caveats, compare
from evals.compare import remarks as remarks_on_both
from evals.compare import table as table_of_both
from evals.errors import UnusableRun
from evals.folder import read_run, read_timings
from evals.forecast import forecast
from evals.gate import Gate, chief, decisions
from evals.run import Plan, needs_documents, run
from evals.scores import Prices
from evals.starter import append, case_of_answer, starter_cases, write_new
from evals.summary import latency, remarks, table
from evals.terminal import progress, wide, with_pipeline
from rag import Pipeline, load_settings

DROPPED, UNDECIDED = 1, 3  # exit codes of a gate


def init(given: argparse.Namespace) -> int:
    """Write cases to start from."""
    made = with_pipeline(
        lambda pipeline: starter_cases(pipeline, given.collection, given.limit, given.seed)
    )
    write_new(made, given.out)
    print(
        f"{given.out} has {len(made)} cases, made by rule. They are cloze tests, easier than what "
        "people ask: rewrite the questions, and add some that the documents do not answer "
        '({"question": "...", "abstain": true}).'
    )
    return 0


def add(given: argparse.Namespace) -> int:
    """Add a kept answer to a file of cases."""
    case = with_pipeline(lambda pipeline: case_of_answer(pipeline, given.answer))
    append(case, given.cases)
    print(f"{given.cases} has the case {case.id}. It expects what was answered: correct it there.")
    return 0


def measure(given: argparse.Namespace) -> int:
    """Run cases into a folder, and print the summary; 1 when every case failed.

    What it will take is said before; with `dry_run` that is all.
    """
    prices = None if given.prices is None else Prices(*given.prices)
    plan = Plan(
        read_cases(given.cases),
        given.collection,
        given.limit,
        given.seed,
        prices,
        given.at_once,
        given.retry_failed,
    )
    settings = load_settings()
    with progress("opening") as say:

        async def work(pipeline: Pipeline | None) -> dict[str, Any] | None:
            if pipeline is not None and not await _has_documents(pipeline, plan.collection):
                raise UnusableRun(
                    f"The collection {plan.collection!r} has no documents to answer from. Ingest "
                    "some, or name another --collection."
                )
            expected = await forecast(plan, given.out, settings, pipeline)
            print(expected, file=sys.stdout if given.dry_run else sys.stderr, flush=True)
            if given.dry_run:
                return None
            return await run(plan, given.out, settings, pipeline, say)

        found = with_pipeline(work) if needs_documents(plan.chosen()) else asyncio.run(work(None))
    if found is None:
        return 0
    wide().print(table(found), markup=False)
    for remark in remarks(found):
        print(remark)
    print(latency(read_timings(given.out)))
    print(f"{given.out} has the records.", file=sys.stderr)
    return int(found["failed"] == found["cases"])


async def _has_documents(pipeline: Pipeline, collection: str) -> bool:
    async for _ in pipeline.all_documents(collection):
        return True
    return False


def compare_runs(given: argparse.Namespace) -> int:
    """Print how two runs differ."""
    found = compare(read_run(given.before), read_run(given.after), names=given.metric)
    wide().print(table_of_both(found), markup=False)
    for remark in remarks_on_both(found):
        print(remark)
    return 0


def gate(given: argparse.Namespace) -> int:
    """Say of each metric whether it dropped; 1 when one did, 3 for undecided ones if `strict`."""
    before, after = read_run(given.before), read_run(given.after)
    names = given.metric or chief()
    there = [name for name in names if any(name in one["scores"] for one in before[1])]
    missing = sorted({*given.metric} - {*there})
    if missing or not there:
        raise UnusableRun(
            f"{given.before} has no scores of {', '.join(missing or names)}. Name others with "
            "--metric; `pincite eval compare` shows those that there are."
        )
    found, decided = decisions(before, after, there, given.max_drop)
    for one in decided:
        print(f"{one.gate:10} {one.metric:20} {one.why}")
    for remark in caveats(found):
        print(remark)
    if found.failed_after > found.failed_before + given.max_drop * found.pairs:
        print(f"dropped    {found.failed_after} cases failed, {found.failed_before} before")
        return DROPPED
    said = {one.gate for one in decided}
    if Gate.DROPPED in said:
        return DROPPED
    return UNDECIDED if Gate.UNDECIDED in said and given.strict else 0
