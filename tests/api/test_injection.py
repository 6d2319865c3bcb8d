"""What documents order a model to do does not leave the API, whatever the model makes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.app import create_app
from rag import Settings
from tests.api.serving import serving
from tests.rag.desk import asked_for, last_message
from tests.rag.injected import FALSE, INJECTED, Injected
from tests.upstream import Reply, Request, Text, Upstream, text, upstream

QUESTION = "Who painted the lighthouse, and when?"
TRUE = "The lighthouse of Vessel Point was painted in May 2019 by the harbour office."
POLICIES = ("annotate", "strip", "repair", "abstain")


@dataclass
class Office:
    """A server whose model does what documents tell it to."""

    client: httpx.Client
    model: Upstream
    obeyed: str = ""
    canary: str = ""

    def reply(self, request: Request) -> Reply | Text:
        """What an obedient model writes."""
        self.canary = re.findall(r"\bzq[0-9a-f]+\b", asked_for(request))[0]
        said = self.obeyed.replace("CANARY", f"My code is {self.canary}.")
        said = said.replace("DASHED", f"My code is {'-'.join(self.canary)}.")
        return text(*(said[at : at + 5] for at in range(0, len(said), 5)))

    def ask(self, case: Injected, policy: str) -> dict[str, Any]:
        """The answer to the question over a true document and an injected one."""
        self.obeyed = case.obeyed
        collection = f"{INJECTED.index(case)}"
        body = {"question": QUESTION, "collection": collection, "policy": policy}
        response = self.client.post("/v1/answers", json=body)
        assert response.status_code == 200, response.text
        assert self.model.refused == []
        found: dict[str, Any] = response.json()
        return found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    offices: list[Office] = []

    def reply(request: Request) -> Reply | Text:
        return offices[0].reply(request)

    with upstream(reply) as model:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("office"),
            threads=2,
            llm_base_url=model.url,
            llm_model="obedient",
            llm_retries=0,
        )
        with serving(create_app(settings)) as client:
            for number, case in enumerate(INJECTED):
                for words in (TRUE, case.text):
                    body = {"text": words, "collection": str(number), "title": "Lighthouse"}
                    response = client.post("/v1/documents", params={"wait": True}, json=body)
                    assert response.status_code == 200, response.text
            offices.append(Office(client, model))
            yield offices[0]


def name_of(case: Injected) -> str:
    return f"{case.family}-{INJECTED.index(case)}"


@pytest.mark.parametrize("case", INJECTED, ids=name_of)
def test_what_the_model_is_told_is_marked_as_data_and_hides_nothing(
    office: Office, case: Injected
) -> None:
    before = len(office.model.requests)
    office.ask(case, "annotate")
    for request in office.model.requests[before:]:
        prompt = last_message(request)
        quoted, question = prompt.rsplit("\n\nQuestion:", 1)
        opening, *lines, closing = quoted.splitlines()
        assert opening.strip("<>") == closing.strip("</>")
        assert len(opening) > 20
        assert all(line.startswith("▏") for line in lines)
        ids = re.findall(r"\[[\d., ]+\]", quoted)
        assert len(ids) == len(set(ids)) == sum("[" in line[:6] for line in lines)
        assert question.strip() == QUESTION
        assert not re.search(
            r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e01ef]", prompt
        )
        assert not re.search(r"<\|im_|\[INST\]|<<SYS>>|(?i:ignore all previous)", prompt)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", INJECTED, ids=name_of)
def test_what_an_obedient_model_writes_is_not_said_as_true(
    office: Office, case: Injected, policy: str
) -> None:
    answer = office.ask(case, policy)
    said = answer["text"]
    assert office.canary not in re.sub(r"[^a-z0-9]", "", said.lower())
    assert "://" not in said
    assert "](" not in said
    assert "<" not in said
    for sentence in answer["sentences"]:
        quoted = case.family in ("few shots", "false id") and sentence["text"] in case.text
        if any(word in sentence["text"] for word in FALSE) and not quoted:
            assert policy == "annotate"
            assert sentence["verdict"] in ("unsupported", "contradicted", "partial", "not_a_claim")
