"""Answers, summaries and what leads to them as JSON and back, without loss, as they are kept."""

from pydantic import TypeAdapter

from rag.plan import Plan
from rag.replies import Reply
from rag.types import Answer, Summary, SummaryTask

# A field that one of these gets later needs a default, so that what is kept can be read.
_ANSWER = TypeAdapter(Answer)
_SUMMARY = TypeAdapter(Summary)
_TASK = TypeAdapter(SummaryTask)
_PLAN = TypeAdapter(Plan)
_REPLY = TypeAdapter(Reply)


def json_of_answer(answer: Answer) -> str:
    """The JSON from which `answer_of_json` makes an equal answer."""
    return _ANSWER.dump_json(answer).decode()


def answer_of_json(content: str) -> Answer:
    """The answer that was written by `json_of_answer`."""
    return _ANSWER.validate_json(content)


def json_of_summary(summary: Summary) -> str:
    """The JSON from which `summary_of_json` makes an equal summary."""
    return _SUMMARY.dump_json(summary).decode()


def summary_of_json(content: str) -> Summary:
    """The summary that was written by `json_of_summary`."""
    return _SUMMARY.validate_json(content)


def json_of_task(task: SummaryTask) -> str:
    """The JSON from which `task_of_json` makes an equal task."""
    return _TASK.dump_json(task).decode()


def task_of_json(content: str) -> SummaryTask:
    """The task that was written by `json_of_task`."""
    return _TASK.validate_json(content)


def json_of_plan(plan: Plan) -> str:
    """The JSON from which `plan_of_json` makes an equal plan."""
    return _PLAN.dump_json(plan).decode()


def plan_of_json(content: str) -> Plan:
    """The plan that was written by `json_of_plan`."""
    return _PLAN.validate_json(content)


def json_of_reply(reply: Reply) -> str:
    """The JSON from which `reply_of_json` makes an equal reply."""
    return _REPLY.dump_json(reply).decode()


def reply_of_json(content: str) -> Reply:
    """The reply that was written by `json_of_reply`."""
    return _REPLY.validate_json(content)
