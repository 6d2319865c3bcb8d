"""When a schedule runs: pure functions of a cron expression, a time zone and the time.

Cron as Debian has it, by `cronsim`: of a schedule with fixed hours and minutes, a time that a
change of the clock leaves out runs once at the first that there is, and one that it brings twice
runs at the first of the two. One that has every hour or every minute (`*`, `*/15`) goes by what
really passes, and so through both.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from corpus.errors import InvalidRequest

# How far back the last of the missed ticks is looked for, so that a year of missed minutes is not
# counted through; further back if nothing is found.
_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=370))


@dataclass(frozen=True, slots=True)
class Due:
    """A tick whose time has come: the last of those that have. All times are in UTC.

    `missed_since` is the first of the ticks before it that nobody ran, None if there is none.
    `following` is the first tick after now, None when the calendar has no other.
    """

    tick: datetime
    missed_since: datetime | None
    following: datetime | None


def next_runs(cron: str, timezone: str, after: datetime, count: int) -> list[datetime]:
    """The first ticks after a time, in UTC; fewer when the calendar has none in 50 years.

    Raises InvalidRequest for what is no cron expression of five fields, or no time zone.
    """
    return list(islice(_ticks(cron, timezone, after), count))


def due(cron: str, timezone: str, next_run_at: datetime, now: datetime) -> Due | None:
    """What is due of a schedule whose next tick is, or was, `next_run_at`; None before that.

    Raises what `next_runs` does.
    """
    if now < next_run_at:
        return None
    tick = next_run_at
    for window in _WINDOWS:
        start = max(next_run_at, now - window)
        if found := _last(cron, timezone, start, now):
            tick = found
        if found or start == next_run_at:
            break
    else:
        tick = _last(cron, timezone, next_run_at, now) or next_run_at
    return Due(
        tick=tick,
        missed_since=next_run_at if tick > next_run_at else None,
        following=next(_ticks(cron, timezone, now), None),
    )


def _last(cron: str, timezone: str, after: datetime, now: datetime) -> datetime | None:
    until_now = takewhile(lambda tick: tick <= now, _ticks(cron, timezone, after))
    return next(iter(deque(until_now, maxlen=1)), None)


def _ticks(cron: str, timezone: str, after: datetime) -> Iterator[datetime]:
    if len(cron.split()) != 5:  # six would have seconds
        raise InvalidRequest(
            f"The cron expression {cron!r} has {len(cron.split())} fields and not the five that it "
            "should: minute, hour, day of the month, month, day of the week, as in '0 7 * * *'."
        )
    try:
        simulated = CronSim(cron, after.astimezone(zone(timezone)))
    except CronSimError as error:
        raise InvalidRequest(
            f"The cron expression {cron!r} can not be used: {str(error).lower()}. "
            "For example '0 7 * * MON-FRI' is at 7:00 on working days."
        ) from error
    # In the hour that comes twice, cronsim begins again at the first of the two.
    return dropwhile(lambda tick: tick <= after, (one.astimezone(UTC) for one in simulated))


def zone(name: str) -> ZoneInfo:
    """A time zone of the IANA database; raises InvalidRequest."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(
            f"There is no time zone {name!r}. Write it as the IANA does, like 'Europe/Berlin'."
        ) from error
