"""One completion of a remote model while it is read."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import EmptyCompletion, ProviderUnavailable
from rag.faults import fault_of, refusal, secrets_of

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

_USAGE_SECONDS = 5.0  # that the count of tokens may come after the end of the text

# Parameter that a server may refuse -> the model's field that has it sent, and the value that not.
_OPTIONAL: dict[str, tuple[str, object]] = {
    "stream_options": ("stream_usage", False),
    "temperature": ("temperature", None),
    "reasoning_effort": ("reasoning_effort", None),
    "max_tokens": ("extra_body", None),
}

# A vendor's reason for the end -> ours. Any other is the end of a whole text.
_REASONS = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "guardrail_intervened": "content_filter",
}
_BROKEN_OFF = {"abort", "cancelled", "error", "insufficient_system_resource"}

_log = logging.getLogger("pincite.llm")


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens to and from the model, as its server counts them."""

    prompt: int
    completion: int


class Completion:
    """A completion that is being streamed; `reason` and `usage` are known when it has ended.

    `reason` is "stop", "length" or "content_filter", and `usage` None where the server tells none.
    """

    def __init__(
        self, model: "BaseChatModel", messages: "Sequence[BaseMessage]", deadline: float
    ) -> None:
        """Ask for nothing yet; `deadline` is a time of the event loop's clock."""
        self.place = place_of(model)
        self.reason: str | None = None
        self.usage: TokenUsage | None = None
        self._model = model
        self._deadline = deadline
        self._refused = ""
        self._asked = {
            name
            for name, (field, without) in _OPTIONAL.items()
            if getattr(model, field, without) != without
        }
        self._stream: Any = model.astream(list(messages))

    async def first_piece(self) -> str:
        """The text up to and with its first visible character; empty where a filter took it.

        Raises EmptyCompletion, and as `piece` does.
        """
        text = ""
        while (piece := await self.piece()) is not None:
            text += piece
            if not text.isspace():
                return text
        if self.reason == "length":
            raise EmptyCompletion(
                f"{self.place} used up all the tokens that it may write, and wrote no text. Raise "
                "PINCITE_LLM_MAX_TOKENS, or choose a model that reasons less."
            )
        if self.reason == "stop":
            raise EmptyCompletion(f"{self.place} ended its answer without a word. Ask it again.")
        return ""

    async def piece(self) -> str | None:
        """The next piece of text, never empty, or None at the end.

        Raises ProviderError. What fails after the end of the text was told loses nothing but the
        count of tokens, and is logged.
        """
        try:
            while (chunk := await self._next()) is not None:
                self._note(chunk)
                if text := chunk.text:
                    return str(text)
        except Exception as error:  # each vendor's SDK has its own
            if self.reason is not None:
                _log.warning("%s failed after its answer: %s", self.place, type(error).__name__)
                return None
            self._refused = refusal(error)
            failure = fault_of(error, self.place, secrets_of(self._model))
        else:
            if self.reason is not None:
                return None
            failure = ProviderUnavailable(
                f"{self.place} hung up before the end of its answer. Ask it again."
            )
        raise failure  # not from the error, which holds the request with its key

    def leave_out_refused(self) -> bool:
        """Have the model not send again what its server refused; whether there was such a thing."""
        refused = [name for name in self._asked if name in self._refused]
        for name in refused:
            field, without = _OPTIONAL[name]
            _log.warning("%s refuses %s, so it is not sent again", self.place, name)
            setattr(self._model, field, without)
        return bool(refused)

    async def close(self) -> None:
        """Cancel the request, if it has not ended."""
        await self._stream.aclose()

    async def _next(self) -> "AIMessageChunk | None":
        deadline = self._deadline
        if self.reason is not None:
            deadline = min(deadline, asyncio.get_running_loop().time() + _USAGE_SECONDS)
        async with asyncio.timeout_at(deadline):
            return await anext(self._stream, None)

    def _note(self, chunk: "AIMessageChunk") -> None:
        about = chunk.response_metadata
        named = (about.get(key) for key in ("finish_reason", "stop_reason", "stopReason"))
        told = next((one.lower() for one in named if isinstance(one, str)), None)
        told = told or about.get("done_reason")
        if told in _BROKEN_OFF:
            raise ProviderUnavailable(f"{self.place} broke off its answer ({told}). Ask it again.")
        if told:
            self.reason = _REASONS.get(told, "stop")
        if chunk.additional_kwargs.get("refusal"):
            self.reason = "content_filter"
        if counted := chunk.usage_metadata:  # some servers tell more than once
            before = self.usage or TokenUsage(0, 0)
            self.usage = TokenUsage(
                max(before.prompt, counted["input_tokens"]),
                max(before.completion, counted["output_tokens"]),
            )


def place_of(model: "BaseChatModel") -> str:
    """What a model's endpoint is called in messages."""
    url = getattr(model, "openai_api_base", None)
    return str(url) if url else type(model).__name__
