"""What the checks find, and what they do not."""

import pytest

from rag.checks import Aspect, check

EVIDENCE = (
    "The council of Skarne approved a budget of $61.5 billion for the new ferry on 3 March 2024.",
    "Most residents supported the plan, but some fishermen opposed it.",
    "Sales rose by 15% in the north last year.",
    'Mayor Anna Holm said: "We will not raise fares this year."',
    "The World Health Organization praised the Norwegian crew.",
    "The old boat, which carried 120 passengers, never left the harbour in winter.",
)


def _found(claim: str) -> set[tuple[Aspect, bool]]:
    return {(one.aspect, one.contradicted) for one in check(claim, EVIDENCE).findings}


@pytest.mark.parametrize("claim", EVIDENCE)
def test_a_sentence_of_the_evidence_has_no_findings(claim: str) -> None:
    found = check(claim, EVIDENCE)
    assert found.findings == ()
    assert found.covered == found.together == found.alone == 1.0


def test_a_denied_figure_is_not_cut_at_its_decimal_point() -> None:
    found = check("The contract was not 43.8 million crowns.", ["The contract is a good one."])
    assert Aspect.NEGATION in {one.aspect for one in found.findings}


@pytest.mark.parametrize(
    "claim",
    [
        "On March 3, 2024 Skarne's council approved 61.5 billion dollars for the ferry.",
        "In 2024 the council approved the ferry's budget.",
        "Some fishermen opposed the plan.",
        "Sales in the north rose by fifteen per cent.",
        "The mayor, Holm, will not raise fares.",
        "The WHO praised the crew from Norway.",
        "The boat carried a hundred and twenty passengers.",
        'Holm said "we will not raise fares".',
        "The council did two things for the ferry.",
    ],
)
def test_the_same_in_other_words_has_no_findings(claim: str) -> None:
    assert _found(claim) == set()


@pytest.mark.parametrize(
    ("claim", "aspect", "contradicted"),
    [
        ("The council approved a budget of $65.1 billion for the ferry.", Aspect.NUMBER, True),
        ("The council approved €61.5 billion for the new ferry.", Aspect.NUMBER, False),
        ("The council bought 44 trees.", Aspect.NUMBER, False),
        ("The council approved the budget for the ferry on 4 March 2024.", Aspect.DATE, True),
        ("The council met on 1 May 1999.", Aspect.DATE, False),
        ("The council of Malmo approved the budget for the ferry.", Aspect.NAME, False),
        ("Sales fell by 15% in the north last year.", Aspect.OPPOSITE, True),
        ("Sales rose by 15% in the south last year.", Aspect.OPPOSITE, True),
        ("Mayor Anna Holm said she will raise fares this year.", Aspect.NEGATION, True),
        ("The council did not approve the budget for the new ferry.", Aspect.NEGATION, True),
        ("All residents supported the plan.", Aspect.QUANTIFIER, True),
        ('Holm said "we are going to sell the ferry".', Aspect.QUOTATION, False),
    ],
)
def test_what_the_evidence_lacks_or_denies_is_found(
    claim: str, aspect: Aspect, *, contradicted: bool
) -> None:
    assert (aspect, contradicted) in _found(claim)


def test_a_reason_names_what_is_wrong_and_what_stands_there() -> None:
    found = check("The council approved a budget of $65.1 billion for the ferry.", EVIDENCE)
    (finding,) = found.findings
    assert finding.reason == "$65.1 billion is not in the evidence; it has $61.5 billion"


def test_a_row_is_checked_with_its_header_and_caption() -> None:
    row = "Spending (USD billion): Year: 2024; Budget: 61.5; Ferries: 4"
    assert check("The budget of 2024 was $61.5bn.", [row]).findings == ()
    assert check("The budget of 2024 was $61.5m.", [row]).findings


def test_a_country_is_known_by_its_initials() -> None:
    evidence = ["He was born on U.S. soil."]
    assert check("He was born on the soil of the United States.", evidence).findings == ()
    assert check("He was born on the soil of the United Kingdom.", evidence).findings


def test_a_denial_elsewhere_does_not_count_when_the_claim_is_said_too() -> None:
    evidence = ["Dogs do not bark at night.", "Dogs bark at the postman."]
    assert check("Dogs bark at the postman.", evidence).findings == ()


def test_coverage_counts_the_words_that_are_there() -> None:
    found = check("The fishermen built castles.", EVIDENCE)
    assert found.absent == ("built", "castles")
    assert found.covered == pytest.approx(1 / 3)
    assert found.nearest == 1


def test_words_in_distant_sentences_are_not_together() -> None:
    others = [" ".join(f"word{at}x{line}" for at in range(30)) for line in range(5)]
    evidence = ["The herring swims.", *others, "Tax is due."]
    found = check("The herring pays tax.", evidence)
    assert found.covered > found.together


def test_without_evidence_all_is_missing() -> None:
    found = check("The ferry carries 120 passengers to Oslo.", [])
    assert (found.covered, found.together, found.nearest) == (0.0, 0.0, None)
    assert {one.aspect for one in found.findings} == {Aspect.NUMBER, Aspect.NAME}
