"""Why a question was not answered, in words: the same in every shape that needs a text."""

from collections.abc import Mapping

from corpus.types import Passage
from rag.types import Answer, Reason, Status

WHY: Mapping[Reason, str] = {
    Reason.NO_EVIDENCE: "Nothing in the documents is about this.",
    Reason.WEAK_EVIDENCE: "The documents come near this, but do not say it.",
    Reason.CONFLICTING_EVIDENCE: "The documents contradict each other on this.",
    Reason.OUT_OF_SCOPE: "What was found in the documents is about something else.",
    Reason.LENGTH: "The language model reached its limit before it had said anything.",
    Reason.CONTENT_FILTER: "The language model's answer was withheld by a content filter.",
    Reason.INTERRUPTED: "The language model broke off before it had said anything.",
}

_NAMED = 3  # passages


def content_of(answer: Answer) -> str:
    """An answer's text, ended by `epilogue`: what a client shows that knows texts only.

    It begins with `answer.text`, so the spans of the answer's sentences hold in it.
    """
    return answer.text + epilogue(answer)


def epilogue(answer: Answer) -> str:
    """What is to be said after an answer's text: that and why there is none; else ""."""
    if answer.status is Status.INCOMPLETE and not answer.text and answer.reason is not None:
        return WHY[answer.reason]
    if answer.status is not Status.ABSTAINED:
        return ""
    said = ["The documents do not answer this question."]
    if answer.reason is not None:
        said.append(WHY[answer.reason])
    lines = [" ".join(said)]
    if answer.passages:
        names = dict.fromkeys(_name(one) for one in answer.passages)
        lines.append("Nearest to it:\n" + "\n".join(f"- {name}" for name in list(names)[:_NAMED]))
    return ("\n\n" if answer.text else "") + "\n\n".join(lines)


def _name(passage: Passage) -> str:
    """Title and headings on one line."""
    steps = dict.fromkeys((passage.title, *passage.chunk.heading_path))
    return " > ".join(" ".join(step.split()) for step in steps)
