"""`pincite eval replay`: kept answers against what would be answered now, as two runs.

OUT/replay.json   which answers, and which were left out, so that a stopped replay goes on with them
OUT/A             the run of what was answered
OUT/B             the run of what is answered now

Kept answers are read and never written.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.answers import KeptAnswer
from corpus.errors import NotFound
from evals.cases import Case
from evals.errors import UnusableRun
from evals.folder import write_json
from evals.forecast import Forecast, forecast
from evals.replayed import Replayed, question_of
from evals.run import Plan, Say, run
from evals.sampling import sample
from evals.scores import Prices
from rag import Answer, Pipeline
from rag.housekeeping import is_housekeeping
from rag.keeping import answer_of_json

REPLAY = "replay.json"
HOUSEKEEPING = "asked by a front end for itself"
UNKNOWN = "of which the collection is not known, since the documents that were found are gone"
_PAGE = 50  # kept answers that are read at once


@dataclass(frozen=True, slots=True)
class Choice:
    """Which kept answers: of a collection, since a time (ISO 8601 in UTC), and how many of them."""

    collection: str = "default"
    since: str | None = None
    limit: int | None = None
    seed: int = 0
    retrieval_only: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Ids of answers, newest first, and of those that were left out, by why."""

    answers: Sequence[str]
    left_out: Mapping[str, Sequence[str]]


async def chosen(pipeline: Pipeline, choice: Choice, folder: Path) -> Chosen:
    """The answers of a choice, which is noted in the folder; of a folder that has it, what it says.

    Raises UnusableRun for a folder that is of another choice, or where there is no such answer.
    """
    if (noted := _noted(folder, choice)) is not None:
        return noted
    found, left_out = await _of_collection(pipeline, choice)
    if not found:
        since = "" if choice.since is None else f" since {choice.since}"
        said = "".join(f" {len(ids)} are left out, {why}." for why, ids in left_out.items())
        raise UnusableRun(
            f"No answer of the collection {choice.collection!r}{since} is kept.{said} Ask through "
            "the API, which keeps answers, or name another --collection or --since."
        )
    drawn = Chosen(sample(found, choice.limit, choice.seed), left_out)
    _note(folder, choice, drawn)
    return drawn


def _noted(folder: Path, choice: Choice) -> Chosen | None:
    """What a folder says was chosen; None for a new one."""
    if not (folder / REPLAY).exists():
        if folder.exists() and any(folder.iterdir()):
            raise UnusableRun(f"{folder} has files in it and is no replay. Name a new folder.")
        return None
    noted = json.loads((folder / REPLAY).read_text(encoding="utf-8"))
    changed = sorted(
        name for name, value in asdict(choice).items() if noted["choice"].get(name) != value
    )
    if changed:
        raise UnusableRun(
            f"{folder} is a replay with other {', '.join(changed)}. Name a new folder."
        )
    return Chosen(noted["answers"], noted["left_out"])


def _note(folder: Path, choice: Choice, drawn: Chosen) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / REPLAY, {"choice": asdict(choice), **asdict(drawn)})


async def _of_collection(
    pipeline: Pipeline, choice: Choice
) -> tuple[list[str], dict[str, list[str]]]:
    found: list[str] = []
    left_out: dict[str, list[str]] = {}
    collections: dict[str, str | None] = {}  # by document, None for one that is gone
    async for kept in _kept_since(pipeline, choice.since):
        answer = answer_of_json(kept.content)
        if is_housekeeping(answer.question):
            left_out.setdefault(HOUSEKEEPING, []).append(answer.id)
            continue
        name = await _collection_of(pipeline, answer, collections)
        if name is None:
            left_out.setdefault(UNKNOWN, []).append(answer.id)
        elif name == choice.collection:
            found.append(answer.id)
    return found, left_out


async def _kept_since(pipeline: Pipeline, since: str | None) -> AsyncIterator[KeptAnswer]:
    """Kept answers, newest first."""
    cursor: str | None = None
    while True:
        page, cursor = await pipeline.kept_answers(_PAGE, cursor)
        for kept in page:
            if since is None or kept.created_at >= since:
                yield kept
        if cursor is None or (since is not None and page[-1].created_at < since):
            return


async def _collection_of(
    pipeline: Pipeline, answer: Answer, known: dict[str, str | None]
) -> str | None:
    """The collection that was asked, or else that of a document that was found."""
    if answer.asked is not None:
        return answer.asked.collection
    for name in dict.fromkeys(one.chunk.document_id for one in answer.passages):
        if name not in known:
            try:
                known[name] = (await pipeline.document(name)).collection
            except NotFound:
                known[name] = None
        if (collection := known[name]) is not None:
            return collection
    return None


async def replay(
    pipeline: Pipeline,
    choice: Choice,
    folder: Path,
    say: Say,
    announce: Callable[[Forecast], None],
    *,
    prices: Prices | None = None,
    at_once: int = 1,
) -> Chosen:
    """Write the runs A and B of a choice into a folder; what is in it already is not done again.

    `announce` gets what the answers of now will take, before they are asked for. Raises UnusableRun
    where the folder is of another choice, or was begun under other settings or
    documents, or where an answer is not kept any more.
    """
    answers = await chosen(pipeline, choice, folder)
    kept = {name: await _kept(pipeline, name, folder) for name in answers.answers}
    cases = [case_of(answer) for answer in kept.values()]
    for name, again in (("A", False), ("B", True)):
        replayed = Replayed(kept, choice.collection, again, choice.retrieval_only)
        plan = Plan(
            cases,
            choice.collection,
            seed=choice.seed,
            prices=prices,
            at_once=at_once,
            replayed=replayed,
        )
        if again and not choice.retrieval_only:
            announce(await forecast(plan, folder / name, pipeline.settings, pipeline))
        await run(plan, folder / name, pipeline.settings, pipeline, say if again else _silent)
    return answers


def case_of(answer: Answer) -> Case:
    """A case without any reference; answers to the same question are of one cluster."""
    question = question_of(answer, "")
    tags = ["in a conversation"] if question.history else []
    return Case(
        id=answer.id, cluster=answer.standalone_question, question=answer.question, tags=tags
    )


async def _kept(pipeline: Pipeline, name: str, folder: Path) -> Answer:
    try:
        return answer_of_json((await pipeline.kept_answer(name)).content)
    except NotFound:
        raise UnusableRun(
            f"The answer {name} of {folder} is not kept any more. Name a new folder."
        ) from None


def _silent(_done: int, _of: int) -> None:
    """Say nothing of what takes no time."""
