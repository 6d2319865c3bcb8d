"""The messages of a chat as a question and what was said before it.

Chat clients send what they like: parts that are no text, tools' results, instructions for a model.
What is not text of the user or the assistant is passed over.
"""

import re
from collections.abc import Sequence

from pydantic import BaseModel, Field

from corpus.errors import InvalidRequest
from rag.types import Role, Turn

_MARKERS = re.compile(r"(?: ?\[[1-9][0-9]{0,2}\])+")
_LONGEST = 32_000  # characters of a question; front ends' own prompts repeat whole conversations


class Part(BaseModel):
    """A part of a message; only those of the type text count, and others may hold anything."""

    type: str
    text: object = None


class Message(BaseModel):
    """What somebody said. The AI SDK has `parts` where OpenAI has `content`."""

    role: str = Field(description="Only user and assistant count.")
    content: str | list[Part] | None = None
    parts: list[Part] | None = None

    @property
    def text(self) -> str:
        """The text of all parts, one under the other; "" when there is none."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content or self.parts or []
        texts = [one.text for one in parts if one.type == "text"]
        return "\n".join(text for text in texts if isinstance(text, str) and text)


def question_of(messages: Sequence[Message]) -> tuple[str, tuple[Turn, ...]]:
    """The last message of the user, and the turns before it, without the markers of citations.

    Raises InvalidRequest when the user said nothing, or more than a question can be.
    """
    said = [(Role(one.role), one.text) for one in messages if one.role in set(Role)]
    last = max((at for at, (role, _) in enumerate(said) if role is Role.USER), default=None)
    if last is None:
        raise InvalidRequest(
            "'messages' has no message with the role 'user'. Send the question as the last one."
        )
    question = said[last][1]
    if len(question) > _LONGEST:
        raise InvalidRequest(
            f"The question has {len(question)} characters, over {_LONGEST}. Ask for less at a time."
        )
    return question, tuple(_turn(role, text) for role, text in said[:last] if text.strip())


def _turn(role: Role, text: str) -> Turn:
    return Turn(role, _MARKERS.sub("", text) if role is Role.ASSISTANT else text)
