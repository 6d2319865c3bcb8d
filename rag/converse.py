"""A conversation before a question: what a follow-up means without it."""

import re
from collections.abc import Sequence

from langchain_core.messages import HumanMessage, SystemMessage

from rag.prompts import prompt
from rag.sanitize import visible
from rag.types import Role, Turn
from rag.words import stems

_TURNS = 6  # the last ones tell what a follow-up is about
_TURN = 1500  # characters of a turn that are read
_LONGEST = 1000  # characters of a standalone question
_REFERS = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|one"
    r"|ones|same|former|latter|else|also|too|then)\b"
    r"|^\W*(and|or|but|so|why|how so|what about|how about)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*((and|but|so|then|please)\W+)*"
    r"(how(\s+\w+)?|what|when|where|why|which|who(m|se)?|tell me)?"
    r"(\s*\b(is|are|was|were|do|does|did|has|have|had|can|could|will|would|about)\b)?",
    re.IGNORECASE,
)
_FEW = 2  # words of a question, beside those of every question, that leave its subject open


def spoken(history: Sequence[Turn]) -> list[Turn]:
    """The turns that tell what a follow-up is about, without what nobody sees."""
    return [Turn(turn.role, visible(turn.text)[:_TURN]) for turn in history[-_TURNS:]]


def standalone_by_rule(question: str, history: Sequence[Turn]) -> str:
    """A follow-up, and in brackets what the question before it was about, when it points back.

    That is the question before without the words that ask. It is for a search, and a reader that
    looks for words; a model makes better sentences.
    """
    asked = [turn.text.strip() for turn in history if turn.role is Role.USER and turn.text.strip()]
    if not asked or not (_REFERS.search(question) or len(set(stems(question))) <= _FEW):
        return question
    about = _ASKS.sub("", visible(asked[-1])[:_LONGEST], count=1).strip(" ?!.\n")
    return f"{question} ({about})" if about else question


def standalone_prompt(question: str, history: Sequence[Turn]) -> list[SystemMessage | HumanMessage]:
    """What asks a model for a follow-up that can be understood alone."""
    talk = "\n".join(f"{turn.role.capitalize()}: {turn.text}" for turn in spoken(history))
    return [
        SystemMessage(prompt("standalone").text),
        HumanMessage(f"Conversation:\n{talk}\n\nLast question: {question}"),
    ]


def as_question(completion: str) -> str:
    """The question in what a model wrote: its first line that says something, shortened."""
    lines = [line.strip().strip('"') for line in visible(completion).splitlines()]
    return next((line for line in lines if line), "")[:_LONGEST]
