"""What the commands about cases and runs do: open what they need, and print what came of it."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rich.console import Console
from rich.status import Status

from evals.cases import read_cases
from evals.compare import Gate, chief, compare, decisions
from evals.compare import remarks as remarks_on_both
from evals.compare import table as table_of_both
from evals.errors import UnusableRun
from evals.folder import read_run, read_timings
from evals.run import Plan, needs_documents, run
from evals.scores import Prices
from evals.starter import append, case_of_answer, starter_cases, write_new
from evals.summary import latency, remarks, table
from rag import Pipeline, load_settings

DROPPED, UNDECIDED = 1, 3  # exit codes of a gate

_Result = TypeVar("_Result")


def with_pipeline(work: Callable[[Pipeline], Coroutine[Any, Any, _Result]]) -> _Result:
    """What `work` makes of the pipeline of the settings, which is open while it runs."""
    pipeline = Pipeline(load_settings())
    try:
        return asyncio.run(work(pipeline))
    finally:
        pipeline.close()


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
    """Run cases into a folder, and print the summary; 1 when every case failed."""
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
    with Console(stderr=True).status("opening") as status:
        say = _shown_on(status)
        if needs_documents(plan.chosen()):
            found = with_pipeline(lambda pipeline: run(plan, given.out, settings, pipeline, say))
        else:
            found = asyncio.run(run(plan, given.out, settings, None, say))
    _wide().print(table(found), markup=False)
    for remark in remarks(found):
        print(remark)
    print(latency(read_timings(given.out)))
    print(f"{given.out} has the records.", file=sys.stderr)
    return int(found["failed"] == found["cases"])


def compare_runs(given: argparse.Namespace) -> int:
    """Print how two runs differ."""
    found = compare(read_run(given.before), read_run(given.after), names=given.metric)
    _wide().print(table_of_both(found), markup=False)
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
    if found.failed_after > found.failed_before + given.max_drop * found.pairs:
        print(f"dropped    {found.failed_after} cases failed, {found.failed_before} before")
        return DROPPED
    said = {one.gate for one in decided}
    if Gate.DROPPED in said:
        return DROPPED
    return UNDECIDED if Gate.UNDECIDED in said and given.strict else 0


def _wide() -> Console:
    return Console(width=None if sys.stdout.isatty() else 120)


def _shown_on(status: Status) -> Callable[[int, int], None]:
    """Shows how many cases are done, and how long the rest is likely to take."""
    start: tuple[float, int] | None = None

    def say(done: int, total: int) -> None:
        nonlocal start
        now = time.monotonic()
        if start is None:
            start = now, done
        since, before = start
        shown = f"{done} of {total} cases"
        if done > before:
            left = (now - since) / (done - before) * (total - done)
            shown += f", about {left / 60:.0f} min left" if left >= 60 else f", {left:.0f} s left"
        status.update(shown)

    return say
