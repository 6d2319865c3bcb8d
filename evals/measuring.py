"""What the commands about cases and runs do: open what they need, and print what came of it."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from evals.starter import append, case_of_answer, starter_cases, write_new
from rag import Pipeline, load_settings

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
