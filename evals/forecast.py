"""What a run will take before it takes it: calls of the model, tokens, money and time."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from corpus.errors import CorpusError
from corpus.tokens import token_counter
from evals.folder import RECORDS, read_lines, read_timings
from evals.naming import names_of
from evals.run import Plan, asks
from evals.sampling import sample
from evals.scores import cost
from evals.summary import FAILED
from evals.terminal import duration
from rag import Answering, Pipeline, Question, RagError, Settings, SummaryTask
from rag.asking import answer_prompt
from rag.converse import standalone_prompt
from rag.keeping import answer_of_json
from rag.llm import has_model
from rag.offer import Guard, offer
from rag.settings import OPENAI_MODEL

_TRIED = 3  # questions, drawn by the seed, of which the others are estimated
_KEPT = 50  # answers kept last, which tell how long a model takes


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of what is left to do: cases, calls of the model, and tokens to it and at most from it.

    `cost` is None without prices, `seconds` None where nothing tells how long a model takes, and
    `what` is what the cases are.
    """

    cases: int
    calls: int
    prompt: int
    completion: int
    cost: float | None
    seconds: float | None
    what: str = "cases"

    def __str__(self) -> str:
        """In a line, to be read before it is begun."""
        spent = "no call of a model, cost 0"
        if self.calls:
            spent = (
                f"about {self.calls:,} calls of the model, {self.prompt:,} tokens to it, at most "
                f"{self.completion:,} from it, "
            )
            known = self.cost is not None
            spent += (
                f"at most {self.cost:.4f} in cost" if known else "unknown cost without --prices"
            )
        if not self.cases:
            lasts = "nothing is left"
        elif self.seconds is None:
            lasts = "how long is shown once one is done"
        else:
            lasts = duration(self.seconds)
        return f"{self.cases:,} {self.what} to do: {spent}; {lasts}"


async def forecast(
    plan: Plan, folder: Path, settings: Settings, pipeline: Pipeline | None
) -> Forecast:
    """What is left of a plan in a folder will take. No model is asked.

    Prompts are made for some of the questions, drawn by the seed, and counted. Calls about claims
    in doubt (`llm_judge`) and to repair sentences are not in it.
    """
    done = {
        one["id"]
        for one in read_lines(folder / RECORDS)
        if not (plan.retry_failed and one["status"] == FAILED)
    }
    left = [case for case in plan.chosen() if case.id not in done]
    if pipeline is None:
        return Forecast(len(left), 0, 0, 0, 0.0, None)
    asked = [plan.question(case) for case in left if asks(case)]
    calls, prompt, completion = await _of_questions(pipeline, settings, asked, plan.seed)
    names = names_of([one async for one in pipeline.all_documents(plan.collection)])
    for case in left:
        found = [one.id for name in case.documents if (one := names.get(name)) is not None]
        if not found:
            continue
        with suppress(CorpusError, RagError):  # the run has it in the record of its case
            task = SummaryTask(await pipeline.versions_to_summarize(found))
            summary = await pipeline.estimate_summary(task)
            calls += summary.calls
            prompt += summary.prompt
            completion += summary.completion
    each = await _seconds(plan, folder, settings, pipeline, asked)
    return Forecast(
        len(left),
        calls,
        prompt,
        completion,
        None if plan.prices is None else cost(prompt, completion, plan.prices),
        None if each is None else each * len(left) / (plan.at_once if calls else 1),
    )


async def _of_questions(
    pipeline: Pipeline, settings: Settings, asked: Sequence[Question], seed: int
) -> tuple[int, int, int]:
    """Calls, and tokens to and at most from the model."""
    asked = [
        one for one in asked if has_model(settings) and one.answering is not Answering.EXTRACTIVE
    ]
    if not asked:
        return 0, 0, 0
    tried = [await _prompt(pipeline, one) for one in sample(asked, _TRIED, seed)]
    calls = len(asked) + sum(bool(one.history) for one in asked)
    return calls, round(fmean(tried) * len(asked)), calls * settings.llm_max_tokens


async def _prompt(pipeline: Pipeline, question: Question) -> int:
    """Tokens of what a model is sent for a question."""
    settings = pipeline.settings
    count = token_counter(settings.encoding)
    found = await pipeline.search(
        question.text,
        collection=question.collection,
        max_tokens=settings.passage_tokens,
        where=question.where,
    )
    versions = {(one.chunk.document_id, one.chunk.version) for one in found}
    texts = {version: await pipeline.document(*version) for version in versions}
    messages = answer_prompt(question.text, question.history, offer(found, texts), Guard())
    if question.history:
        messages += standalone_prompt(question.text, question.history)
    return sum(count(str(one.content)) for one in messages)


async def _seconds(
    plan: Plan,
    folder: Path,
    settings: Settings,
    pipeline: Pipeline,
    asked: Sequence[Question],
) -> float | None:
    """Of a case: as those that are done took, or kept answers of the model, or some tried now."""
    if timings := read_timings(folder):
        return median(float(one["seconds"]) for one in timings)
    if not has_model(settings):
        started = time.perf_counter()
        tried = sample(asked, _TRIED, plan.seed)
        for one in tried:
            with suppress(CorpusError, RagError):  # the run has it in the record of its case
                await pipeline.answer(one)
        return (time.perf_counter() - started) / len(tried) if tried else None
    kept, _ = await pipeline.kept_answers(_KEPT, None)
    answers = [answer_of_json(one.content) for one in kept]
    took = [
        sum(one.timings.values())
        for one in answers
        if one.model == (settings.llm_model or OPENAI_MODEL)
    ]
    return median(took) if took else None
