"""Whether a run is worse than another by more than is allowed, by the bounds of the intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evals.compare import Comparison, Difference, compare
from evals.folder import Record
from evals.scoring import METRICS


class Gate(StrEnum):
    """What a gate says of a metric."""

    HOLDS = "holds"  # it has not dropped by more than is allowed
    DROPPED = "dropped"  # it has
    UNDECIDED = "undecided"  # the pairs are too few to tell


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate says of a metric, and why."""

    metric: str
    gate: Gate
    why: str


def decide(found: Difference, max_drop: float) -> Decision:
    """Whether a metric dropped by more than `max_drop`, by the bounds of the paired interval.

    It did where the whole interval lies beyond that; it holds where none of it does. Else it is
    undecided. That fewer cases have a score is a drop too, by the same bound of their share: a run
    that fails where it was bad before must not look better for it. But that one abstains here, and
    another there, is none.
    """
    side = -1.0 if METRICS[found.metric].more_is_better is False else 1.0
    among = found.pairs + found.lost
    if found.lost > max_drop * among and (found.kept is None or found.kept < -max_drop):
        why = f"{found.lost} of {among} cases have no score any more"
        return Decision(found.metric, Gate.DROPPED, why)
    if found.low is None or found.high is None:
        why = f"{found.pairs} pairs in {found.clusters} cluster(s) have no interval"
        return Decision(found.metric, Gate.UNDECIDED, why)
    worst, best = sorted((side * found.low, side * found.high))
    shown = f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    if best < -max_drop:
        return Decision(found.metric, Gate.DROPPED, f"{shown} is worse by over {max_drop:g}")
    if worst >= -max_drop:
        return Decision(found.metric, Gate.HOLDS, shown)
    return Decision(found.metric, Gate.UNDECIDED, f"{shown}; {_needed(found, max_drop)}")


def decisions(
    before: tuple[dict[str, Any], Sequence[Record]],
    after: tuple[dict[str, Any], Sequence[Record]],
    names: Sequence[str],
    max_drop: float,
) -> tuple[Comparison, list[Decision]]:
    """What a gate says of each of some metrics that the first run has, and by what.

    With m metrics each is judged at 1 - 5 % / m (Bonferroni), so that more metrics do not mean more
    false alarms. Raises UnusableRun as `compare` does.
    """
    found = compare(before, after, names=names, level=1 - 0.05 / len(names))
    return found, [decide(one, max_drop) for one in found.differences]


def _needed(found: Difference, max_drop: float) -> str:
    if not found.smallest or not max_drop:
        return "more cases would tell"
    cases = math.ceil(found.pairs * (found.smallest / max_drop) ** 2)
    return f"about {cases:,} cases would tell, there are {found.pairs}"


def chief() -> list[str]:
    """The metrics that a gate looks at when none is named."""
    return [name for name, metric in METRICS.items() if metric.chief]
