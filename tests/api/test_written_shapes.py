"""What a model writes is the same in every shape, under every policy, after other turns."""

import re
from collections.abc import Iterator

import pytest

from rag import Policy, Settings
from tests.api.conftest import send_samples
from tests.api.scripted import Chat, chatting
from tests.api.test_shapes import ASKED, agree
from tests.rag.desk import ANSWER, REPAIR, asked_for, last_message
from tests.upstream import Reply, Request, Text, text, upstream

HISTORY = ("What is the herring quota?", "It was cut. [1]")


def reply(request: Request) -> Reply | Text:
    """One true sentence, and one that no source has."""
    if not asked_for(request).startswith(ANSWER):
        return text("NO ANSWER" if asked_for(request).startswith(REPAIR) else ASKED)
    line = next(one for one in last_message(request).splitlines() if "[1.1]" in one)
    true = line.partition("] ")[2].rstrip(".")
    return text(*re.split(r"(?<= )", f"{true} [1.1]. "), "The moon is made of ", "cheese [1.2].")


@pytest.fixture(scope="module")
def chat(settings: Settings) -> Iterator[Chat]:
    with upstream(reply) as server:
        model = {"llm_base_url": server.url, "llm_model": "scribe"}
        with chatting(settings.model_copy(update=model)) as opened:
            send_samples(opened.client)
            yield opened
            assert server.refused == []


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (Policy.ANNOTATE, ["supported", "unsupported"]),
        (Policy.STRIP, ["supported"]),
        (Policy.REPAIR, ["supported"]),
        (Policy.ABSTAIN, []),
    ],
)
def test_what_a_model_writes_is_the_same_in_every_shape(
    chat: Chat, policy: Policy, verdicts: list[str]
) -> None:
    chat.pipeline.policy = policy
    said = agree(chat, ASKED, HISTORY)
    assert said.status == ("answered" if verdicts else "abstained")
    assert [one["verdict"] for one in said.sentences] == verdicts
