"""A filter says which documents are meant, and nothing that is no filter is taken for one."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import InvalidRequest
from corpus.filters import passes, read_filter


def _holds(value: object, what: object) -> bool:
    return passes({"field": value}, read_filter({"field": what}))


def test_no_filter_lets_all_pass() -> None:
    assert read_filter(None) == read_filter({}) == ()
    assert passes({}, ())


def test_all_conditions_must_hold() -> None:
    both = read_filter({"author": "A. Holm", "year": {"gte": 2024, "lt": 2026}})
    assert passes({"author": "A. Holm", "year": 2025}, both)
    assert not passes({"author": "A. Holm", "year": 2026}, both)
    assert not passes({"author": "A. Holm", "year": 2023}, both)
    assert not passes({"author": "B. Holm", "year": 2025}, both)
    assert not passes({"year": 2025}, both)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("a", "a"),
        ("a", {"eq": "a"}),
        (1, 1.0),
        (0.0, 0),
        (True, True),
        (None, None),
        ("a", ["b", "a"]),
        (None, ["b", None]),
        ("a", {"in": ["a"]}),
        ("a", {"ne": "b"}),
        ("a", {"ne": None}),
        (None, {"ne": "b"}),
        (["a"], {"ne": "a"}),
        (["a", 2, True], {"contains": "a"}),
        (["a", 2, True], {"contains": 2.0}),
        (["a", 2, True], {"contains": True}),
        ([None], {"contains": None}),
        (2, {"gt": 1.5, "lt": 2.5, "gte": 2, "lte": 2, "ne": 3}),
        (10**30, {"gt": 1.5}),
    ],
)
def test_it_holds(value: object, what: object) -> None:
    assert _holds(value, what)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("a", "A"),
        ("a", "a "),
        ("é", "e\u0301"),
        (1, True),
        (True, 1),
        (0, False),
        (0, None),
        ("", None),
        (None, ""),
        ("1", 1),
        (1, "1"),
        (["a"], "a"),
        (["a"], ["a"]),
        ({"a": 1}, "a"),
        ([], None),
        ("a", ["b", "c"]),
        ("a", {"ne": "a"}),
        (None, {"ne": None}),
        ("ferry", {"contains": "ferry"}),
        (["ferries"], {"contains": "ferry"}),
        ([["a"]], {"contains": "a"}),
        ([], {"contains": None}),
        (None, {"contains": None}),
        (True, {"gte": 0}),
        (None, {"gte": 0}),
        ("2", {"gte": 0}),
        ([2], {"gte": 0}),
        (2024, {"gte": "2024-01-01"}),
        ("2024-01-01", {"gte": 0}),
        ("later", {"gte": "2024-01-01"}),
        ("20240105", {"gte": "2024-01-01"}),
        ("2024-02-31", {"gte": "2024-01-01"}),
        ("2024-01/05", {"gte": "2024-01-01"}),
        ("2024-01-05 or so", {"gte": "2024-01-01"}),
        ("٢٠٢٤-٠١-٠٥", {"gte": "2024-01-01"}),
        ("0001-01-01T00:00+14:00", {"lte": "2024-01-01"}),
        ("2024-01-05T24:61:00", {"lte": "2025-01-01"}),
    ],
)
def test_it_does_not_hold(value: object, what: object) -> None:
    assert not _holds(value, what)


# The value, then the operators that hold of the bound 2024-01-05, a day, and of its noon in UTC.
@pytest.mark.parametrize(
    ("value", "day", "noon"),
    [
        ("2024-01-04", {"lt", "lte"}, {"lt", "lte"}),
        ("2024/01/04", {"lt", "lte"}, {"lt", "lte"}),
        ("2024-01-05", {"gte", "lte"}, set()),
        ("2024/01/05", {"gte", "lte"}, set()),
        ("2024-01-06", {"gt", "gte"}, {"gt", "gte"}),
        ("2024-01-04T23:59:59.999999Z", {"lt", "lte"}, {"lt", "lte"}),
        ("2024-01-05T00:00Z", {"gte", "lte"}, {"lt", "lte"}),
        ("2024-01-05T12:00:00", {"gte", "lte"}, {"gte", "lte"}),
        ("2024/01/05 12:00:00.000+00:00", {"gte", "lte"}, {"gte", "lte"}),
        ("2024-01-05T13:00+01:00", {"gte", "lte"}, {"gte", "lte"}),
        ("2024-01-05T13:00:00,5+0100", {"gte", "lte"}, {"gt", "gte"}),
        ("2024-01-05T23:59:59.999999", {"gte", "lte"}, {"gt", "gte"}),
        ("2024-01-05T23:59:59-01", {"gt", "gte"}, {"gt", "gte"}),
        ("2024-01-06T00:30+01:00", {"gte", "lte"}, {"gt", "gte"}),
        ("2024-01-06T00:00Z", {"gt", "gte"}, {"gt", "gte"}),
    ],
)
def test_dates_are_compared_as_instants_and_whole_days(
    value: str, day: set[str], noon: set[str]
) -> None:
    operators = ("gt", "gte", "lt", "lte")
    for bound in ("2024-01-05", "2024/01/05"):
        assert {one for one in operators if _holds(value, {one: bound})} == day
    for bound in ("2024-01-05T12:00:00Z", "2024-01-05 14:00+02:00", "2024-01-05T12:00"):
        assert {one for one in operators if _holds(value, {one: bound})} == noon


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),  # noqa: DTZ001 - the zone comes after
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),  # noqa: DTZ001 - as above
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_instants_are_ordered_in_every_zone(one: datetime, other: datetime, zone: timezone) -> None:
    first, second = one.replace(tzinfo=UTC), other.replace(tzinfo=zone)
    value, bound = first.isoformat(), second.isoformat(" ")
    assert _holds(value, {"gt": bound}) == (first > second)
    assert _holds(value, {"gte": bound}) == (first >= second)
    assert _holds(value, {"lt": bound}) == (first < second)
    assert _holds(value, {"lte": bound}) == (first <= second)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"year": {"near": 2024}}, "'year' has 'near' where an operator should be; there are gt,"),
        ({"year": {"gt": 1, "$gt": 1}}, "operator"),
        ({"year": {}}, "nothing where an operator"),
        ({"year": []}, "a list of 0 where a list of 1 to 100 values should be"),
        ({"year": [1] * 101}, "a list of 101"),
        ({"year": {"in": 2024}}, "2024 where a list"),
        ({"year": {"in": {}}}, "an object where a list"),
        ({"year": [[2024]]}, "a list where a string"),
        ({"year": [{"gt": 1}]}, "an object where a string"),
        ({"year": {"gt": {"gt": 1}}}, "an object where a string"),
        ({"year": {"ne": [1]}}, "a list where a string"),
        ({"tags": {"contains": ["a"]}}, "a list where a string"),
        ({"year": {"gt": None}}, "None where the bound of a range should be: a number"),
        ({"year": {"gt": True}}, "True where the bound"),
        ({"year": {"lte": "2024"}}, "'2024' where the bound"),
        ({"year": {"lte": "2024-13-01"}}, "'2024-13-01' where the bound"),
        ({"year": float("nan")}, "nan where a string"),
        ({"year": {"lt": float("inf")}}, "inf where a string"),
        ({"year": "x" * 1001}, "x... where a string of at most 1000"),
        ({"": 1}, "a name of 0 characters"),
        ({"x" * 1001: 1}, "a name of 1001 characters"),
        ({f"f{at}": 1 for at in range(21)}, "21 conditions; at most 20"),
        ({f"f{at}": {"gt": 1, "lt": 2} for at in range(11)}, "22 conditions"),
    ],
)
def test_what_is_no_filter_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match="filter") as caught:
        read_filter(given)
    assert says in str(caught.value)


def test_a_filter_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidRequest, match="a list where a string"):
        read_filter({"year": {"in": deep}})
