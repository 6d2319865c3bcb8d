"""When a schedule runs, over the changes of the clock too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import InvalidRequest
from rag.timetable import Due, due, next_runs

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(cron: str, after: str, count: int, zone: str = BERLIN) -> list[str]:
    """The next runs as a clock there shows them."""
    found = next_runs(cron, zone, at(after), count)
    return [one.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z") for one in found]


def test_the_hours_are_those_of_the_time_zone_in_winter_and_in_summer() -> None:
    assert next_runs("0 7 * * *", BERLIN, at("2026-03-28T00:00"), 2) == [
        at("2026-03-28T06:00"),
        at("2026-03-29T05:00"),
    ]


def test_a_time_that_does_not_exist_runs_once_at_the_next_that_does() -> None:
    found = local("30 2 * * *", "2026-03-28T00:00", 3)
    assert found == ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]
    assert local("0,30 2 * * *", "2026-03-28T12:00", 2) == ["29 03:00+0200", "30 02:00+0200"]


def test_a_time_that_exists_twice_runs_once() -> None:
    assert local("30 2 * * *", "2026-10-24T12:00", 2) == ["25 02:30+0200", "26 02:30+0100"]


@pytest.mark.parametrize("minutes", range(0, 150, 10))
def test_it_runs_once_whenever_in_that_night_the_next_run_is_looked_for(minutes: int) -> None:
    first = at("2026-10-25T00:30")  # 2:30 of summer
    now = first + timedelta(minutes=minutes)
    assert next_runs("30 2 * * *", BERLIN, now, 1) == [at("2026-10-26T01:30")]


def test_what_runs_every_half_hour_goes_by_what_really_passes() -> None:
    spring = local("*/30 * * * *", "2026-03-29T00:00", 3)
    assert spring == ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]
    autumn = local("*/30 * * * *", "2026-10-24T23:30", 6)
    assert [one[3:8] for one in autumn] == ["02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]


def test_nothing_is_due_before_its_time() -> None:
    assert due("0 7 * * *", "UTC", at("2026-05-02T07:00"), at("2026-05-02T06:59:59")) is None


def test_what_is_due_on_time_has_missed_nothing() -> None:
    now = at("2026-05-02T07:00:01")
    expected = Due(at("2026-05-02T07:00"), None, at("2026-05-03T07:00"))
    assert due("0 7 * * *", "UTC", at("2026-05-02T07:00"), now) == expected


def test_of_many_missed_ticks_the_last_is_due_and_the_first_is_named() -> None:
    now = at("2026-05-09T12:00")
    expected = Due(at("2026-05-09T07:00"), at("2026-05-02T07:00"), at("2026-05-10T07:00"))
    assert due("0 7 * * *", "UTC", at("2026-05-02T07:00"), now) == expected


@pytest.mark.parametrize(
    ("cron", "tick"),
    [
        ("* * * * *", "2026-05-02T11:59"),
        ("0 7 1 * *", "2026-05-01T07:00"),
        ("0 7 1 1 *", "2026-01-01T07:00"),
        ("0 7 29 2 *", "2024-02-29T07:00"),
    ],
)
def test_years_of_missed_ticks_are_no_work(cron: str, tick: str) -> None:
    (first,) = next_runs(cron, "UTC", at("2019-12-31T12:00"), 1)
    found = due(cron, "UTC", first, at("2026-05-02T11:59:30"))
    assert found is not None
    assert (found.tick, found.missed_since) == (at(tick), first)


@given(
    minutes=st.integers(0, 2 * 366 * 24 * 60),
    gap=st.timedeltas(timedelta(0), timedelta(days=40)),
    cron=st.sampled_from(["30 2 * * *", "0 */6 * * *", "15 1,2,3 * * SUN", "59 23 L * *"]),
)
def test_due_and_the_next_run_leave_no_tick_out_and_repeat_none(
    minutes: int, gap: timedelta, cron: str
) -> None:
    start = at("2025-01-01") + timedelta(minutes=minutes)
    first, *_ = ticks = next_runs(cron, BERLIN, start, 400)
    now = start + gap
    found = due(cron, BERLIN, first, now)
    past = [one for one in ticks if one <= now]
    assert (found is None) == (not past)
    if found is not None:
        assert found.tick == past[-1]
        assert found.following == ticks[len(past)]
        assert found.missed_since == (first if len(past) > 1 else None)


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("0 7 * *", "has 4 fields"),
        ("0 0 7 * * *", "has 6 fields"),
        ("", "has 0 fields"),
        ("61 7 * * *", "bad minute"),
        ("0 7 * * XYZ", "bad day-of-week"),
        ("0 0 30 2 *", "bad day-of-month"),
    ],
)
def test_what_is_no_cron_expression_is_refused_with_the_reason(cron: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        next_runs(cron, "UTC", at("2026-05-02T00:00"), 1)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "Europe", "\0"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="no time zone"):
        next_runs("0 7 * * *", name, at("2026-05-02T00:00"), 1)
