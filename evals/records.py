"""A case's record in a run: what was answered, its scores, and why some are missing."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.errors import CorpusError, NotFound
from corpus.types import DocumentVersion
from evals.cases import Case
from evals.errors import UnusableRun
from evals.folder import Record
from evals.naming import Names, names_of
from evals.outcomes import Outcome, Place, of_answer, of_case, of_summary
from evals.replayed import Replayed
from evals.scores import Cited, Prices, Supports
from evals.scoring import OF_CITATIONS, Scored, scored
from evals.summary import FAILED
from evals.support import supports_by
from rag import Answer, Pipeline, RagError, Reason, Summary, Verdict
from rag.entailment import ClaimModel

_AROUND = 160  # characters


@dataclass(frozen=True, slots=True)
class Bench:
    """What cases are run with; `documents` by their names, None for a name of two."""

    pipeline: Pipeline | None
    collection: str
    prices: Prices | None
    replayed: Replayed | None
    model: ClaimModel
    supports: Supports
    documents: Names


async def bench_of(
    pipeline: Pipeline | None,
    model: ClaimModel,
    collection: str,
    prices: Prices | None = None,
    replayed: Replayed | None = None,
) -> Bench:
    """A bench with the names of the collection's documents."""
    found = [] if pipeline is None else [one async for one in pipeline.all_documents(collection)]
    named = names_of(found)
    return Bench(pipeline, collection, prices, replayed, model, supports_by(model), named)


async def record_of(bench: Bench, case: Case) -> tuple[Record, Record]:
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
    made: Answer | Summary | None = None
    texts: dict[DocumentVersion, str] = {}
    try:
        if case.answer is not None:
            record["answer"] = {"text": case.answer, "citations": []}
            outcome = await asyncio.to_thread(of_case, case, bench.model)
        else:
            made = await _made(bench, case)
            timing |= _timing(bench, made, time.perf_counter() - started)
            texts = await _texts(bench, made)
            record["answer"] = _shown(made, texts)
            if isinstance(made, Answer) and made.reason is Reason.INTERRUPTED:
                record["error"] = "the model's provider broke off in mid-answer"
                return record, timing
            if bench.replayed is not None and bench.replayed.retrieval_only:
                return record | {"status": "scored", "scores": _paired(bench, case, made)}, timing
            outcome = (
                of_summary(made, texts) if isinstance(made, Summary) else of_answer(made, texts)
            )
        places = await places_of(case, bench.documents, bench.pipeline)
        found = await asyncio.to_thread(_scored, bench, case, outcome, places)
    except (CorpusError, RagError) as error:
        record["error"] = f"{type(error).__name__}: {error}"
        return record, timing
    claims = [[one.claim, _sources(one, outcome)] for one in outcome.statements]
    if made is not None:
        found.scores.update(_paired(bench, case, made))
        if gone := _gone(bench, made, texts):
            found = _without_citations(found, gone)
            claims = _as_quoted(made)
    record |= {"status": "scored", "scores": found.scores, "unscored": found.unscored}
    record |= {"confidence": outcome.confidence, "claims": claims}
    return record, timing


def _timing(bench: Bench, made: Answer | Summary, seconds: float) -> Record:
    """Seconds of an answer and its steps; of one that is taken as it was kept, those of then."""
    steps = {name: round(took, 4) for name, took in made.timings.items()}
    kept = bench.replayed is not None and not bench.replayed.again
    return {"seconds": round(sum(steps.values()) if kept else seconds, 4), "steps": steps}


def _scored(bench: Bench, case: Case, outcome: Outcome, places: Sequence[Place] | str) -> Scored:
    return scored(case, outcome, bench.supports, places, bench.prices)


def _sources(cited: Cited, outcome: Outcome) -> list[str]:
    """What a claim is to be judged by: what it cites, or all that a system had which cites not."""
    quotes = [one for one in cited.quotes if one.strip()]
    return quotes if quotes or outcome.pointers else list(outcome.texts)


async def _made(bench: Bench, case: Case) -> Answer | Summary:
    if bench.pipeline is None:
        raise UnusableRun(f"The case {case.id} asks for what this run has no documents for.")
    if bench.replayed is not None:
        return await bench.replayed.answer(bench.pipeline, case.id)
    if case.question is not None:
        return await bench.pipeline.ask(case.question, collection=bench.collection)
    found = [(name, bench.documents.get(name)) for name in case.documents]
    for name, document in found:
        if document is None:
            raise NotFound(f"the collection has not one document {name!r}")
    return await bench.pipeline.summarize([one.id for _, one in found if one is not None])


async def _texts(bench: Bench, made: Answer | Summary) -> dict[DocumentVersion, str]:
    """The texts that are cited; one that is gone is left out, so its pointers are invalid."""
    texts: dict[DocumentVersion, str] = {}
    for name, version in {(one.document_id, one.version) for one in made.citations}:
        if bench.pipeline is not None:
            try:
                texts[name, version] = (await bench.pipeline.document(name, version)).text
            except NotFound:
                continue
    return texts


def _gone(bench: Bench, made: Answer | Summary, texts: Mapping[DocumentVersion, str]) -> str:
    """Which versions a kept answer cites that are gone, so that it can not be checked there."""
    if bench.replayed is None or bench.replayed.again:
        return ""
    cited = {(one.document_id, one.version) for one in made.citations}
    missing = [f"version {version} of {name}" for name, version in sorted(cited - {*texts})]
    return f"{', '.join(missing)} is gone" if missing else ""


def _without_citations(found: Scored, why: str) -> Scored:
    scores = {name: one for name, one in found.scores.items() if name not in OF_CITATIONS}
    return Scored(scores, found.unscored | dict.fromkeys(OF_CITATIONS, why))


def _as_quoted(made: Answer | Summary) -> list[list[Any]]:
    """The claims with the quotes that were kept with them."""
    quotes = {one.marker: one.quote for one in made.citations}
    return [
        [one.text, [quotes[marker] for marker in one.citations]]
        for one in made.sentences
        if one.verdict is not Verdict.NOT_A_CLAIM
    ]


def _paired(bench: Bench, case: Case, made: Answer | Summary) -> dict[str, float]:
    """How what a replayed answer found differs from what was found before."""
    if bench.replayed is None or not isinstance(made, Answer):
        return {}
    return bench.replayed.scores(case.id, made)


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
