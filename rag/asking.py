"""What a model is asked for: an answer, or one sentence of it anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rag.converse import spoken
from rag.marked import MarkedText, Written
from rag.offer import MARK, NO_ANSWER, Guard, Offer
from rag.prompts import prompt
from rag.sanitize import for_prompt, visible
from rag.types import Role, Turn

_MOST = 12  # sources that are shown


@dataclass(frozen=True, slots=True)
class Asking:
    """The messages that ask for a text, and those that ask for a sentence of it anew.

    `said` is what the user said, whose URLs the text may repeat. `repair` takes the sentence, and
    where in the offer's evidence its sources are.
    """

    messages: Sequence[BaseMessage]
    repair: Callable[[str, Sequence[int]], Sequence[BaseMessage]]
    said: str = ""


def answer_prompt(
    question: str, history: Sequence[Turn], offer: Offer, guard: Guard
) -> list[BaseMessage]:
    """What asks a model for an answer from what is offered, after what was said before."""
    system = prompt("answer").fill(
        boundary=guard.boundary, canary=guard.canary, mark=MARK, no_answer=NO_ANSWER
    )
    asked = prompt("question").fill(
        boundary=guard.boundary, passages=offer.text, question=visible(question)
    )
    before = [
        HumanMessage(turn.text) if turn.role is Role.USER else AIMessage(turn.text)
        for turn in spoken(history)
    ]
    return [SystemMessage(system), *before, HumanMessage(asked)]


def repair_prompt(
    question: str, sentence: str, offer: Offer, sources: Sequence[int], guard: Guard
) -> list[BaseMessage]:
    """What asks a model for a sentence that says only what the sources say.

    `sources` are indexes of the offer's evidence, which keep the ids that they were offered with.
    """
    names = {at: f"{passage}.{number}" for (passage, number), at in offer.ids.items()}
    lines = [
        f"{MARK} [{names[at]}] {for_prompt(offer.evidence[at].text)}"
        for at in [at for at in sources if at in names][:_MOST]
    ]
    return [
        SystemMessage(
            prompt("repair").fill(
                boundary=guard.boundary, canary=guard.canary, mark=MARK, no_answer=NO_ANSWER
            )
        ),
        HumanMessage(
            prompt("repair_question").fill(
                boundary=guard.boundary,
                sources="\n".join(lines),
                question=visible(question),
                sentence=for_prompt(sentence),
            )
        ),
    ]


def repaired(completion: str) -> Written | None:
    """The first sentence of what a model wrote, or None when it found nothing to say."""
    marked = MarkedText()
    items = [*marked.feed(completion), *marked.end()]
    first = next((item for item in items if isinstance(item, Written)), None)
    return None if first is None or declines(first.text) else first


def declines(text: str, *, so_far: bool = False) -> bool:
    """Whether a sentence is the word for no answer, or, `so_far`, may become it."""
    word = text.strip(" .!*\"'`\n").upper()
    return NO_ANSWER.startswith(word) if so_far else word == NO_ANSWER


def judge_prompt(claim: str, sources: Sequence[str], guard: Guard) -> list[BaseMessage]:
    """What asks a model whether sources support a claim."""
    quoted = "\n".join(f"{MARK} {for_prompt(one)}" for one in sources[:_MOST])
    return [
        SystemMessage(prompt("judge").fill(boundary=guard.boundary)),
        HumanMessage(
            f"<{guard.boundary}>\n{quoted}\n</{guard.boundary}>\n\nClaim: {for_prompt(claim)}"
        ),
    ]
