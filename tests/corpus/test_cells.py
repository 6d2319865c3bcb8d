"""A number is written as the sheet shows it, with its unit."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cells import shown


@dataclass
class _Cell:
    value: Any
    number_format: str = "General"


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (41.0, "General", "41"),
        (0.1 + 0.2, "General", "0.3"),
        (10**17, "General", "100000000000000000"),
        (0.129, "0.0%", "12.9%"),
        (0.129, "+0.0%;-0.0%", "+12.9%"),
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (-3.2, "[$€-407] #,##0.00", "-€3.20"),
        (5, '#,##0.00\\ "kr"', "5.00 kr"),
        (7.1, '_-* #,##0.00\\ "€"_-;-* #,##0', "7.10 €"),
        (7, "00000", "7"),
        (12345.0, "0.00E+00", "12345"),
        (1_000_000, "0.0,,", "1000000"),
        (0.5, "# ?/?", "0.5"),
        (3, "@", "3"),
        (3.7, "0", "4"),
        (True, "General", "TRUE"),
        (None, "General", ""),
        ("  two\nlines ", "@", "two lines"),
        (dt.date(2026, 1, 5), "yyyy", "2026-01-05"),
        (dt.datetime(2026, 1, 5, 9, 30), "yyyy", "2026-01-05 09:30"),  # noqa: DTZ001
        (dt.time(9, 30), "hh:mm", "09:30:00"),
        ("#DIV/0!", "0.0", "#DIV/0!"),
    ],
)
def test_a_value_is_shown_in_its_format(value: Any, form: str, text: str) -> None:
    assert shown(_Cell(value, form)) == text


@given(
    value=st.one_of(st.integers(), st.floats()),
    form=st.text(alphabet='#0?.,%;"\\[]$€-_* Eykr/@', max_size=20),
)
def test_no_format_is_an_error(value: float, form: str) -> None:
    assert shown(_Cell(value, form))
