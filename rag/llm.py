"""The wire to a remote model: pieces of text as they come, or an error that says what happened.

Calls end by a deadline, are retried only while nothing has come, and are cancelled at once, with
the request to the server, when the generator is closed.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying

from rag.completion import Completion, TokenUsage
from rag.errors import OverlongCompletion, ProviderError
from rag.retries import retry_policy
from rag.settings import Settings

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

MAX_CHARACTERS = 100_000  # of one completion; answers and summaries have a hundredth


@dataclass(frozen=True, slots=True)
class Finish:
    """How a completion ended: "stop", "length" or "content_filter".

    `usage` is None where the server does not tell.
    """

    reason: str
    usage: TokenUsage | None


def has_model(settings: Settings) -> bool:
    """Whether a model is set that writes."""
    named = (settings.llm_base_url, settings.llm_model)
    return any((*named, settings.llm_api_key, settings.openai_api_key))


def chat_model(settings: Settings) -> "BaseChatModel | None":
    """The model that writes, or None where none is set; `close_model` closes it.

    Raises InvalidSettings for settings that do not fit together, or a package that is missing.
    """
    if not has_model(settings):
        return None
    from rag.vendors import chat_model_of  # noqa: PLC0415 - two seconds, for who has a model only

    return chat_model_of(settings)


async def hang_up(model: "BaseChatModel") -> None:
    """Close the connections of the running event loop that `chat_model` keeps open for a model."""
    from rag import vendors  # noqa: PLC0415 - as in chat_model

    await vendors.hang_up(model)


def close_model(model: "BaseChatModel") -> None:
    """Close the connections that `chat_model` keeps open for a model."""
    from rag.vendors import close_connections  # noqa: PLC0415 - as in chat_model

    close_connections(model)


async def generate(
    model: "BaseChatModel", messages: "Sequence[BaseMessage]", *, seconds: float, retries: int
) -> AsyncGenerator[str | Finish]:
    """Yield the text of a completion in pieces as they come, then how it ended.

    `seconds` are for the whole, from the first step of the generator on. Within them a call that
    fails before any text has come is made again, `retries` times at most, after a random wait that
    doubles or the one that the server asks for. What a server refuses (the count of tokens in a
    stream, a temperature) is left out then and from then on. Close the generator (`aclosing`) to
    cancel the request.

    Raises a ProviderError, whose `partial` is the text that was yielded before.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    start = AsyncRetrying(**retry_policy(seconds, retries))
    completion: Completion
    piece: str | None
    completion, piece = await start(_start, model, messages, deadline)
    parts: list[str] = []
    room = MAX_CHARACTERS
    try:
        while piece:
            parts.append(piece[:room])
            yield piece[:room]
            room -= len(piece)
            if room < 0:
                raise OverlongCompletion(
                    f"{completion.place} wrote more than {MAX_CHARACTERS:,} characters, and the "
                    "rest was not read. Lower PINCITE_LLM_MAX_TOKENS, or see why it does not stop."
                )
            await asyncio.sleep(0)  # what one server sends fast holds up no other stream's start
            piece = await completion.piece()
    except ProviderError as error:
        error.partial = "".join(parts)
        raise
    finally:
        await completion.close()
    yield Finish(completion.reason or "stop", completion.usage)


async def complete(
    model: "BaseChatModel", messages: "Sequence[BaseMessage]", *, seconds: float, retries: int
) -> tuple[str, Finish]:
    """The whole text of a completion and how it ended, by `generate`, with its errors."""
    parts: list[str] = []
    finish = Finish("stop", None)
    async with aclosing(generate(model, messages, seconds=seconds, retries=retries)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Finish):
                finish = piece
            else:
                parts.append(piece)
    return "".join(parts), finish


async def _start(
    model: "BaseChatModel", messages: "Sequence[BaseMessage]", deadline: float
) -> tuple[Completion, str]:
    """A completion and its first piece, which is empty where a filter took the text."""
    while True:
        completion = Completion(model, messages, deadline)
        try:
            return completion, await completion.first_piece()
        except ProviderError:
            await completion.close()
            if not completion.leave_out_refused():
                raise
        except BaseException:
            await completion.close()
            raise
