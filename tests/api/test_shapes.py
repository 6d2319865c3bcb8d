"""The same question has the same answer in every shape that it can be asked for."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from api import schemas
from api.abstention import content_of
from corpus.types import Document, Span
from rag.citations import Pointer, Statement, write
from rag.events import Began, Event, Stage, events_of
from rag.types import Answer, Question, Reason, Status, Verdict
from tests.api.scripted import Chat, Script

SCRIPTED = "What do you make of it?"
ASKED = "Why was the herring quota cut?"
QUESTIONS = [
    "How did the council vote on the ferry budget?",
    "How much subsidy does the Skarne–Little Orrin crossing get in 2026?",
    ASKED,
    "What colour is the moon of Jupiter?",
    "zxqv?",
]


History = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What a shape says: its text, the sentences with their verdicts, and the citations."""

    text: str
    sentences: list[dict[str, Any]]
    citations: list[dict[str, Any]]
    status: str
    reason: str | None


def native(chat: Chat, question: str, history: History = ()) -> Said:
    body = {"question": question, "history": turns(history)}
    return of_answer(chat.client.post("/v1/answers", json=body).raise_for_status().json())


def read_back(chat: Chat, question: str, history: History = ()) -> Said:
    body = {"question": question, "history": turns(history)}
    given = chat.client.post("/v1/answers", json=body).raise_for_status().json()
    return of_answer(chat.client.get(f"/v1/answers/{given['id']}").raise_for_status().json())


def native_stream(chat: Chat, question: str, history: History = ()) -> Said:
    """Also holds that the deltas and the events of sentences say what the whole answer does."""
    body = {"question": question, "history": turns(history), "stream": True}
    text = chat.client.post("/v1/answers", json=body).raise_for_status().text
    found: dict[str, list[dict[str, Any]]] = {}
    for event in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.splitlines())
        found.setdefault(fields["event"], []).append(json.loads(fields["data"]))
    (answer,) = found["answer"]
    assert "".join(one["text"] for one in found.get("delta", [])) == answer["text"]
    checked = found.get("sentence", [])
    assert [one["verdict"] for one in checked] == [one["verdict"] for one in answer["sentences"]]
    assert [one for event in checked for one in event["citations"]] == answer["citations"]
    return of_answer(answer)


def of_answer(answer: dict[str, Any]) -> Said:
    return Said(*(answer[key] for key in ("text", "sentences", "citations", "status", "reason")))


def turns(history: History, name: str = "content") -> list[dict[str, Any]]:
    """What was said, the user first, then the assistant, and so on."""
    return [
        {"role": role, name: said}
        for role, said in zip(cycle(("user", "assistant")), history, strict=False)
    ]


def completion(chat: Chat, question: str, history: History = ()) -> Said:
    body = {"messages": turns((*history, question))}
    found = chat.client.post("/v1/chat/completions", json=body).raise_for_status().json()
    message = found["choices"][0]["message"]
    return of_openai(message["content"], message["annotations"], found["pincite"])


def streamed_completion(chat: Chat, question: str, history: History = ()) -> Said:
    body = {"messages": turns((*history, question)), "stream": True}
    found = frames(chat, "/v1/chat/completions", body)
    deltas = [one["choices"][0]["delta"] for one in found]
    text = "".join(one.get("content", "") for one in deltas)
    (annotations,) = (one["annotations"] for one in deltas if "annotations" in one)
    return of_openai(text, annotations, found[-1]["pincite"])


def of_openai(text: str, annotations: list[dict[str, Any]], answer: dict[str, Any]) -> Said:
    """Also holds that the annotations say what the answer's sentences do."""
    cited = {one["marker"]: one for one in answer["citations"]}
    expected = [
        (one["text"], cited[marker]["id"], cited[marker]["title"])
        for one in answer["sentences"]
        for marker in one["citations"]
    ]
    spans = [one["url_citation"] for one in annotations]
    assert expected == [
        (text[one["start_index"] : one["end_index"]], one["url"].split("/")[-1], one["title"])
        for one in spans
    ]
    assert text.startswith(answer["text"])
    keys = ("sentences", "citations", "status", "reason")
    return Said(text, *(answer[key] for key in keys))


def ui_message(chat: Chat, question: str, history: History = ()) -> Said:
    said = turns((*history, question), "text")
    body = {
        "messages": [
            {"role": one["role"], "parts": [{"type": "text", "text": one["text"]}]} for one in said
        ]
    }
    found = frames(chat, "/v1/chat/ui", body)
    metadata = found[-1]["messageMetadata"]
    return Said(
        "".join(one.get("delta", "") for one in found),
        metadata["sentences"],
        [one["data"] for one in found if one["type"] == "data-citation"],
        metadata["status"],
        metadata["reason"],
    )


def frames(chat: Chat, path: str, body: object) -> list[dict[str, Any]]:
    text = chat.client.post(path, json=body).raise_for_status().text
    *found, done, rest = text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(one.removeprefix("data: ")) for one in found]


def agree(chat: Chat, question: str, history: History = ()) -> Said:
    """What all shapes say; a text takes the place of the native shape's status and reason."""
    plain = native(chat, question, history)
    assert native_stream(chat, question, history) == plain
    assert read_back(chat, question, history) == plain
    shapes = (completion, streamed_completion, ui_message)
    others = [one(chat, question, history) for one in shapes]
    assert others[0] == others[1] == others[2]
    if plain.status != "abstained" and plain.text:
        assert others[0] == plain
    else:
        assert others[0].text.startswith(plain.text)
        assert replace(others[0], text=plain.text) == plain
    return others[0]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_the_same_answer_in_every_shape(chat: Chat, question: str) -> None:
    said = agree(chat, question)
    assert said.text
    answer = asyncio.run(chat.pipeline.ask(question))
    assert said.text == content_of(answer)
    assert said.sentences == schemas.answer(answer).model_dump(mode="json")["sentences"]


def test_some_of_these_are_answered_and_some_are_not(chat: Chat) -> None:
    found = [native(chat, question) for question in QUESTIONS]
    assert {one.status for one in found} == {"answered", "abstained"}
    assert max(len(one.citations) for one in found) > 1


def written(answer: Answer, documents: list[Document]) -> Answer:
    """A sentence for each verdict, which cites the documents' first words, alone or together."""
    pointers = [Pointer(one, Span(at, at + 9)) for one in documents for at in (0, 10)]
    statements = [
        Statement(f"The ferry 🚢 of Sandel is {said}.", tuple(pointers[:at]), at / 10, said)
        for at, said in enumerate(reversed(Verdict))
    ]
    cited = write(statements)
    return replace(answer, text=cited.text, sentences=cited.sentences, citations=cited.citations)


def cut_off(answer: Answer) -> Answer:
    return replace(answer, status=Status.INCOMPLETE, reason=Reason.INTERRUPTED)


def nothing(answer: Answer) -> Answer:
    return replace(answer, text="", sentences=(), citations=())


def withheld(answer: Answer) -> Answer:
    abstained = {"status": Status.ABSTAINED, "reason": Reason.CONFLICTING_EVIDENCE}
    return replace(nothing(answer), **abstained)  # type: ignore[arg-type]


def silenced(answer: Answer) -> Answer:
    return replace(nothing(answer), status=Status.INCOMPLETE, reason=Reason.CONTENT_FILTER)


def test_an_answer_of_many_sentences_is_the_same_in_every_shape(chat: Chat) -> None:
    answer = asyncio.run(chat.pipeline.ask(ASKED))
    ids = dict.fromkeys(one.chunk.document_id for one in answer.passages)
    documents = [asyncio.run(chat.pipeline.document(name)) for name in list(ids)[:2]]
    answer = written(answer, documents)
    chat.pipeline.scripts[SCRIPTED] = telling(answer)
    said = agree(chat, SCRIPTED)
    assert said.text == answer.text
    assert [one["verdict"] for one in said.sentences] == list(reversed(Verdict))
    assert [one["marker"] for one in said.citations] == [1, 2, 3, 4]
    for one in said.sentences:
        assert said.text[one["span"]["start"] : one["span"]["end"]] == one["text"]


@pytest.mark.parametrize("change", [cut_off, withheld, silenced])
def test_answers_that_only_a_language_model_gives_are_the_same_too(
    chat: Chat, change: Callable[[Answer], Answer]
) -> None:
    answer = change(asyncio.run(chat.pipeline.ask(ASKED)))
    chat.pipeline.scripts[SCRIPTED] = telling(answer)
    said = agree(chat, SCRIPTED)
    assert said.text == content_of(answer)
    assert said.text
    assert said.reason == answer.reason
    assert [one["verdict"] for one in said.sentences] == [one.verdict for one in answer.sentences]


def telling(answer: Answer) -> Script:
    async def script(_: Question) -> AsyncGenerator[Event]:
        yield Began(Stage.GENERATING)
        for event in events_of(answer):
            yield event

    return script


def test_a_follow_up_has_the_same_answer_in_every_shape(chat: Chat) -> None:
    history = ("How much subsidy does the Skarne–Little Orrin crossing get?", "See below.")
    said = agree(chat, "And in 2026?", history)
    assert "46.3" in said.text
