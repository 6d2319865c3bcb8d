"""Numbers, units and dates as they are written, and when two are the same."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.quantities import Date, among, figures


def _same(one: str, other: str) -> bool:
    (first,) = figures(one).quantities
    found = figures(other)
    return among(first, found.quantities, found.dates)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$61.5bn", "61.5 billion US dollars"),
        ("US$61.5 billion", "USD 61.5bn"),
        ("61.5 billion US dollars", "Year: 2024; Budget (USD Billion): 61.5"),
        ("$61.5bn", "Spending (USD billion): Year: 2024; Budget: 61.5"),
        ("a dozen eggs", "12 eggs"),
        ("half a million people", "500,000 people"),
        ("two million euros", "€2m"),
        ("15%", "15 percent"),
        ("15%", "fifteen per cent"),
        ("3.5 percentage points", "3.5 %"),
        ("twenty-one thousand crowns", "21,000 crowns"),
        ("120 kilometres", "120 km"),
        ("60 mph", "60 miles per hour"),
        ("5 m long", "5 metres long"),
        ("5kg", "5 kilograms"),
        ("in 2024", "on 3 March 2024"),
        ("twice", "2 times"),
        ("about 61 billion dollars", "$61.48bn"),
        ("2.3 million people", "2,312,400 people"),
        ("the 3rd attempt", "3 attempts"),
        ("$100", "100 Australian dollars"),
    ],
)
def test_the_same_quantity_is_known_however_it_is_written(one: str, other: str) -> None:
    assert _same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$61.5bn", "$65.1bn"),
        ("$61.5bn", "$61.5 million"),
        ("$61.5bn", "€61.5bn"),
        ("15%", "15 dollars"),
        ("15 km", "15 miles"),
        ("100 Canadian dollars", "100 Australian dollars"),
        ("61 people", "61.48 people"),
        ("2 million people", "2.4 million people"),
        ("in 2024", "on 3 March 2023"),
        ("61.5 billion", "Year: 2024; Budget (USD million): 61.5"),
    ],
)
def test_another_quantity_is_another(one: str, other: str) -> None:
    assert not _same(one, other)


@pytest.mark.parametrize(
    "text",
    ["March 3, 2024", "3 March 2024", "2024-03-03", "the 3rd of March 2024", "Mar. 3, 2024"],
)
def test_a_date_is_the_same_however_it_is_written(text: str) -> None:
    (found,) = figures(f"It opened on {text} at last.").dates
    assert (found.year, found.month, found.day) == (2024, 3, 3)
    assert not [one for one in figures(text).quantities if one.value == 2024]


def test_a_date_agrees_with_one_that_gives_more() -> None:
    whole = Date(2024, 3, 3, "")
    assert Date(2024, 3, None, "").agrees(whole)
    assert Date(None, 3, 3, "").agrees(whole)
    assert not Date(2024, 4, None, "").agrees(whole)
    assert not whole.agrees(Date(2024, 3, None, ""))


def test_a_time_label_gives_its_cells_no_unit() -> None:
    year, budget = figures("Year: 2024; Budget (USD billion): 61.5").quantities
    assert (year.value, year.unit) == (2024, None)
    assert (budget.value, budget.unit) == (61.5e9, "us dollar")


def test_what_follows_a_number_is_what_it_counts() -> None:
    (found,) = figures("It carries 120 passengers.").quantities
    assert (found.unit, found.counts, found.written) == (None, "passengers", "120")


@pytest.mark.parametrize("text", ["", "One of them went second.", "No figures here."])
def test_pronouns_are_no_numbers(text: str) -> None:
    assert figures(text).quantities == ()


@given(st.integers(2, 10**12))
def test_a_number_with_separators_is_the_number_without(number: int) -> None:
    assert _same(f"{number:,} people", f"{number} people")


@given(st.text())
def test_any_text_has_figures(text: str) -> None:
    figures(text)


def test_long_text_is_read_in_linear_time() -> None:
    def seconds(text: str) -> float:
        started = time.perf_counter()
        figures(text)
        return time.perf_counter() - started

    for piece in ("1", "1,111", "1 ", "a: ", "(((", "12 March "):
        short, long = piece * 2_000, piece * 16_000
        assert seconds(long) < 40 * seconds(short) + 0.5
