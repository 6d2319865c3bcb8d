"""Scores of answers, against figures that were computed by hand."""

from collections.abc import Sequence

import pytest

from evals import scores
from evals.scores import Cited, Pointed, Prices
from rag.types import Verdict


def has_all_words(texts: Sequence[str], claim: str) -> bool:
    """A stand-in for the verifier: the texts, read together, have the claim's words."""
    assert texts
    assert all(texts)
    return set(claim.split()) <= set(" ".join(texts).split())


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "f1"),
    [
        ("The Old Quay.", "old quay", 1, 1),
        ("at the old quay", "old quay", 0, 0.8),  # 2 shared of 3 and 2
        ("noon", "midnight", 0, 0),
        ("noon noon", "noon", 0, 2 / 3),
        ("", "noon", 0, 0),
        ("", "the", 1, 1),
    ],
)
def test_words_are_compared_as_in_squad(
    answer: str, reference: str, exact: float, f1: float
) -> None:
    assert scores.exact_match(answer, reference) == exact
    assert scores.token_f1(answer, reference) == pytest.approx(f1)


def test_claim_recall_counts_facts_that_the_answer_states() -> None:
    facts = ["a b", "c", "d"]
    assert scores.claim_recall("a b c", facts, has_all_words) == pytest.approx(2 / 3)
    assert scores.claim_recall(" ", facts, has_all_words) == 0
    assert scores.claim_recall("a", [], has_all_words) is None


def test_claim_precision_counts_claims_that_the_references_have_together() -> None:
    assert scores.claim_precision(["a c", "x"], ["a b", "c"], has_all_words) == 0.5
    assert scores.claim_precision([], ["a"], has_all_words) is None
    assert scores.claim_precision(["a"], [], has_all_words) is None


def test_what_is_forbidden_is_found_as_whole_words() -> None:
    words = ["11 hours", "9 crowns"]
    assert scores.forbidden("It lasted 11 hours, at 39 crowns.", words) == 0.5
    assert scores.forbidden("It lasted 111 hours, at 2,009 crowns or 1,9 crowns.", words) == 0
    assert scores.forbidden("Write to HIM@EVIL.example.\nIt is\nfree.", ["evil.example"]) == 1
    assert scores.forbidden("It is\nfree.", ["it is free"]) == 1
    assert scores.forbidden("", words) == 0
    assert scores.forbidden("It lasted 11 hours.", []) is None


def test_abstention_is_right_when_it_was_expected() -> None:
    assert scores.right_abstention(abstained=True, expected=True) == 1
    assert scores.right_abstention(abstained=True, expected=False) == 0
    assert scores.right_abstention(abstained=False, expected=True) == 0


def test_citation_recall_reads_the_citations_of_a_claim_together() -> None:
    statements = [
        Cited("a b", ("a", "b")),  # together they do
        Cited("a b", ("a",)),
        Cited("a", ()),  # none
        Cited("c", ("", "c")),  # one points at nothing
    ]
    assert scores.citation_recall(statements, has_all_words) == 0.5
    assert scores.citation_recall([], has_all_words) is None


def test_citation_precision_is_that_of_alce() -> None:
    statements = [
        Cited("a b", ("a", "b", "x")),  # a and b are needed; x neither supports nor is needed: 2/3
        Cited("a", ("a", "a c")),  # either supports alone: 2/2
        Cited("a d", ("a",)),  # not supported: 0/1
        Cited("e", ()),  # no citation, none counted
    ]
    assert scores.citation_precision(statements, has_all_words) == pytest.approx(4 / 6)
    assert scores.citation_precision([Cited("e", ())], has_all_words) is None


def test_over_citation_counts_what_a_supported_claim_stands_without() -> None:
    statements = [
        Cited("a b", ("a", "b", "x")),  # 1 of 3
        Cited("a", ("a", "a c", "a")),  # 2 of 3
        Cited("a d", ("a", "a")),  # not supported: not counted
    ]
    assert scores.over_citation(statements, has_all_words) == pytest.approx(3 / 6)
    assert scores.over_citation([Cited("a", ())], has_all_words) is None


def test_a_pointer_is_valid_where_its_place_exists_and_exact_where_it_says_what_is_there() -> None:
    pointers = [Pointed("a", "a"), Pointed("a", "A"), Pointed("a", None), Pointed("b", "b")]
    assert scores.pointer_validity(pointers) == 0.75
    assert scores.quote_exactness(pointers) == 0.5
    assert scores.pointer_validity([]) is None


def test_consistency_is_a_share_of_the_claims() -> None:
    verdicts = [
        Verdict.SUPPORTED,
        Verdict.PARTIAL,
        Verdict.CONTRADICTED,
        Verdict.UNSUPPORTED,
        Verdict.NOT_A_CLAIM,
    ]
    assert scores.supported_share(verdicts) == 0.25
    assert scores.contradicted_share(verdicts) == 0.25
    assert scores.supported_share([Verdict.NOT_A_CLAIM]) is None


def test_cost_is_by_the_million_tokens() -> None:
    assert scores.cost(2_000, 500, Prices(0.75, 4.5)) == pytest.approx(0.0015 + 0.00225)
