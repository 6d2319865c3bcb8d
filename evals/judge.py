"""A judge of claims that is no part of what it judges: a model with a prompt of its own.

It shares neither prompt nor code with `rag.verify`, so that no system marks its own homework. What
it gives no verdict on is unscored: that is counted and shown, and is in no mean.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.tokens import token_counter
from evals.errors import EvalError, UnusableRun
from evals.folder import append, mend, read_lines
from rag import ProviderError, Settings
from rag.llm import chat_model, close_model, complete

if TYPE_CHECKING:  # imported when a model is made, since it takes long
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

OFFLINE = "not in the cache, and offline"
_ATTEMPTS = 2
_SHOWN = 80  # characters of a reply that can not be read
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


class Grade(StrEnum):
    """What sources say of a claim, by a judge or a person."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)

    verdict: Grade
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A claim and its sources; items of a group are not independent. `label` is a person's."""

    claim: str
    sources: tuple[str, ...]
    group: str
    label: Grade | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A grade, or None with why there is none as the reason; and the tokens that it took."""

    grade: Grade | None
    reason: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: bool = False


class Judge:
    """A model that judges, and the file in which its grades are kept by model, prompt and input."""

    def __init__(self, settings: Settings, cache_file: Path, *, offline: bool = False) -> None:
        """Use the model of the settings, or none when `offline`: then the cache alone.

        Raises EvalError when no model is set, and UnusableRun for a file that is no such cache.
        """
        self.name = settings.llm_model or "default"
        self._settings = settings
        self._file = cache_file
        self._model: BaseChatModel | None = None if offline else chat_model(settings)
        if self._model is None and not offline:
            raise EvalError(
                "There is no model to judge with. Set PINCITE_LLM_BASE_URL and PINCITE_LLM_MODEL, "
                "or use --offline with a cache."
            )
        self._kept = {_key_of(row, cache_file): row for row in read_lines(cache_file)}
        mend(cache_file)

    def close(self) -> None:
        """Close the connections of the model."""
        if self._model is not None:
            close_model(self._model)

    async def judge_all(
        self, items: Sequence[Item], *, at_once: int, say: Callable[[int, int], None]
    ) -> list[Judged]:
        """Judge items, some at the same time; `say` gets how many of how many are done."""
        room = asyncio.Semaphore(at_once)
        done = 0

        async def one(item: Item) -> Judged:
            nonlocal done
            async with room:
                found = await self.judge(item)
            done += 1
            say(done, len(items))
            return found

        return list(await asyncio.gather(*map(one, items)))

    def left(self, items: Sequence[Item]) -> list[Item]:
        """Those that the model is to be asked about: not in the cache, and none when offline."""
        if self._model is None:
            return []
        return [item for item in items if self._key(item) not in self._kept]

    def tokens(self, items: Sequence[Item]) -> tuple[int, int]:
        """Tokens to the model for items, each asked once, and at most from it."""
        count = token_counter(self._settings.encoding)
        prompt = sum(count(str(one.content)) for item in items for one in _messages(item))
        return prompt, len(items) * self._settings.llm_max_tokens

    async def judge(self, item: Item) -> Judged:
        """Judge an item: from the cache, or by the model with one retry, or not at all."""
        key = self._key(item)
        if (row := self._kept.get(key)) is not None:
            return Judged(Grade(row["grade"]), row["reason"], cached=True)
        if self._model is None:
            return Judged(None, OFFLINE)
        found = await self._asked(self._model, item)
        if found.grade is not None:
            row = {"key": key, "model": self.name, "prompt": prompt_hash()}
            row |= {"grade": found.grade, "reason": found.reason}
            self._kept[key] = row
            await asyncio.to_thread(append, self._file, row)
        return found

    async def _asked(self, model: "BaseChatModel", item: Item) -> Judged:
        from langchain_core.messages import AIMessage, HumanMessage  # noqa: PLC0415 - takes long

        messages = _messages(item)
        prompt_tokens = completion_tokens = 0
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                text, finish = await complete(
                    model,
                    messages,
                    seconds=self._settings.llm_seconds,
                    retries=self._settings.llm_retries,
                )
            except ProviderError as error:
                why = f"{type(error).__name__}: {error}"
                continue
            if finish.usage is not None:
                prompt_tokens += finish.usage.prompt
                completion_tokens += finish.usage.completion
            try:
                reply = read_reply(text)
            except ValueError as error:
                why = str(error)
                again = f"That can not be read: {error}. Reply with the JSON object alone."
                messages = [*_messages(item), AIMessage(text), HumanMessage(again)]
                continue
            return Judged(reply.verdict, reply.reason, prompt_tokens, completion_tokens)
        return Judged(None, why, prompt_tokens, completion_tokens)

    def _key(self, item: Item) -> str:
        about = json.dumps([self.name, prompt_hash(), item.claim, item.sources], ensure_ascii=False)
        return hashlib.sha256(about.encode()).hexdigest()


def _key_of(row: object, cache_file: Path) -> str:
    if not isinstance(row, dict) or not {"key", "grade", "reason"} <= {*row}:
        raise UnusableRun(f"{cache_file} has other things in it than grades. Name another --cache.")
    return str(row["key"])


def read_reply(text: str) -> _Reply:
    """The grade in a reply, also where a code fence or words stand around its object.

    Raises ValueError that says what is wrong. A verdict that is not one of the four is not guessed.
    """
    found = _OBJECT.search(text)
    if found is None:
        raise ValueError(f"there is no JSON object in {text[:_SHOWN]!r}")
    try:
        return _Reply.model_validate_json(found.group())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the reply"
        raise ValueError(f"{place}: {first['msg']} in {text[:_SHOWN]!r}") from None


def _messages(item: Item) -> "list[BaseMessage]":
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415 - takes long

    asked = json.dumps({"sources": item.sources, "statement": item.claim}, ensure_ascii=False)
    return [SystemMessage(_prompt()), HumanMessage(asked)]


@cache
def _prompt() -> str:
    return (Path(__file__).parent / "prompts" / "judge.md").read_text(encoding="utf-8").strip()


def prompt_hash() -> str:
    """Hash of the judge's prompt."""
    return hashlib.sha256(_prompt().encode()).hexdigest()[:16]
