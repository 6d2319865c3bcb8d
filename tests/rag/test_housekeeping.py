"""What front ends ask for on their own account is told from what people ask."""

import json

import pytest

from rag import Role, Status, Turn, Verdict
from rag.housekeeping import is_housekeeping
from tests.rag.desk import Desk, last_message
from tests.rag.reading import Shelf, run
from tests.upstream import text

OPEN_WEBUI_TITLE = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: When was the lighthouse of Vessel Point painted last?
ASSISTANT: In May 2019.
</chat_history>"""
OPEN_WEBUI_TAGS = """### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history.
### Output:
JSON format: { "tags": ["tag1", "tag2", "tag3"] }
### Chat History:
<chat_history>
USER: When was the lighthouse painted?
</chat_history>"""
OPEN_WEBUI_FOLLOW_UPS = """### Task:
Suggest 3-5 relevant follow-up questions that the user might naturally ask next.
### Output:
JSON format: { "follow_ups": ["Question 1?", "Question 2?"] }
### Chat History:
<chat_history>
USER: When was the lighthouse painted?
</chat_history>"""
LIBRECHAT = "Provide a concise, 5-word-or-less title for the conversation, using title case."
NEXTCHAT = (
    "Please generate a four to five word title summarizing our conversation without any lead-in, "
    "punctuation, quotation marks, periods, symbols, bold text, or additional text."
)
AI_SDK = "Generate a short title based on the first message a user begins a conversation with."


@pytest.mark.parametrize(
    "prompt",
    [OPEN_WEBUI_TITLE, OPEN_WEBUI_TAGS, OPEN_WEBUI_FOLLOW_UPS, LIBRECHAT, NEXTCHAT, AI_SDK],
)
def test_the_prompts_of_front_ends_are_known(prompt: str) -> None:
    assert is_housekeeping(prompt)


@pytest.mark.parametrize(
    "question",
    [
        "What is the title of the report?",
        "Which topics did the conversation with the minister touch?",
        "Generate a summary of the budget.",
        "Who created the tag line?",
        "What did the council say in its discussion of the ferry?",
        "Write about the history of the lighthouse.",
    ],
)
def test_questions_of_people_are_not(question: str) -> None:
    assert not is_housekeeping(question)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (OPEN_WEBUI_TITLE, {"title": "When was the lighthouse of Vessel"}),
        (OPEN_WEBUI_TAGS, {"tags": []}),
        (OPEN_WEBUI_FOLLOW_UPS, {"follow_ups": []}),
    ],
)
def test_without_a_model_the_conversations_words_serve(
    shelf: Shelf, prompt: str, expected: dict[str, object]
) -> None:
    answer = run(shelf.pipeline.ask(prompt, collection=shelf.collection))
    assert json.loads(answer.text) == expected
    assert answer.status is Status.ANSWERED
    assert (answer.passages, answer.citations) == ((), ())
    assert [one.verdict for one in answer.sentences] == [Verdict.NOT_A_CLAIM]


def test_a_title_in_words_is_the_first_question(shelf: Shelf) -> None:
    history = (Turn(Role.USER, "When was the lighthouse painted?"), Turn(Role.ASSISTANT, "2019"))
    answer = run(shelf.pipeline.ask(LIBRECHAT, collection=shelf.collection, history=history))
    assert answer.text == "When was the lighthouse painted"


def test_a_model_is_asked_as_the_front_end_asks_and_nothing_is_looked_up(desk: Desk) -> None:
    desk.shelf.add("The lighthouse was painted in May 2019.")
    answer = desk.ask(OPEN_WEBUI_TITLE, lambda _: text('{"title": "Lighthouse paint"}'))
    assert answer.text == '{"title": "Lighthouse paint"}'
    (request,) = desk.requests
    assert last_message(request) == OPEN_WEBUI_TITLE
    assert answer.usage.prompt == 11
