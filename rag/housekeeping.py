"""What front ends ask for on their own account: titles, tags and follow-ups of a conversation.

Nothing is looked up for these, and nothing is cited.
"""

import json
import re
from collections.abc import AsyncGenerator

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from corpus.types import Span
from rag.calls import Calls, Writer
from rag.events import Began, Event, Stage, events_of
from rag.sanitize import visible
from rag.types import EXTRACTIVE, Answer, Question, Role, Sentence, Status, Usage, Verdict

_TITLE_WORDS = 6
_USER_SAID = re.compile(r"^(?:USER|User|user|Human)\s*:\s*(.+)$", re.MULTILINE)
_KEY = re.compile(r"[\"'](title|tags|follow_ups|queries|text)[\"']\s*:")

# Each is how a front end words it: Open WebUI, LibreChat, LobeChat, NextChat, AI SDK templates.
_HOUSEKEEPING = re.compile(
    r"^\s*#{1,4} Task:\s*\n.{0,80}?\b(generate|suggest|analyze|you are an autocompletion)"
    r"|\b(generate|provide|create|write|summari[sz]e|come up with)\b[^.\n]{0,80}\b"
    r"(title|tags?|topics?|headline|follow-?up questions)\b[^.\n]{0,60}\b"
    r"(conversation|chat|history|dialogue|discussion|first message|user'?s message)\b"
    r"|\b(title|name) (for|of) (the|this|our) (conversation|chat)\b"
    r"|\bsummari[sz](e|ing) (the|this|our) (conversation|chat|discussion)\b",
    re.IGNORECASE | re.DOTALL,
)


def is_housekeeping(text: str) -> bool:
    """Whether a front end asks for a title, tags or follow-ups, and no person asks anything.

    Only the beginning and the end of the text count, since the conversation stands between.
    """
    return _HOUSEKEEPING.search(text[:400]) is not None or (
        "\n" in text and _HOUSEKEEPING.search(text[-300:]) is not None
    )


async def keep_house(
    question: Question, writer: Writer | None, identity: str
) -> AsyncGenerator[Event]:
    """Answer such a request by the model; without one, by the words of the conversation.

    `identity` is the answer's id. Raises ProviderError.
    """
    yield Began(Stage.GENERATING)
    usage = Usage(read=0)
    if writer is None:
        text = _by_rule(question)
    else:
        messages: list[BaseMessage] = [
            HumanMessage(turn.text) if turn.role is Role.USER else AIMessage(turn.text)
            for turn in question.history
        ]
        calls = Calls(writer)
        text = visible(await calls.complete([*messages, HumanMessage(question.text)])).strip()
        usage = Usage(0, calls.prompt_tokens, calls.completion_tokens)
    said = Sentence(text, Span(0, len(text)), Verdict.NOT_A_CLAIM, 0.0, ())
    answer = Answer(
        id=identity,
        question=question.text,
        standalone_question=question.text,
        status=Status.ANSWERED,
        reason=None,
        text=text,
        sentences=(said,) if text else (),
        citations=(),
        passages=(),
        conflicts=(),
        usage=usage,
        timings={},
        model=EXTRACTIVE if writer is None else writer.name,
        prompt_hash=None,
    )
    for event in events_of(answer):
        yield event


def _by_rule(question: Question) -> str:
    """The first thing that the user said, shortened; as JSON where that is asked for.

    Lists (tags, follow-ups, queries) are empty: nothing here can think of any.
    """
    asked = [turn.text for turn in question.history if turn.role is Role.USER]
    asked += _USER_SAID.findall(question.text)
    words = (asked[0] if asked else "Conversation").split()
    title = " ".join(words[:_TITLE_WORDS]).strip(" ?.!,;:")
    key = _KEY.search(question.text)
    if key is None:
        return title
    return json.dumps({key[1]: title if key[1] in ("title", "text") else []}, ensure_ascii=False)
