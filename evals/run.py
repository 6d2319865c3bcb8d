"""A run: each case is answered, or its answer taken as it came, and scored."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.cases import Case
from evals.configuration import configuration, documents_hash
from evals.folder import (
    RECORDS,
    SUMMARY,
    TIMINGS,
    Record,
    append,
    open_run,
    write_json,
    write_lines,
)
from evals.records import Bench, bench_of, record_of
from evals.replayed import Replayed, question_of
from evals.sampling import sample
from evals.scores import Prices
from evals.summary import FAILED, summary
from rag import Pipeline, Question, Settings
from rag.entailment import ClaimModel

Say = Callable[[int, int], None]  # shows how many cases of how many are done


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run; `seed` is for the choice of cases and for the intervals."""

    cases: Sequence[Case]
    collection: str = "default"
    limit: int | None = None
    seed: int = 0
    prices: Prices | None = None
    at_once: int = 1
    retry_failed: bool = False
    replayed: Replayed | None = None

    def chosen(self) -> list[Case]:
        """The cases, or a sample of `limit` of them, in their order."""
        return sample(self.cases, self.limit, self.seed)

    def question(self, case: Case) -> Question:
        """What is asked for a case that `asks`: its question, or that of the answer replayed."""
        if self.replayed is not None:
            return question_of(self.replayed.kept[case.id], self.collection)
        return Question(case.question or "", self.collection)


def asks(case: Case) -> bool:
    """Whether Pincite is asked the question of a case."""
    return case.question is not None and case.answer is None


def needs_documents(cases: Sequence[Case]) -> bool:
    """Whether any of the cases asks Pincite, and does not come with an answer."""
    return any(case.answer is None for case in cases)


async def run(
    plan: Plan, folder: Path, settings: Settings, pipeline: Pipeline | None, say: Say
) -> dict[str, Any]:
    """Run what of the plan is not in the folder yet, and return the summary of all.

    `pipeline` is None where no case needs documents. Raises UnusableRun; what goes wrong with one
    case is in its record.
    """
    cases = plan.chosen()
    held = None if pipeline is None else await documents_hash(pipeline, plan.collection)
    made_with = configuration(
        settings, cases, collection=plan.collection, documents=held, seed=plan.seed
    ) | {"prices": None if plan.prices is None else asdict(plan.prices)}
    if plan.replayed is not None:
        made_with |= plan.replayed.made_with()
    records = open_run(folder, made_with)
    if plan.retry_failed:
        records = [one for one in records if one["status"] != FAILED]
        write_lines(folder / RECORDS, records)
    done = {one["id"] for one in records}
    left = [case for case in cases if case.id not in done]
    model = ClaimModel(settings.threads)
    try:
        bench = await bench_of(pipeline, model, plan.collection, plan.prices, plan.replayed)
        say(len(done), len(cases))
        async with aclosing(_in_order(bench, left, plan.at_once)) as finished:
            async for record, timing in finished:
                append(folder / TIMINGS, timing)
                append(folder / RECORDS, record)
                records.append(record)
                say(len(records), len(cases))
    finally:
        model.close()
    by_id = {one["id"]: one for one in records}
    write_lines(folder / RECORDS, [by_id[case.id] for case in cases])
    found = summary([by_id[case.id] for case in cases], plan.seed)
    write_json(folder / SUMMARY, found)
    return found


async def _in_order(
    bench: Bench, cases: Sequence[Case], at_once: int
) -> AsyncGenerator[tuple[Record, Record]]:
    """Records and timings in the order of the cases, some of which are asked at once."""
    room = asyncio.Semaphore(at_once)

    async def one(case: Case) -> tuple[Record, Record]:
        async with room:
            return await record_of(bench, case)

    tasks = [asyncio.create_task(one(case)) for case in cases]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
