"""What holds of what a real model writes, and of one that is too small to write it well."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import HumanMessage

from corpus.parse import media_type_of
from rag import Answer, Pipeline, Policy, Question, Sentence, Settings, Status, Upload, Verdict
from rag.errors import ProviderRejected
from rag.events import Answered, Delta
from rag.llm import Finish, chat_model, close_model, generate
from rag.types import Reason
from tests.rag.desk import assert_pointers_hold
from tests.rag.reading import SAMPLES, run

pytestmark = pytest.mark.slow

FALSE = {Verdict.UNSUPPORTED, Verdict.CONTRADICTED}
QUESTIONS = {
    "tram-line-3-cost.md": (
        "How much extra did the polluted ground on Tanner Street cost the tram project?"
    ),
    "herring-quota-2026.md": "According to the institute, why are there so few young herring?",
}
STORY = "Write a long story about a ferry, with many people in it."

Open = Callable[..., AbstractContextManager[Pipeline]]


@pytest.fixture(scope="module")
def opened(real_model: str, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens a pipeline that has some samples, and the model to write of them."""

    @contextmanager
    def open_pipeline(*names: str, max_tokens: int) -> Iterator[Pipeline]:
        pipeline = Pipeline(settings(real_model, max_tokens, tmp_path_factory.mktemp("real")))
        paths = [path for path in SAMPLES if path.name in names]
        run(
            pipeline.add(
                [Upload(path.read_bytes(), media_type_of(path.name), path.name) for path in paths]
            )
        )
        run(pipeline.index())
        yield pipeline
        pipeline.close()

    return open_pipeline


@pytest.fixture(scope="module")
def pipeline(opened: Open) -> Iterator[Pipeline]:
    """One for all policies, so that the server reads each prompt once."""
    with opened(*QUESTIONS, max_tokens=48) as pipeline:
        yield pipeline


def settings(base_url: str, max_tokens: int, data_dir: Path | None = None) -> Settings:
    """Few passages, since the model reads 200 tokens in a second."""
    return Settings(
        data_dir=data_dir or Path(),
        threads=1,
        passages=3,
        passage_tokens=150,
        llm_base_url=base_url,
        llm_model="SmolLM2-135M-Instruct",
        llm_max_tokens=max_tokens,
        llm_seconds=300,
        llm_retries=0,
    )


def written(base_url: str, message: str, max_tokens: int) -> tuple[list[str], Finish]:
    """The pieces of a completion, and how it ended."""
    model = chat_model(settings(base_url, max_tokens))
    assert model is not None

    async def collect() -> list[str | Finish]:
        call = generate(model, [HumanMessage(message)], seconds=300, retries=0)
        return [piece async for piece in call]

    *pieces, finish = run(collect())
    close_model(model)
    assert isinstance(finish, Finish)
    return [piece for piece in pieces if isinstance(piece, str)], finish


def answered(pipeline: Pipeline, question: str, policy: Policy = Policy.ANNOTATE) -> Answer:
    """An answer, of which the pointers hold and the deltas are the text."""

    async def collect() -> list[Any]:
        return [event async for event in pipeline.answering(Question(question, policy=policy))]

    events = run(collect())
    last = events[-1]
    assert isinstance(last, Answered)
    answer = last.answer
    assert "".join(event.text for event in events if isinstance(event, Delta)) == answer.text
    assert_pointers_hold(pipeline, answer)
    assert answer.usage.prompt > 0
    assert answer.usage.completion > 0
    return answer


def claims_of(answer: Answer) -> list[Sentence]:
    """The sentences that say something."""
    return [one for one in answer.sentences if one.verdict is not Verdict.NOT_A_CLAIM]


def assert_judged(answer: Answer, verdicts: set[Verdict]) -> None:
    """Nothing is said but in sentences that have one of the verdicts, or there is a reason."""
    assert {one.verdict for one in answer.sentences} <= verdicts
    assert all(0 <= one.score <= 1 for one in answer.sentences)
    assert answer.sentences or answer.reason is not None
    besides, end = "", 0
    for one in answer.sentences:
        besides += answer.text[end : one.span.start]
        end = one.span.end
    assert not re.search(r"[^\W\d]", besides + answer.text[end:])


def slot(base_url: str) -> dict[str, Any]:
    """What the server is doing, or has done last."""
    url = base_url.removesuffix("/v1")
    (only,) = httpx.get(f"{url}/slots", timeout=60).raise_for_status().json()
    found: dict[str, Any] = only
    return found


async def tokens_written_when_idle(base_url: str) -> int:
    """How many tokens of its last completion the server has written, once it writes no more."""
    deadline = time.monotonic() + 60
    while (now := slot(base_url))["is_processing"]:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.02)
    count: int = now["next_token"][0]["n_decoded"]
    return count


def test_text_comes_in_pieces_then_its_tokens_and_its_end(real_model: str) -> None:
    pieces, finish = written(real_model, "Say hello.", max_tokens=200)
    assert len(pieces) > 3
    assert "hello" in "".join(pieces).lower()
    assert finish.reason == "stop"
    assert finish.usage is not None
    assert finish.usage.prompt > 10
    assert len(pieces) <= finish.usage.completion < 200


def test_a_text_that_reaches_the_limit_ends_with_length(real_model: str) -> None:
    _, finish = written(real_model, STORY, max_tokens=16)
    assert finish.reason == "length"
    assert finish.usage is not None
    assert finish.usage.completion == 16


def test_a_prompt_that_does_not_fit_is_refused_with_a_word_on_what_to_do(real_model: str) -> None:
    with pytest.raises(ProviderRejected, match=r"4096 tokens.* Lower PINCITE_PASSAGE_TOKENS"):
        written(real_model, "ferry " * 5000, max_tokens=16)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_whatever_it_writes_is_judged_and_its_pointers_hold(
    pipeline: Pipeline, question: str
) -> None:
    assert_judged(answered(pipeline, question, Policy.ANNOTATE), set(Verdict))
    assert_judged(answered(pipeline, question, Policy.STRIP), set(Verdict) - FALSE)
    assert_judged(answered(pipeline, question, Policy.ABSTAIN), set(Verdict) - FALSE)
    repaired = answered(pipeline, question, Policy.REPAIR)
    assert_judged(repaired, {Verdict.SUPPORTED, Verdict.NOT_A_CLAIM})
    assert all(one.citations for one in claims_of(repaired))


def test_an_answer_that_reaches_the_limit_is_kept_and_marked(opened: Open) -> None:
    with opened("herring-quota-2026.md", max_tokens=16) as pipeline:
        answer = answered(pipeline, "What does the institute say about the young herring?")
    assert (answer.status, answer.reason) == (Status.INCOMPLETE, Reason.LENGTH)
    assert answer.usage.completion == 16
    assert answer.text
    assert {one.verdict for one in answer.sentences} == {Verdict.NOT_A_CLAIM}


def test_the_server_stops_writing_when_the_text_is_closed(real_model: str) -> None:
    model = chat_model(settings(real_model, 2000))
    assert model is not None

    async def begin() -> int:
        call = generate(model, [HumanMessage(STORY)], seconds=300, retries=0)
        async with aclosing(call) as pieces:
            await anext(pieces)
            assert slot(real_model)["is_processing"]
        return await tokens_written_when_idle(real_model)

    assert run(begin()) < 100
    close_model(model)


def test_the_server_stops_writing_when_an_answer_is_closed(opened: Open, real_model: str) -> None:
    async def begin(pipeline: Pipeline) -> int:
        question = Question("Tell me all about the herring and those who fish it.")
        async with aclosing(pipeline.answering(question)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    assert slot(real_model)["is_processing"]
                    break
        return await tokens_written_when_idle(real_model)

    with opened("herring-quota-2026.md", max_tokens=2000) as pipeline:
        assert run(begin(pipeline)) < 100
