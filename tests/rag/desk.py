"""A pipeline whose model is a server that plays one, and reads what it is sent."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from rag import Answer, Pipeline, Question
from rag.events import Answered, Delta, Event
from tests.rag.reading import Shelf, run
from tests.upstream import Reply, Request, Text, Upstream, text

Says = Callable[[Request], "Reply | Text"]

ANSWER, REPAIR, STANDALONE = "You answer a question", "You correct one", "You rewrite the last"


def asked_for(request: Request) -> str:
    """The first words of the system prompt, "" without one."""
    first = request.json["messages"][0]
    return str(first["content"]) if first["role"] == "system" else ""


def last_message(request: Request) -> str:
    """What the model was given last."""
    return str(request.json["messages"][-1]["content"])


def id_of(request: Request, words: str) -> str:
    """The id, in square brackets, of the line of the prompt that has the words."""
    for line in last_message(request).splitlines():
        found = re.match(r"\W+(\[\d+\.\d+\])", line)
        if found and words in line:
            return found[1]
    raise AssertionError(f"{words!r} was not offered in: {last_message(request)}")


def marked(template: str, cut: int = 7) -> Says:
    """Says a text in pieces, "{some words}" in it being the id of the sentence with them."""

    def answer(request: Request) -> Reply | Text:
        whole = re.sub(r"\{([^}]*)\}", lambda words: id_of(request, words[1]), template)
        return text(*(whole[at : at + cut] for at in range(0, len(whole), cut)))

    return answer


class Desk:
    """One question after another, to a model that says what a test has it say."""

    def __init__(self, pipeline: Pipeline, server: Upstream) -> None:
        """Ask the pipeline, whose model is the server."""
        self.shelf = Shelf(pipeline, "default")
        self.server = server
        self.answer_with: Says = marked("")
        self.repair_with: Says = marked("NO ANSWER")
        self.standalone: Says = marked("")
        self._seen = 0

    def reply(self, request: Request) -> Reply | Text:
        """What the model says to a request."""
        asked = asked_for(request)
        if asked.startswith(REPAIR):
            return self.repair_with(request)
        if asked.startswith(STANDALONE):
            return self.standalone(request)
        return self.answer_with(request)

    def new_shelf(self, collection: str) -> None:
        """Have the next questions asked of an empty collection."""
        self.shelf = Shelf(self.shelf.pipeline, collection)
        self._seen = len(self.server.requests)

    @property
    def requests(self) -> Sequence[Request]:
        """What the model was sent since then."""
        return self.server.requests[self._seen :]

    def events(self, question: str, reply: str | Says = "", **fields: Any) -> list[Event]:
        """What happens when the model says `reply` to a question."""
        self.answer_with = marked(reply) if isinstance(reply, str) else reply
        asked = Question(question, collection=self.shelf.collection, **fields)

        async def collect() -> list[Event]:
            return [event async for event in self.shelf.pipeline.answering(asked)]

        events = run(collect())
        last = events[-1]
        assert isinstance(last, Answered)
        answer = last.answer
        assert "".join(one.text for one in events if isinstance(one, Delta)) == answer.text
        assert_pointers_hold(self.shelf.pipeline, answer)
        assert self.server.refused == []
        return events

    def ask(self, question: str, reply: str | Says = "", **fields: Any) -> Answer:
        """The answer when the model says `reply`."""
        last = self.events(question, reply, **fields)[-1]
        assert isinstance(last, Answered)
        return last.answer


def assert_pointers_hold(pipeline: Pipeline, answer: Answer) -> None:
    """Every sentence stands at its span, and every quote at its own."""
    for sentence in answer.sentences:
        assert sentence.span.of(answer.text) == sentence.text
        for marker in sentence.citations:
            assert answer.citations[marker - 1].marker == marker
    for citation in answer.citations:
        document = run(pipeline.document(citation.document_id, citation.version))
        assert citation.span.of(document.text) == citation.quote
