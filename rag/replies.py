"""The calls of a model that one summary takes: bounded, within a budget, and each paid once."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from rag.calls import Calls, Writer
from rag.completion import TokenUsage
from rag.errors import (
    BudgetSpent,
    EmptyCompletion,
    MalformedCompletion,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)
from rag.llm import Finish, complete
from rag.watch import LeakedPrompt, Watch

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.messages import BaseMessage

_PASSING = (
    ProviderUnavailable,
    ProviderTimeout,
    RateLimited,
    EmptyCompletion,
    MalformedCompletion,
)
_BACKOFF = wait_random_exponential(multiplier=1, max=30)  # seconds between tries of a job

_log = logging.getLogger("pincite.llm")


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion as it is kept: its text, how it ended, and what it took."""

    text: str
    reason: str  # "stop", "length" or "content_filter"
    prompt: int
    completion: int


class Journal(Protocol):
    """Where the replies of a job are kept, so that none is paid for twice."""

    async def find(self, key: str) -> Reply | None:
        """The reply to a prompt, if it has come before."""

    async def keep(self, key: str, reply: Reply) -> None:
        """Keep the reply to a prompt before anything is made of it."""


class NoJournal:
    """For work that is not taken up again."""

    async def find(self, key: str) -> Reply | None:  # noqa: ARG002 - a journal's signature
        """None."""
        return None

    async def keep(self, key: str, reply: Reply) -> None:
        """Nothing is kept."""


Progress = Callable[["Replies"], Awaitable[None]]


class Replies(Calls):
    """The calls of one summary.

    At most `width` run at a time, as `limit` lets, which other summaries may share. None is begun
    that might take the summary over its budget of tokens. A model that fails for now is asked again
    for `patience` seconds.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        limit: asyncio.Semaphore,
        width: int,
        answer_tokens: int,
        budget: int | None = None,
        patience: float = 0.0,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> None:
        """No call yet; `answer_tokens` are the most that the model may write in one."""
        super().__init__(writer)
        self.made = 0
        self.waits_for: str | None = None  # what a model said that is to be asked again
        self.width = width + 2  # calls to be prepared at a time, so that none waits for its prompt
        self._limit = limit
        self._answer_tokens = answer_tokens
        self._budget = budget
        self._patience = patience
        self._journal = NoJournal() if journal is None else journal
        self._progress = progress
        self._reserved = 0
        self._freed = asyncio.Condition()

    async def stream(self, messages: "Sequence[BaseMessage]") -> AsyncGenerator[str | Finish]:
        """The whole text of a reply, and how it ended; raises as `ask` does."""
        reply = await self.ask(messages)
        if reply.text:
            yield reply.text
        yield Finish(reply.reason, TokenUsage(reply.prompt, reply.completion))

    async def ask(self, messages: "Sequence[BaseMessage]", *, keep_back: int = 0) -> Reply:
        """The reply to a prompt, from the journal or else from the model.

        Raises BudgetSpent when it might leave less than `keep_back` tokens of the budget, and
        ProviderError once the patience is over or for what will not pass.
        """
        key = self._key(messages)
        reply = await self._journal.find(key)
        if reply is None:
            needed = self._tokens(messages) + self._answer_tokens
            await self._reserve(needed, keep_back)
            try:
                async with self._limit:  # until it is kept: a crash loses as many replies at most
                    reply = await self._call(messages)
                    # Whoever cancels now does not lose what is paid for.
                    await asyncio.shield(self._journal.keep(key, reply))
                self._spend(reply)
            finally:
                await self._release(needed)
            self.waits_for = None
            await self._tell()
        else:
            self._spend(reply)
        return reply

    async def _tell(self) -> None:
        if self._progress is not None:
            await self._progress(self)

    def _spend(self, reply: Reply) -> None:
        self.made += 1
        self.prompt_tokens += reply.prompt
        self.completion_tokens += reply.completion

    async def _reserve(self, needed: int, keep_back: int) -> None:
        budget = self._budget
        if budget is None:
            return
        async with self._freed:
            # What is under way may turn out to take less than it might.
            await self._freed.wait_for(
                lambda: not self._reserved or self._left(budget) >= needed + keep_back
            )
            if self._left(budget) < needed + keep_back:
                raise BudgetSpent(
                    f"The budget of {budget:,} tokens has {self._left(budget):,} left, and the "
                    f"next call may take {needed:,}."
                )
            self._reserved += needed

    def _left(self, budget: int) -> int:
        return budget - self.prompt_tokens - self.completion_tokens - self._reserved

    async def _release(self, needed: int) -> None:
        if self._budget is None:
            return
        async with self._freed:
            self._reserved -= needed
            self._freed.notify_all()

    async def _call(self, messages: "Sequence[BaseMessage]") -> Reply:
        writer = self.writer

        async def once() -> Reply:
            text, finish = await complete(
                writer.model, messages, seconds=writer.seconds, retries=writer.retries
            )
            used = finish.usage or TokenUsage(self._tokens(messages), writer.count_tokens(text))
            try:
                Watch(writer.guard.canary).let_through(text)
            except LeakedPrompt:
                return Reply("", "content_filter", used.prompt, used.completion)
            return Reply(text, finish.reason, used.prompt, used.completion)

        if not self._patience:
            return await once()
        start = time.monotonic()
        patiently = AsyncRetrying(
            retry=retry_if_exception_type(_PASSING),
            wait=_wait,
            stop=stop_after_delay(self._patience),
            before_sleep=self._say_what_it_waits_for,
            reraise=True,
        )
        try:
            return await patiently(once)
        except _PASSING as error:
            tried = f"It has been asked again and again for {_span(time.monotonic() - start)}."
            kept = "Retry the job when it is back: what was replied before is kept."
            error.args = (f"{error.args[0]} {tried} {kept}",)
            raise

    async def _say_what_it_waits_for(self, state: RetryCallState) -> None:
        error = None if state.outcome is None else state.outcome.exception()
        _log.warning("A summary asks again in %.1f s: %s", state.upcoming_sleep, error)
        self.waits_for = str(error)
        await self._tell()

    def _tokens(self, messages: "Sequence[BaseMessage]") -> int:
        return sum(self.writer.count_tokens(str(message.content)) for message in messages)

    def _key(self, messages: "Sequence[BaseMessage]") -> str:
        """The same for the same prompt in each process, whose guards have other words."""
        guard = self.writer.guard
        whole = "\0".join(f"{message.type}\0{message.content}" for message in messages)
        plain = whole.replace(guard.boundary, "boundary").replace(guard.canary, "canary")
        return hashlib.sha256(f"{self.writer.name}\0{plain}".encode()).hexdigest()


def _wait(state: RetryCallState) -> float:
    error = None if state.outcome is None else state.outcome.exception()
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return max(asked or 0.0, _BACKOFF(state))


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
