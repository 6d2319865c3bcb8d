"""Calls of a model for one answer, and the tokens that they take."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.llm import Finish, generate
from rag.offer import Guard
from rag.verify import Evidence, Judgement

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

Judge = Callable[[str, Sequence[Evidence], Sequence[int]], Awaitable[Judgement]]


@dataclass(frozen=True, slots=True)
class Writer:
    """A model, and what its answers are checked with.

    `judge` takes a claim, the evidence, and where in it the claim is said to rest. Where it is in
    doubt the model itself is asked, if it `judges`. `seconds` and `retries` are those of
    `rag.llm.generate`.
    """

    model: "BaseChatModel"
    name: str
    judge: Judge
    judges: bool
    count_tokens: Callable[[str], int]
    seconds: float
    retries: int
    guard: Guard


class Calls:
    """The calls that one answer takes."""

    def __init__(self, writer: Writer) -> None:
        """No call yet."""
        self.writer = writer
        self.prompt_tokens = 0
        self.completion_tokens = 0

    async def stream(self, messages: "Sequence[BaseMessage]") -> AsyncGenerator[str | Finish]:
        """As `rag.llm.generate`, with the tokens counted, also when it is broken off."""
        wrote = ""
        counted: Finish | None = None
        writer = self.writer
        call = generate(writer.model, messages, seconds=writer.seconds, retries=writer.retries)
        try:
            async with aclosing(call) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Finish):
                        counted = piece
                    else:
                        wrote += piece
                    yield piece
        finally:
            self._count(messages, wrote, counted)

    async def complete(self, messages: "Sequence[BaseMessage]") -> str:
        """The whole text of a completion; raises ProviderError."""
        async with aclosing(self.stream(messages)) as pieces:
            return "".join([piece async for piece in pieces if isinstance(piece, str)])

    def _count(self, messages: "Sequence[BaseMessage]", wrote: str, counted: Finish | None) -> None:
        """Add the tokens of a call: as the server counts them, or else as we do."""
        if counted is not None and counted.usage is not None:
            self.prompt_tokens += counted.usage.prompt
            self.completion_tokens += counted.usage.completion
        elif wrote:
            count = self.writer.count_tokens
            self.prompt_tokens += sum(count(str(message.content)) for message in messages)
            self.completion_tokens += count(wrote)
