"""A question's way to its answer, event by event: found, then quoted or written."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from corpus.errors import InvalidRequest, NotFound
from corpus.ingest import Embed
from corpus.library import Library
from corpus.types import Document, DocumentVersion, Passage
from rag.asking import Asking, answer_prompt, repair_prompt
from rag.calls import Calls, Writer
from rag.composition import Composition
from rag.conflicts import conflicts_in, contrary_to
from rag.converse import as_question, spoken, standalone_by_rule, standalone_prompt
from rag.events import Answered, Began, Event, Found, Stage, events_of
from rag.evidence import Texts
from rag.extract import Reading, read, weigh
from rag.housekeeping import is_housekeeping, keep_house
from rag.offer import Offer, offer
from rag.prompts import prompt
from rag.telemetry import step
from rag.types import (
    EXTRACTIVE,
    Answer,
    Answering,
    Conflict,
    Question,
    Reason,
    Status,
    Usage,
)
from rag.words import stems
from rag.writing import Writing

# Least share of the question's words in the passage that has most of them, for a model to be asked.
# A model finds out by itself, at a price, where words are shared and nothing is answered.
WORTH_ASKING = 0.2

_CUT_OFF = (Reason.LENGTH, Reason.CONTENT_FILTER, Reason.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where answers are looked for: a tenant's documents, a search in them, and its model."""

    library: Library
    tenant: str
    find: Callable[[str], Sequence[Passage]]
    embed: Embed


@dataclass(slots=True)
class _Asked:
    """A question on its way."""

    question: Question
    standalone: str
    passages: tuple[Passage, ...] = ()
    texts: Texts = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    calls: Calls | None = None  # None where no model is asked


async def answering(
    question: Question, sources: Sources, writer: Writer | None
) -> AsyncGenerator[Event]:
    """Answer a question from its sources, by the writer's model or, without one, by quoting.

    Raises ProviderError when the model fails before it has written anything; after that, the
    answer has what there is, and the status "incomplete".
    """
    if question.answering is Answering.EXTRACTIVE:
        writer = None
    elif question.answering is Answering.LLM and writer is None:
        raise InvalidRequest(
            'There is no model to answer with, which mode "llm" asks for. Set PINCITE_LLM_BASE_URL '
            "and PINCITE_LLM_MODEL, or ask with another mode."
        )
    if is_housekeeping(question.text):
        async with aclosing(keep_house(question, writer, question.id or new_answer_id())) as events:
            async for event in events:
                yield event
        return
    asked = _Asked(question, question.text, calls=None if writer is None else Calls(writer))
    yield Began(Stage.RETRIEVING)
    await _understand(asked)
    await asyncio.to_thread(_find, asked, sources)
    yield Found(asked.passages)
    if asked.calls is None:
        for event in events_of(await asyncio.to_thread(_quoted, asked, sources)):
            yield event
        return
    async with aclosing(_written(asked, sources, asked.calls)) as events:
        async for event in events:
            yield event


async def _understand(asked: _Asked) -> None:
    """Make a follow-up standalone."""
    question = asked.question
    if not question.history:
        return
    with step("converse", asked.timings):
        if asked.calls is None:
            asked.standalone = standalone_by_rule(question.text, question.history)
            return
        messages = standalone_prompt(question.text, question.history)
        asked.standalone = as_question(await asked.calls.complete(messages)) or question.text


def _find(asked: _Asked, sources: Sources) -> None:
    with step("retrieve", asked.timings):
        found = sources.find(asked.standalone)
        asked.texts = _texts(sources, found)
        asked.passages = tuple(one for one in found if _version(one) in asked.texts)


def _quoted(asked: _Asked, sources: Sources) -> Answer:
    """What answers in the words of the question itself, or else in those of the standalone one.

    The latter names the topic, which sentences that answer seldom do.
    """

    def reading_of(question: str) -> Reading:
        return read(
            question,
            asked.passages,
            asked.texts,
            lambda name: sources.library.chunks(sources.tenant, name),
            sources.embed,
        )

    with step("read", asked.timings):
        reading = reading_of(asked.question.text)
        if reading.reason is not None and asked.standalone != asked.question.text:
            reading = reading_of(asked.standalone)
    empty = _answer(asked, EXTRACTIVE, None)
    if reading.reason is not None:
        return replace(
            empty, status=Status.ABSTAINED, reason=_no_use(asked) or Reason.WEAK_EVIDENCE
        )
    return replace(
        empty,
        text=reading.cited.text,
        sentences=reading.cited.sentences,
        citations=reading.cited.citations,
        conflicts=reading.conflicts,
        confidence=reading.confidence,
    )


async def _written(asked: _Asked, sources: Sources, calls: Calls) -> AsyncGenerator[Event]:
    name = f"{prompt('answer').hash}-{prompt('question').hash}"
    if (reason := _no_use(asked)) is not None:
        nothing = _answer(asked, calls.writer.name, name)
        yield Answered(replace(nothing, status=Status.ABSTAINED, reason=reason))
        return
    offered = offer(asked.passages, asked.texts)

    def contrary(said: Collection[int]) -> list[int]:
        return contrary_to(
            offered.evidence, said, lambda: _chances(asked, offered, sources.embed), sources.embed
        )

    guard = calls.writer.guard
    asking = Asking(
        answer_prompt(asked.standalone, asked.question.history, offered, guard),
        lambda sentence, where: repair_prompt(asked.standalone, sentence, offered, where, guard),
        said=asked.standalone,
    )
    writing = Writing(asking, asked.question.policy, offered, calls, contrary)
    async with aclosing(writing.events()) as events:
        async for event in events:
            yield event
    said = writing.composition
    asked.timings.update(writing.timings)
    conflicts = await asyncio.to_thread(conflicts_in, said.sentences, said.citations, sources.embed)
    yield Answered(_ended(_answer(asked, calls.writer.name, name), writing, said, conflicts))


def _chances(asked: _Asked, offered: Offer, embed: Embed) -> list[float]:
    """Probability that each sentence answers, by the embedded reader; 0 for what it skips."""
    weighed = weigh(asked.standalone, asked.passages, asked.texts, embed)
    by_place = {(item.document.id, item.unit.span): chance for item, chance in weighed}
    return [by_place.get((one.document.id, one.spans[0]), 0.0) for one in offered.evidence]


def _ended(
    empty: Answer, writing: Writing, said: Composition, conflicts: tuple[Conflict, ...]
) -> Answer:
    """The answer that was written, or the reason why it is none."""
    whole = replace(
        empty,
        text=said.text,
        sentences=tuple(said.sentences),
        citations=said.citations,
        conflicts=conflicts,
    )
    if writing.reason in _CUT_OFF and (said.sentences or not writing.wrote_claims):
        return replace(whole, status=Status.INCOMPLETE, reason=writing.reason)
    if not said.sentences:
        reason = Reason.WEAK_EVIDENCE if writing.reason in _CUT_OFF else writing.reason
        return replace(whole, status=Status.ABSTAINED, reason=reason or Reason.WEAK_EVIDENCE)
    return whole


def new_answer_id() -> str:
    """An id that no answer has."""
    return f"ans_{uuid.uuid4().hex}"


def _answer(asked: _Asked, model: str, prompt_hash: str | None) -> Answer:
    """An answer without a text."""
    return Answer(
        id=asked.question.id or new_answer_id(),
        question=asked.question.text,
        standalone_question=asked.standalone,
        status=Status.ANSWERED,
        reason=None,
        text="",
        sentences=(),
        citations=(),
        passages=asked.passages,
        conflicts=(),
        usage=Usage(
            read=sum(one.chunk.token_count for one in asked.passages),
            prompt=0 if asked.calls is None else asked.calls.prompt_tokens,
            completion=0 if asked.calls is None else asked.calls.completion_tokens,
        ),
        timings=asked.timings,
        model=model,
        prompt_hash=prompt_hash,
        asked=replace(asked.question, id=None, history=tuple(spoken(asked.question.history))),
    )


def _no_use(asked: _Asked) -> Reason | None:
    """Why there is no use in asking a model, which may be found out without delaying it."""
    if not asked.passages:
        return Reason.NO_EVIDENCE
    wanted = stems(asked.standalone)
    texts = [f"{one.title}\n{one.text}".lower() for one in asked.passages]
    has = [sum(stem in text for stem in wanted) for text in texts]
    if wanted and not any(has):
        return Reason.OUT_OF_SCOPE
    return Reason.WEAK_EVIDENCE if max(has) < WORTH_ASKING * len(wanted) else None


def _texts(sources: Sources, passages: Sequence[Passage]) -> dict[DocumentVersion, Document]:
    """The passages' documents, without those that were deleted since they were found."""
    texts = {}
    for key in {_version(one) for one in passages}:
        with suppress(NotFound):
            texts[key] = sources.library.document(sources.tenant, *key)
    return texts


def _version(passage: Passage) -> DocumentVersion:
    return passage.chunk.document_id, passage.chunk.version
