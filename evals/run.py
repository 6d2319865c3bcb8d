"""A run: each case is answered, or its answer taken as it came, and scored."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError, NotFound
from corpus.types import DocumentVersion
from evals.cases import Case
from evals.configuration import configuration, documents_hash
from evals.errors import UnusableRun
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
from evals.naming import Names, names_of
from evals.outcomes import Outcome, Place, of_answer, of_case, of_summary
from evals.scores import Cited, Prices, Supports
from evals.scoring import Scored, scored
from evals.summary import FAILED, summary
from evals.support import supports_by
from rag import Answer, Pipeline, RagError, Reason, Settings, Summary
from rag.entailment import ClaimModel

_AROUND = 160  # characters

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

    def chosen(self) -> list[Case]:
        """The cases, or a sample of `limit` of them, in their order."""
        if self.limit is None or self.limit >= len(self.cases):
            return list(self.cases)
        choose = random.Random(self.seed)  # noqa: S311 - a sample, not a secret
        return [self.cases[at] for at in sorted(choose.sample(range(len(self.cases)), self.limit))]


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
    records = open_run(folder, made_with)
    if plan.retry_failed:
        records = [one for one in records if one["status"] != FAILED]
        write_lines(folder / RECORDS, records)
    done = {one["id"] for one in records}
    left = [case for case in cases if case.id not in done]
    model = ClaimModel(settings.threads)
    try:
        bench = await _Bench.made(plan, pipeline, model)
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


@dataclass(frozen=True, slots=True)
class _Bench:
    """What cases are run with; `documents` by their names, None for a name of two."""

    plan: Plan
    pipeline: Pipeline | None
    model: ClaimModel
    supports: Supports
    documents: Names

    @classmethod
    async def made(cls, plan: Plan, pipeline: Pipeline | None, model: ClaimModel) -> "_Bench":
        found = (
            []
            if pipeline is None
            else [one async for one in pipeline.all_documents(plan.collection)]
        )
        return cls(plan, pipeline, model, supports_by(model), names_of(found))


async def _in_order(
    bench: _Bench, cases: Sequence[Case], at_once: int
) -> AsyncGenerator[tuple[Record, Record]]:
    """Records and timings in the order of the cases, some of which are asked at once."""
    room = asyncio.Semaphore(at_once)

    async def one(case: Case) -> tuple[Record, Record]:
        async with room:
            return await _record(bench, case)

    tasks = [asyncio.create_task(one(case)) for case in cases]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _record(bench: _Bench, case: Case) -> tuple[Record, Record]:
    """A case's record, and its timing, of the answer alone."""
    record: Record = {
        "id": case.id,
        "case": case.sha256,
        "cluster": case.group,
        "tags": case.tags,
        "question": case.question,
        "status": FAILED,
        "error": None,
        "answer": None,
        "scores": {},
        "unscored": {},
        "claims": [],
    }
    started = time.perf_counter()
    timing: Record = {"id": case.id, "seconds": 0.0, "steps": {}}
    try:
        if case.answer is not None:
            outcome = await asyncio.to_thread(of_case, case, bench.model)
        else:
            made = await _made(bench, case)
            timing["seconds"] = round(time.perf_counter() - started, 4)
            timing["steps"] = {name: round(took, 4) for name, took in made.timings.items()}
            texts = await _texts(bench, made)
            record["answer"] = _shown(made, texts)
            if isinstance(made, Answer) and made.reason is Reason.INTERRUPTED:
                record["error"] = "the model's provider broke off in mid-answer"
                return record, timing
            outcome = (
                of_summary(made, texts) if isinstance(made, Summary) else of_answer(made, texts)
            )
        places = await places_of(case, bench.documents, bench.pipeline)
        found = await asyncio.to_thread(_scored, bench, case, outcome, places)
    except (CorpusError, RagError) as error:
        record["error"] = f"{type(error).__name__}: {error}"
        return record, timing
    record |= {"status": "scored", "scores": found.scores, "unscored": found.unscored}
    record["confidence"] = outcome.confidence
    record["claims"] = [[one.claim, _sources(one, outcome)] for one in outcome.statements]
    return record, timing


def _scored(bench: _Bench, case: Case, outcome: Outcome, places: Sequence[Place] | str) -> Scored:
    return scored(case, outcome, bench.supports, places, bench.plan.prices)


def _sources(cited: Cited, outcome: Outcome) -> list[str]:
    """What a claim is to be judged by: what it cites, or all that a system had which cites not."""
    quotes = [one for one in cited.quotes if one.strip()]
    return quotes if quotes or outcome.pointers else list(outcome.texts)


async def _made(bench: _Bench, case: Case) -> Answer | Summary:
    if bench.pipeline is None:
        raise UnusableRun(f"The case {case.id} asks for what this run has no documents for.")
    if case.question is not None:
        return await bench.pipeline.ask(case.question, collection=bench.plan.collection)
    found = [(name, bench.documents.get(name)) for name in case.documents]
    for name, document in found:
        if document is None:
            raise NotFound(f"the collection has not one document {name!r}")
    return await bench.pipeline.summarize([one.id for _, one in found if one is not None])


async def _texts(bench: _Bench, made: Answer | Summary) -> dict[DocumentVersion, str]:
    """The texts that are cited; one that is gone is left out, so its pointers are invalid."""
    texts: dict[DocumentVersion, str] = {}
    for name, version in {(one.document_id, one.version) for one in made.citations}:
        if bench.pipeline is not None:
            try:
                texts[name, version] = (await bench.pipeline.document(name, version)).text
            except NotFound:
                continue
    return texts


async def places_of(case: Case, documents: Names, pipeline: Pipeline | None) -> list[Place] | str:
    """Where the supporting spans of a case stand, or why that is not known."""
    places: list[Place] = []
    for one in case.support:
        document = documents.get(one.document)
        if document is None or pipeline is None:
            return f"the collection has not one document {one.document!r}"
        text = (await pipeline.document(document.id)).text
        try:
            places.append((document.id, one.span_in(text)))
        except ValueError as error:
            return str(error)
    return places


def _shown(made: Answer | Summary, texts: Mapping[DocumentVersion, str]) -> dict[str, Any]:
    """An answer or summary without what differs from run to run: its id, and its timings.

    A citation has what stands before and behind its quote.
    """
    shown: dict[str, Any] = {
        "text": made.text,
        "model": made.model,
        "prompt_hash": made.prompt_hash,
        "sentences": [
            {
                "text": one.text,
                "verdict": one.verdict,
                "score": round(one.score, 6),
                "citations": list(one.citations),
            }
            for one in made.sentences
        ],
        "citations": [
            {
                "id": one.id,
                "marker": one.marker,
                "title": one.title,
                "before": text[max(0, one.span.start - _AROUND) : one.span.start],
                "quote": one.quote,
                "after": text[one.span.end : one.span.end + _AROUND],
            }
            for one in made.citations
            for text in [texts.get((one.document_id, one.version), "")]
        ],
    }
    if isinstance(made, Answer):
        places = [(one.chunk.document_id, one.chunk.span) for one in made.passages]
        shown |= {
            "status": made.status,
            "reason": made.reason,
            "passages": [[name, span.start, span.end] for name, span in places],
        }
    return shown
