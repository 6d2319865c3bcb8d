"""Kept answers that are replayed: what is asked again, and how what is found then differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corpus.types import Passage
from rag import Answer, Pipeline, Question

DEPTH = 10  # passages

_NOT_KEPT = "not kept with answers"

Said = tuple[str, str]  # a document's id, and a sentence or row of it


@dataclass(frozen=True, slots=True)
class Replayed:
    """Kept answers by the id of their case, and whether they are taken as they are or asked anew.

    `collection` is asked where the answer does not say which. With `retrieval_only` no answer is
    made: passages are searched for, by the question as it was made standalone then.
    """

    kept: Mapping[str, Answer]
    collection: str
    again: bool
    retrieval_only: bool = False

    def made_with(self) -> dict[str, Any]:
        """What a run of these was made with, beside or in place of what is set now."""
        shown: dict[str, Any] = {"retrieval_only": self.retrieval_only}
        if not self.again:
            shown |= dict.fromkeys(("documents", "prompts", "settings"), _NOT_KEPT)
        return shown

    async def answer(self, pipeline: Pipeline, case_id: str) -> Answer:
        """The answer as it was given, or as it is given now; raises what `Pipeline.answer` does."""
        kept = self.kept[case_id]
        question = question_of(kept, self.collection)
        if self.again and not self.retrieval_only:
            return await pipeline.answer(question)
        if not self.again and not self.retrieval_only:
            return kept
        found: Sequence[Passage] = kept.passages
        if self.again:
            found = await pipeline.search(
                kept.standalone_question,
                collection=question.collection,
                max_tokens=pipeline.settings.passage_tokens,
                where=question.where,
            )
        return replace(kept, passages=tuple(found), text="", sentences=(), citations=())

    def scores(self, case_id: str, answer: Answer) -> dict[str, float]:
        """How much of what was found before an answer's passages have; none where nothing was."""
        before = self.kept[case_id].passages
        if not before:
            return {}
        return {
            f"overlap@{DEPTH}": overlap(before, answer.passages),
            f"first@{DEPTH}": first_again(before[0], answer.passages),
        }


def question_of(kept: Answer, collection: str) -> Question:
    """What to ask again: as it was asked, with its conversation, its filter and its policy.

    Of an answer that was kept without those it is the question that was made standalone.
    """
    return kept.asked or Question(kept.standalone_question, collection)


def overlap(before: Sequence[Passage], after: Sequence[Passage]) -> float:
    """Share of the sentences and rows of the first passages before that those after have, 0 to 1.

    They are compared by document and text, so that it holds across versions of a document and
    chunks of another size.
    """
    wanted = _said(before[:DEPTH])
    return len(wanted & _said(after[:DEPTH])) / len(wanted)


def first_again(first: Passage, after: Sequence[Passage]) -> float:
    """1 / rank of the first passage after that has a sentence or row of `first`; 0 for none."""
    wanted = _said([first])
    ranks = (rank for rank, one in enumerate(after[:DEPTH], 1) if wanted & _said([one]))
    return next((1 / rank for rank in ranks), 0.0)


def _said(passages: Sequence[Passage]) -> set[Said]:
    """The sentences and rows of passages; of a passage that has none, all of its text."""
    found: set[Said] = set()
    for one in passages:
        document, start = one.chunk.document_id, one.chunk.span.start
        spans = [unit.span for unit in one.chunk.units if unit.quotable]
        texts = [one.text[span.start - start : span.end - start] for span in spans] or [one.text]
        found.update((document, text) for text in texts)
    return found
