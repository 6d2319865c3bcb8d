"""Cases to start from: made by rule from a collection, or from an answer that was given.

No rule writes a question as people ask it. What is made here is a cloze test of sentences of the
documents: right by construction, with the exact characters that support it, but easier to find than
real questions, whose words differ. Each is tagged `starter` till somebody has put it in own words.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path

from corpus.types import Document, Span, UnitKind
from evals.cases import Case, Support, line_of, read_cases
from evals.errors import InvalidCases
from evals.naming import name_for, names_of
from rag import Answer, Pipeline, Status
from rag.keeping import answer_of_json

STARTER = "starter"
NOTE = (
    "a cloze test made by rule: write the question as your users would, check the reference, and "
    "remove the tag"
)
_WORDS = range(8, 36)  # of a sentence that can be understood by itself
_PER_DOCUMENT = 3
_FIGURE = re.compile(r"(?<![\w.,])[$€£]?\d[\d.,:]*\d%?(?![\w])|(?<![\w.,])\d%?(?![\w.,])")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_BLANK = "____"
_POINTS_BACK = re.compile(r"(he|she|it|they|this|that|these|those|but|and|so)\b", re.IGNORECASE)


async def starter_cases(
    pipeline: Pipeline, collection: str, limit: int, seed: int = 0
) -> list[Case]:
    """At most `limit` cases from sentences of as many documents of a collection as there are.

    Raises InvalidCases where no sentence is fit.
    """
    documents = [one async for one in pipeline.all_documents(collection)]
    names = names_of(documents)
    by_document = [await _of_document(pipeline, one.id, name_for(one, names)) for one in documents]
    choose = random.Random(seed)  # noqa: S311 - to choose cases, not secrets
    choose.shuffle(by_document)
    for made in by_document:
        choose.shuffle(made)
    turns = [
        made[turn] for turn in range(_PER_DOCUMENT) for made in by_document if turn < len(made)
    ]
    unique = {case.question: case for case in turns}
    if not unique:
        raise InvalidCases(
            f"The collection {collection!r} has no sentence with a figure or a name that a case "
            "could be made of. Ingest documents first, or write cases by hand."
        )
    return list(unique.values())[:limit]


async def _of_document(pipeline: Pipeline, document_id: str, name: str) -> list[Case]:
    document = await pipeline.document(document_id)
    made = [
        cloze(document, unit.span, name)
        for chunk in await pipeline.chunks(document.id)
        for unit in chunk.units
        if unit.quotable and unit.kind is UnitKind.SENTENCE
    ]
    return [case for case in made if case is not None]


def cloze(document: Document, span: Span, name: str) -> Case | None:
    """A case that asks for the last figure of a sentence, or else name; None where none is fit.

    `name` is what the case calls the document.
    """
    sentence = span.of(document.text)
    if len(sentence.split()) not in _WORDS or _POINTS_BACK.match(sentence) or "\n" in sentence:
        return None
    gaps = [*_FIGURE.finditer(sentence)] or [*_NAME.finditer(sentence)]
    if not gaps:
        return None
    gap = gaps[-1]
    asked = sentence[: gap.start()] + _BLANK + sentence[gap.end() :]
    return Case(
        question=f"What is missing in this sentence? {asked}",
        reference=gap.group(),
        facts=[sentence],
        support=[Support(document=name, quote=sentence, start=span.start)],
        abstain=False,
        tags=[STARTER],
        metadata={"note": NOTE},
    )


async def case_of_answer(pipeline: Pipeline, answer_id: str) -> Case:
    """A case that expects what a kept answer said, to be corrected where that was wrong.

    Raises NotFound, also where a document that it cites is gone, and InvalidCases for an answer
    that was cut off.
    """
    kept = await pipeline.kept_answer(answer_id)
    answer = answer_of_json(kept.content)
    if answer.status is Status.INCOMPLETE:
        raise InvalidCases(
            f"The answer {answer_id} was cut off ({answer.reason}), so it is no example of what is "
            "right. Ask again, and add that answer."
        )
    said = {"note": f"from the answer of {answer.model}: correct it where that was wrong"}
    if answer.status is Status.ABSTAINED:
        return Case(
            id=answer.id,
            question=answer.standalone_question,
            abstain=True,
            tags=["kept"],
            metadata=said,
        )
    return Case(
        id=answer.id,
        question=answer.standalone_question,
        reference="\n".join(one.text for one in answer.sentences) or answer.text,
        facts=[one.text for one in answer.sentences if one.citations],
        support=await _supports(pipeline, answer),
        abstain=False,
        tags=["kept"],
        metadata=said,
    )


async def _supports(pipeline: Pipeline, answer: Answer) -> list[Support]:
    """What an answer cites; documents are named as those of their collection can be told apart."""
    found = []
    for one in answer.citations:
        document = await pipeline.document(one.document_id, one.version)
        names = names_of([other async for other in pipeline.all_documents(document.collection)])
        name = name_for(document, names)
        found.append(Support(document=name, quote=one.quote, start=one.span.start))
    return found


def append(case: Case, path: Path) -> None:
    """Add a case to a file, which is made where there is none; raises InvalidCases if it has it."""
    if path.exists() and path.stat().st_size:
        if case.id in {one.id for one in read_cases(path)}:
            raise InvalidCases(f"{path} has the case {case.id} already.")
        ends = path.read_bytes().endswith(b"\n")
    else:
        ends = True
    with path.open("a", encoding="utf-8") as file:
        file.write(("" if ends else "\n") + line_of(case))


def write_new(cases: Sequence[Case], path: Path) -> None:
    """Write cases to a file that is not there yet; raises InvalidCases for one that is."""
    if path.exists():
        raise InvalidCases(f"{path} is there already. Name another file, or remove it.")
    path.write_text("".join(line_of(case) for case in cases), encoding="utf-8")
