"""Answers and summaries as JSON and back, without loss, as they are kept."""

from pydantic import TypeAdapter

from rag.types import Answer, Summary

# A field that one of them gets later needs a default, so that what is kept can be read.
_JSON = TypeAdapter(Answer)
_SUMMARY = TypeAdapter(Summary)


def json_of_answer(answer: Answer) -> str:
    """The JSON from which `answer_of_json` makes an equal answer."""
    return _JSON.dump_json(answer).decode()


def answer_of_json(content: str) -> Answer:
    """The answer that was written by `json_of_answer`."""
    return _JSON.validate_json(content)


def json_of_summary(summary: Summary) -> str:
    """The JSON from which `summary_of_json` makes an equal summary."""
    return _SUMMARY.dump_json(summary).decode()


def summary_of_json(content: str) -> Summary:
    """The summary that was written by `json_of_summary`."""
    return _SUMMARY.validate_json(content)
