"""Verdicts on claims, and on the sentences of a text."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.types import Span
from rag.entailment import ClaimModel
from rag.sources import read_source
from rag.types import Verdict
from rag.verify import Evidence, is_claim, judge, verify_text

TEXT = """# Ferry budget

The council of Skarne approved a budget of 61.5 million crowns for the new ferry on 3 March 2024. \
The ferry will carry 120 passengers and 30 cars. It replaces the old Sandel, which was built in \
1978 and burned 40 tonnes of oil a week. Most residents supported the plan, but some fishermen \
opposed it.

Spending by year (USD billion):

| Year | Budget | Ports |
| --- | --- | --- |
| 2023 | 40.2 | 3 |
| 2024 | 61.5 | 4 |

Mayor Anna Holm said: "We will not raise fares this year."
"""
NUMBERED = (
    "The ferry will carry {} passengers and 30 cars.",
    "The old Sandel burned {} tonnes of oil a week.",
    "The council of Skarne approved a budget of {} million crowns for the new ferry.",
)


@pytest.fixture(scope="module")
def model() -> Iterator[ClaimModel]:
    opened = ClaimModel(2)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def evidence() -> list[Evidence]:
    return read_source("ferry", TEXT)


def test_every_sentence_of_the_evidence_is_supported_by_itself(
    model: ClaimModel, evidence: list[Evidence]
) -> None:
    for at, one in enumerate(evidence):
        found = judge(one.text, evidence, model=model)
        assert found.verdict is Verdict.SUPPORTED, (one.text, found)
        assert found.support[0] == at
        assert found.reasons == ()
        assert not found.doubtful


@given(template=st.sampled_from(NUMBERED), number=st.integers(130, 9_999))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_another_number_is_not_supported(
    model: ClaimModel, evidence: list[Evidence], template: str, number: int
) -> None:
    found = judge(template.format(number), evidence, model=model)
    assert found.verdict is Verdict.CONTRADICTED
    assert found.score < 0.5
    assert str(number) in found.reasons[0]


@pytest.mark.parametrize(
    "claim",
    [
        "On March 3, 2024 the council of Skarne approved 61.5 million crowns for the ferry.",
        "The new ferry carries one hundred and twenty passengers.",
        "In 2024 the budget was $61.5bn.",
        "The Sandel was built in 1978.",
    ],
)
def test_the_same_in_other_words_is_supported(
    model: ClaimModel, evidence: list[Evidence], claim: str
) -> None:
    assert judge(claim, evidence, model=model).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("The council of Skarne rejected a budget for the new ferry.", Verdict.CONTRADICTED),
        ("Mayor Anna Holm said that they will raise fares this year.", Verdict.CONTRADICTED),
        ("All residents supported the plan.", Verdict.CONTRADICTED),
        ("The old Sandel was built in 1978 and sank off Iceland.", Verdict.PARTIAL),
        ("Paris is the capital of France.", Verdict.UNSUPPORTED),
    ],
)
def test_what_the_evidence_does_not_say_gets_its_verdict(
    model: ClaimModel, evidence: list[Evidence], claim: str, verdict: Verdict
) -> None:
    found = judge(claim, evidence, model=model)
    assert found.verdict is verdict, found
    assert found.score < 0.5
    assert found.reasons


def test_a_row_is_cited_with_its_header_and_caption(
    model: ClaimModel, evidence: list[Evidence]
) -> None:
    found = judge("In 2024 the budget was 61.5 billion dollars.", evidence, model=model)
    row = evidence[found.support[0]]
    assert [span.of(row.document.text) for span in row.spans] == [
        "| 2024 | 61.5 | 4 |",
        "| Year | Budget | Ports |",
        "Spending by year (USD billion):",
    ]


def test_what_is_cited_is_read_whatever_else_is_nearer(model: ClaimModel) -> None:
    noise = [f"The ferry of line {at} has a cafe. " * 12 for at in range(40)]
    texts = [*noise, "It was launched by the queen.", *noise]
    evidence = read_source("long", "\n\n".join(texts))
    at = next(at for at, one in enumerate(evidence) if "queen" in one.text)
    found = judge("The ferry was launched by the queen.", evidence, cited=[at], model=model)
    assert at in found.support


def test_without_evidence_nothing_is_supported(model: ClaimModel) -> None:
    found = judge("The ferry is new.", [], model=model)
    assert (found.verdict, found.support) == (Verdict.UNSUPPORTED, ())
    assert found.reasons == ("there is no evidence",)


@pytest.mark.parametrize(
    "sentence",
    [
        "The ferry carries 120 passengers.",
        "Yes, the council approved the budget in March.",
        "It was built in 1978 [1][2].",
        "- Fares stay as they are.",
        "Hello Kitty was designed by Yuko Shimizu in 1974.",
        "According to the sources, the ferry is late.",
    ],
)
def test_what_states_something_is_a_claim(sentence: str) -> None:
    assert is_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "[1]",
        "How many passengers does it carry?",
        "How many? [1]",
        "Hello!",
        "Thank you for asking.",
        "## Ferry budget",
        "**Summary**",
        "Here is what the sources say:",
        "Based on the documents, these are the key points:",
        "Let me know if you need more details.",
        "Sources:",
        "1.",
    ],
)
def test_what_states_nothing_is_none(sentence: str) -> None:
    assert not is_claim(sentence)


def test_a_text_gets_a_verdict_for_each_sentence_and_valid_citations(
    model: ClaimModel, evidence: list[Evidence]
) -> None:
    text = "Is it new?  The ferry will carry 120 passengers. It will carry 31 planes to Mars."
    found = verify_text(text, evidence, model=model)
    assert found.text == text
    assert [one.verdict for one in found.sentences[:2]] == [
        Verdict.NOT_A_CLAIM,
        Verdict.SUPPORTED,
    ]
    assert found.sentences[2].verdict not in {Verdict.SUPPORTED, Verdict.NOT_A_CLAIM}
    assert all(one.span.of(text) == one.text for one in found.sentences)
    assert len(found.reasons) == 3
    assert found.reasons[2]
    source = evidence[0].document.text
    markers = {one.marker for one in found.citations}
    assert all(one.span.of(source) == one.quote for one in found.citations)
    assert {marker for one in found.sentences for marker in one.citations} == markers


@given(st.text(max_size=200))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_keeps_its_sentences_where_they_stand(
    model: ClaimModel, evidence: list[Evidence], text: str
) -> None:
    found = verify_text(text, evidence[:3], model=model)
    assert all(Span.of(one.span, text) == one.text for one in found.sentences)
    assert all(0 <= one.score <= 1 for one in found.sentences)
