"""A server whose answers to some questions are scripted, event by event; the others are real."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace

import httpx

from api.app import create_app
from rag import Pipeline, Settings
from rag.answer import new_answer_id
from rag.events import Answered, Event
from rag.types import Policy, Question
from tests.api.serving import serving

Script = Callable[[Question], AsyncGenerator[Event]]


class Scripted(Pipeline):
    """Answers a question as the script of its text does, where it has one."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.scripts: dict[str, Script] = {}
        self.asked: list[Question] = []
        self.policy: Policy | None = None  # for all questions

    async def answering(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        if self.policy is not None:
            question = replace(question, policy=self.policy)
        script = self.scripts.get(question.text, super().answering)
        async with aclosing(script(question)) as events:
            async for event in events:
                if isinstance(event, Answered):  # a script says the same each time, but for the id
                    known = replace(event.answer, id=question.id or new_answer_id())
                    yield Answered(known)
                else:
                    yield event


@dataclass
class Chat:
    """A served pipeline, and a plain client of it."""

    client: httpx.Client
    pipeline: Scripted
    base: str = field(init=False)

    def __post_init__(self) -> None:
        self.base = str(self.client.base_url).rstrip("/")


@contextmanager
def chatting(settings: Settings) -> Iterator[Chat]:
    pipeline = Scripted(settings)
    with serving(create_app(settings, pipeline)) as client:
        yield Chat(client, pipeline)
