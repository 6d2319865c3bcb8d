"""Answers as JSON and back, without loss, as they are kept."""

from pydantic import TypeAdapter

from rag.types import Answer

# A field that Answer gets later needs a default, so that what is kept can be read.
_JSON = TypeAdapter(Answer)


def json_of_answer(answer: Answer) -> str:
    """The JSON from which `answer_of_json` makes an equal answer."""
    return _JSON.dump_json(answer).decode()


def answer_of_json(content: str) -> Answer:
    """The answer that was written by `json_of_answer`."""
    return _JSON.validate_json(content)
