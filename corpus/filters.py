"""Filters of documents: read from JSON and decided here alone, for all searches and lists.

A filter is an object of conditions, all of which must hold. A condition names a field: the
document's own `document_id`, `external_id`, `title`, `uri`, `media_type`, `created_at` or
`updated_at`, or else a key of its metadata.

    {"author": "A. Holm"}                      it is this; null: it is absent
    {"year": [2024, 2025]}                     it is one of these, as {"in": [...]} says too
    {"author": {"ne": "A. Holm"}}              it is not this, or is absent; "eq": it is this
    {"year": {"gte": 2024, "lt": 2026}}        a number in a range: gt, gte, lt, lte
    {"date": {"gt": "2024-01-05"}}             a date in a range
    {"tags": {"contains": "ferry"}}            a list that has this element

Strings are equal when every character is, numbers when their values are. No value is of two types:
2024 is neither "2024" nor [2024], and true is not 1. A value that is of another type than the bound
of a range is not in it.

A date is written 2024-01-05 or 2024/01/05, and may have a time (T09:30, 09:30:15.5) and a zone (Z,
+01:00); without a zone it is in UTC. With a time it is an instant, without one its whole day. All
of a value's date must be in the range: `gt` is after the end of the bound's day, `gte` from its
start, `lt` before its start, `lte` up to its end. So {"lte": "2024-01-05"} has all of that day, and
a value that is a day is neither before nor after an instant within that day.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from corpus.errors import InvalidRequest

_MOST_CONDITIONS = 20
_MOST_VALUES = 100  # of a list
_LONGEST = 1000  # characters of a string or a field's name
_QUOTED = 80  # characters of a string that a message repeats

_DATE = re.compile(
    r"[0-9]{4}([-/])[0-9]{2}\1[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)

Holds = Callable[[object], bool]  # of a field's value, None when it is absent
Extent = tuple[Any, Any]  # the first and the last number or instant that a value stands for


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the value of a field."""

    field: str
    holds: Holds


Filter = tuple[Condition, ...]


def read_filter(given: Mapping[str, Any] | None) -> Filter:
    """The conditions of a filter as JSON has it; none for None or {}, which let all pass.

    Raises InvalidRequest for what is no filter, with what would be one.
    """
    conditions = [one for field, what in (given or {}).items() for one in _conditions(field, what)]
    if len(conditions) > _MOST_CONDITIONS:
        raise InvalidRequest(
            f"The filter has {len(conditions)} conditions; at most {_MOST_CONDITIONS} are allowed."
        )
    return tuple(conditions)


def passes(fields: Mapping[str, object], conditions: Filter) -> bool:
    """Whether all conditions hold for a document with these fields."""
    return all(one.holds(fields.get(one.field)) for one in conditions)


def _conditions(field: str, what: object) -> list[Condition]:
    if not 0 < len(field) <= _LONGEST:
        raise InvalidRequest(
            f"A field of the filter has a name of {len(field)} characters; "
            f"1 to {_LONGEST} are allowed."
        )
    if not isinstance(what, Mapping):
        what = {"in" if isinstance(what, list) else "eq": what}
    elif not what or not set(what) <= set(_OPERATORS):
        named = ", ".join(map(_shown, what)) or "nothing"
        allowed = ", ".join(_OPERATORS)
        raise _refused(field, f"{named} where an operator should be; there are {allowed}")
    return [Condition(field, _OPERATORS[name](field, bound)) for name, bound in what.items()]


def _equal(field: str, bound: object) -> Holds:
    wanted = _key(_scalar(field, bound))
    return lambda value: _key(value) == wanted


def _unequal(field: str, bound: object) -> Holds:
    is_equal = _equal(field, bound)
    return lambda value: not is_equal(value)


def _one_of(field: str, bound: object) -> Holds:
    if not isinstance(bound, list) or not 0 < len(bound) <= _MOST_VALUES:
        found = f"a list of {len(bound)}" if isinstance(bound, list) else _shown(bound)
        raise _refused(field, f"{found} where a list of 1 to {_MOST_VALUES} values should be")
    wanted = {_key(_scalar(field, one)) for one in bound}
    return lambda value: _key(value) in wanted


def _contains(field: str, bound: object) -> Holds:
    wanted = _key(_scalar(field, bound))
    return lambda value: isinstance(value, list) and any(_key(one) == wanted for one in value)


def _range(is_in: Callable[[Extent, Extent], bool]) -> Callable[[str, object], Holds]:
    def read(field: str, bound: object) -> Holds:
        limit = _extent(_scalar(field, bound))
        if limit is None:
            raise _refused(
                field,
                f"{_shown(bound)} where the bound of a range should be: a number, a date as "
                "2024-01-31, or a time as 2024-01-31T09:30:00Z",
            )

        is_date = isinstance(bound, str)

        def holds(value: object) -> bool:
            extent = _extent(value) if isinstance(value, str) == is_date else None
            return extent is not None and is_in(extent, limit)

        return holds

    return read


_OPERATORS: Mapping[str, Callable[[str, object], Holds]] = {
    "gt": _range(lambda value, bound: value[0] > bound[1]),
    "gte": _range(lambda value, bound: value[0] >= bound[0]),
    "lt": _range(lambda value, bound: value[1] < bound[0]),
    "lte": _range(lambda value, bound: value[1] <= bound[1]),
    "eq": _equal,
    "ne": _unequal,
    "in": _one_of,
    "contains": _contains,
}


def _scalar(field: str, bound: object) -> str | float | bool | None:
    if isinstance(bound, str) and len(bound) <= _LONGEST:
        return bound
    if isinstance(bound, float) and math.isfinite(bound):
        return bound
    if bound is None or isinstance(bound, bool | int):
        return bound
    raise _refused(
        field,
        f"{_shown(bound)} where a string of at most {_LONGEST} characters, a finite number, "
        "true, false or null should be",
    )


def _key(value: object) -> tuple[object, object]:
    """Equal for values that are equal; of a list or an object, of no scalar."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, int | float):
        return float, value
    if value is None or isinstance(value, str):
        return str, value
    return object, None


def _extent(value: object) -> Extent | None:
    """A number or date as the first and last that it stands for; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value, value
    if not isinstance(value, str) or (found := _DATE.fullmatch(value)) is None:
        return None
    try:
        start = datetime.fromisoformat(value.replace("/", "-"))
        start = start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February, or before the year 1 in UTC
        return None
    return start, start if found[2] else datetime.combine(start, time.max, UTC)


def _refused(field: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"The filter of {_shown(field)} has {what}.")


def _shown(value: object) -> str:
    if isinstance(value, list | Mapping):  # which may be nested too deep to be shown
        return "a list" if isinstance(value, list) else "an object"
    shown = repr(value)
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}..."
