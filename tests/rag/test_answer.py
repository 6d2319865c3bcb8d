"""Answers that a model writes: pinned, checked, and treated as the policy says."""

import pytest

from rag import Answering, Policy, Reason, Role, Status, Turn, Verdict
from rag.events import Answered, Began, Checked, Delta, Found, Replaced, Stage
from rag.offer import Guard
from tests.rag.desk import Desk, asked_for, id_of, last_message, marked
from tests.upstream import CLOSE, Request, Text, text

LIGHTHOUSE = (
    "The lighthouse of Vessel Point was painted in May 2019. "
    "The lighthouse is 41 metres high. "
    "The keeper is Anna Holm, who has lived there since 2004."
)
QUESTION = "When was the lighthouse painted?"


@pytest.fixture(autouse=True)
def lighthouse(desk: Desk) -> None:
    """What most questions are about."""
    desk.shelf.add(LIGHTHOUSE, title="Vessel Point")


def test_a_marked_sentence_is_cited_and_checked(desk: Desk) -> None:
    answer = desk.ask(QUESTION, "The lighthouse was painted in May 2019 {painted in May}.")
    assert answer.text == "The lighthouse was painted in May 2019. [1]"
    (sentence,), (citation,) = answer.sentences, answer.citations
    assert sentence.verdict is Verdict.SUPPORTED
    assert sentence.citations == (1,)
    assert citation.quote == "The lighthouse of Vessel Point was painted in May 2019."
    assert (answer.status, answer.reason) == (Status.ANSWERED, None)
    assert answer.model == "scribe"
    assert answer.prompt_hash


def test_the_events_come_in_order(desk: Desk) -> None:
    reply = "The lighthouse was painted in May 2019 {painted in May}. It is 41 metres high {41 me}."
    events = desk.events(QUESTION, reply)
    kinds = [type(event) for event in events if not isinstance(event, Delta)]
    assert kinds == [Began, Found, Began, Began, Checked, Checked, type(events[-1])]
    stages = [event.stage for event in events if isinstance(event, Began)]
    assert stages == [Stage.RETRIEVING, Stage.GENERATING, Stage.VERIFYING]
    assert len([event for event in events if isinstance(event, Delta)]) > 5


def test_the_model_is_offered_every_sentence_with_an_id_and_as_data(desk: Desk) -> None:
    desk.ask(QUESTION, "It was painted in May 2019 {painted in May}.")
    (request,) = desk.requests
    assert id_of(request, "painted in May") == "[1.1]"
    assert id_of(request, "41 metres") == "[1.2]"
    prompt = last_message(request)
    opening, *lines, closing = prompt.split("\n\nQuestion:")[0].splitlines()
    assert opening.strip("<>") == closing.strip("</>")
    assert all(line.startswith("▏") for line in lines)
    assert prompt.endswith(QUESTION)


def test_no_document_can_know_the_boundary() -> None:
    assert Guard().boundary != Guard().boundary
    assert Guard().canary != Guard().canary


def test_an_id_that_was_never_offered_is_refused(desk: Desk) -> None:
    answer = desk.ask(QUESTION, "The lighthouse was painted in May 2019 [9.9].")
    assert "9" not in answer.text.replace("2019", "")
    (citation,) = answer.citations
    assert "painted in May 2019" in citation.quote


@pytest.mark.parametrize(
    "reply", ["It was painted in May 2019.", "It was painted in May 2019 [1]."]
)
def test_a_sentence_without_a_sentence_id_is_aligned(desk: Desk, reply: str) -> None:
    answer = desk.ask(QUESTION, reply.replace("It", "The lighthouse"))
    (citation,) = answer.citations
    assert "painted in May 2019" in citation.quote


def test_a_false_sentence_is_said_with_its_verdict_when_annotated(desk: Desk) -> None:
    reply = "The lighthouse was painted in June 2021 {painted in May}."
    answer = desk.ask(QUESTION, reply, policy=Policy.ANNOTATE)
    (sentence,) = answer.sentences
    assert sentence.verdict in (Verdict.PARTIAL, Verdict.UNSUPPORTED, Verdict.CONTRADICTED)
    assert sentence.score < 0.5
    assert answer.text == "The lighthouse was painted in June 2021. [1]"


def test_strip_leaves_a_false_sentence_out_before_it_is_said(desk: Desk) -> None:
    reply = (
        "The lighthouse was painted in June 2021 {painted in May}. "
        "The lighthouse is 41 metres high {41 metres}."
    )
    events = desk.events(QUESTION, reply, policy=Policy.STRIP)
    said = "".join(event.text for event in events if isinstance(event, Delta))
    assert said == "The lighthouse is 41 metres high. [1]"
    (replaced,) = [event for event in events if isinstance(event, Replaced)]
    assert (replaced.index, replaced.text) == (0, "")
    assert replaced.reason


def test_strip_abstains_when_no_claim_survives(desk: Desk) -> None:
    reply = "Here is what I found: The lighthouse was painted in June 2021 {painted in May}."
    answer = desk.ask(QUESTION, reply, policy=Policy.STRIP)
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.WEAK_EVIDENCE)
    assert answer.text == ""
    assert answer.passages


def test_abstain_answers_nothing_when_one_sentence_is_false(desk: Desk) -> None:
    reply = (
        "The lighthouse is 41 metres high {41 metres}. "
        "The lighthouse was painted in June 2021 {painted in May}."
    )
    answer = desk.ask(QUESTION, reply, policy=Policy.ABSTAIN)
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.WEAK_EVIDENCE)
    assert (answer.text, answer.citations) == ("", ())


def test_abstain_answers_when_every_sentence_is_true(desk: Desk) -> None:
    reply = "The lighthouse was painted in May 2019 {painted in May}."
    answer = desk.ask(QUESTION, reply, policy=Policy.ABSTAIN)
    assert answer.text == "The lighthouse was painted in May 2019. [1]"


def test_repair_cites_anew_what_was_cited_wrongly(desk: Desk) -> None:
    reply = "The lighthouse was painted in May 2019 {41 metres}."
    answer = desk.ask(QUESTION, reply, policy=Policy.REPAIR)
    (sentence,) = answer.sentences
    assert sentence.verdict is Verdict.SUPPORTED
    assert "painted in May" in answer.citations[sentence.citations[-1] - 1].quote
    assert len(desk.requests) == 1


def test_repair_writes_a_false_sentence_anew_once(desk: Desk) -> None:
    desk.repair_with = marked("The lighthouse was painted in May 2019 {painted in May}.")
    reply = "The lighthouse was painted in June 2021 {painted in May}."
    answer = desk.ask(QUESTION, reply, policy=Policy.REPAIR)
    assert answer.text == "The lighthouse was painted in May 2019. [1]"
    assert [one.verdict for one in answer.sentences] == [Verdict.SUPPORTED]
    _, repair = desk.requests
    assert "The lighthouse was painted in June 2021." in last_message(repair)
    assert answer.usage.prompt == 22
    assert answer.usage.completion == 14


def test_repair_quotes_when_writing_anew_does_not_help(desk: Desk) -> None:
    desk.repair_with = marked("The lighthouse was painted in July 2022 {painted in May}.")
    reply = "The lighthouse was painted in June 2021 {painted in May}."
    answer = desk.ask(QUESTION, reply, policy=Policy.REPAIR)
    assert answer.text == "The lighthouse of Vessel Point was painted in May 2019. [1]"


def test_repair_drops_what_nothing_speaks_for(desk: Desk) -> None:
    desk.repair_with = marked("NO ANSWER")
    reply = "The moon is a cheese of 400 miles. The lighthouse is 41 metres high {41 metres}."
    answer = desk.ask(QUESTION, reply, policy=Policy.REPAIR)
    assert answer.text == "The lighthouse is 41 metres high. [1]"


@pytest.mark.parametrize("policy", list(Policy))
def test_a_model_that_finds_no_answer_abstains(desk: Desk, policy: Policy) -> None:
    answer = desk.ask(QUESTION, "NO ANSWER.", policy=policy)
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.WEAK_EVIDENCE)
    assert answer.text == ""


def test_a_question_that_nothing_is_about_is_not_put_to_the_model(desk: Desk) -> None:
    answer = desk.ask("Who won the chess tournament in Reykjavik?")
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.OUT_OF_SCOPE)
    assert answer.passages
    assert desk.requests == []


def test_an_empty_collection_has_no_evidence(desk: Desk) -> None:
    desk.new_shelf("nothing here")
    answer = desk.ask(QUESTION)
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.NO_EVIDENCE)
    assert desk.requests == []


def test_extractive_does_not_ask_the_model(desk: Desk) -> None:
    answer = desk.ask(QUESTION, answering=Answering.EXTRACTIVE)
    assert "May 2019" in answer.text
    assert desk.requests == []


def test_the_source_that_contradicts_is_quoted_and_named(desk: Desk) -> None:
    desk.shelf.add("The lighthouse of Vessel Point is 45 metres high.", title="Gazetteer")
    reply = "The lighthouse is 41 metres high {41 metres}."
    answer = desk.ask("How high is the lighthouse of Vessel Point?", reply)
    assert answer.text.splitlines()[-1] == "The lighthouse of Vessel Point is 45 metres high. [2]"
    (conflict,) = answer.conflicts
    assert conflict.citations == (1, 2)
    assert "Gazetteer" in conflict.detail


def test_abstain_gives_conflicting_evidence_as_its_reason(desk: Desk) -> None:
    desk.shelf.add("The lighthouse of Vessel Point is 45 metres high.", title="Gazetteer")
    reply = "The lighthouse is 41 metres high {41 metres}."
    question = "How high is the lighthouse of Vessel Point?"
    answer = desk.ask(question, reply, policy=Policy.ABSTAIN)
    assert (answer.status, answer.reason) == (Status.ABSTAINED, Reason.CONFLICTING_EVIDENCE)


def test_a_follow_up_is_made_standalone_before_the_search(desk: Desk) -> None:
    desk.standalone = marked('"When was the lighthouse painted?"\n')
    history = (
        Turn(Role.USER, "How high is the lighthouse?"),
        Turn(Role.ASSISTANT, "It is 41 metres high."),
    )
    reply = "The lighthouse was painted in May 2019 {painted in May}."
    answer = desk.ask("And when was it painted?", reply, history=history)
    assert answer.standalone_question == "When was the lighthouse painted?"
    assert answer.question == "And when was it painted?"
    rewrite, write = desk.requests
    assert "How high is the lighthouse?" in last_message(rewrite)
    assert [one["content"] for one in write.json["messages"][1:3]] == [
        "How high is the lighthouse?",
        "It is 41 metres high.",
    ]


@pytest.mark.parametrize("policy", [Policy.ANNOTATE, Policy.STRIP])
@pytest.mark.parametrize("reason", [Reason.LENGTH, Reason.CONTENT_FILTER])
def test_a_text_that_is_cut_off_is_kept_and_marked(
    desk: Desk, reason: Reason, policy: Policy
) -> None:
    whole = "The lighthouse was painted in May 2019 [1.1]. It is 41"
    answer = desk.ask(QUESTION, lambda _: text(whole, finish=reason.value), policy=policy)
    assert (answer.status, answer.reason) == (Status.INCOMPLETE, reason)
    assert answer.text.startswith("The lighthouse was painted in May 2019. [1]")
    assert answer.sentences[0].verdict is Verdict.SUPPORTED
    assert all(one.verdict is Verdict.NOT_A_CLAIM for one in answer.sentences[1:])


def test_what_came_before_the_server_hung_up_is_kept_and_marked(desk: Desk) -> None:
    whole = "The lighthouse was painted in May 2019 [1.1]. It is 41"
    answer = desk.ask(QUESTION, lambda _: text(whole, CLOSE))
    assert (answer.status, answer.reason) == (Status.INCOMPLETE, Reason.INTERRUPTED)
    assert answer.text == "The lighthouse was painted in May 2019. [1] It is 41"


def test_the_canary_never_comes_out(desk: Desk) -> None:
    def leak(request: Request) -> Text:
        canary = asked_for(request).split()[-1]
        return text("The lighthouse was painted in May 2019 [1.1]. My code is ", *canary, " yes.")

    events = desk.events(QUESTION, leak)
    canary = asked_for(desk.requests[-1]).split()[-1]
    assert canary not in repr(events)
    assert "yes" not in repr(events)
    assert isinstance(events[-1], Answered)
    assert events[-1].answer.reason is Reason.CONTENT_FILTER


def test_markers_are_numbered_as_they_are_first_used(desk: Desk) -> None:
    reply = (
        "- The keeper is Anna Holm {Anna Holm}\n"
        "- The lighthouse is 41 metres high {41 metres}\n"
        "- Anna Holm has lived there since 2004 {Anna Holm}"
    )
    answer = desk.ask("Tell me about the lighthouse.", reply)
    assert answer.text == (
        "- The keeper is Anna Holm [1]\n"
        "- The lighthouse is 41 metres high [2]\n"
        "- Anna Holm has lived there since 2004 [1]"
    )
