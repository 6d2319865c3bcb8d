"""Two runs of the same cases, pair by pair: how much they differ, and what could have been seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from rich.table import Table

from evals.errors import UnusableRun
from evals.folder import Record
from evals.intervals import drawn_means
from evals.scoring import METRICS
from evals.summary import narrow

_LONG = 100  # from which on a number is shown with one decimal, as tokens are
_POWER = 0.8  # chance to see the smallest effect that is named


@dataclass(frozen=True, slots=True)
class Difference:
    """What B has more than A of a metric, in the mean over the pairs.

    `pairs` have the score in both runs, `changed` of them not the same; `lost` only in A, `gained`
    only in B. `low` and `high` are the bounds of the paired interval at `level`, None with fewer
    than two clusters; `kept` is the upper one of the change in how many of the cases have a score,
    as a share. `smallest` is the smallest true difference that these pairs would have shown 4 times
    of 5.
    """

    metric: str
    before: float
    after: float
    pairs: int
    changed: int
    clusters: int
    lost: int
    gained: int
    kept: float | None
    level: float
    low: float | None
    high: float | None
    smallest: float | None

    @property
    def mean(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs: what they have in common, and their differences by metric.

    `changed` names what the runs were made with that is not the same. Cases that only one of both
    has, or that expect something else in either, are counted and are in no difference.
    """

    pairs: int
    only_before: int
    only_after: int
    other_case: int
    failed_before: int
    failed_after: int
    changed: tuple[str, ...]
    differences: tuple[Difference, ...]


def compare(
    before: tuple[dict[str, Any], Sequence[Record]],
    after: tuple[dict[str, Any], Sequence[Record]],
    *,
    names: Sequence[str] = (),
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two runs, as `evals.folder.read_run` reads them, by all metrics or by `names`.

    Raises UnusableRun where they have no case in common.
    """
    first = {one["id"]: one for one in before[1]}
    second = {one["id"]: one for one in after[1]}
    shared = [name for name in first if name in second]
    same = [name for name in shared if first[name]["case"] == second[name]["case"]]
    if not same:
        raise UnusableRun(
            "The two runs have no case in common, so there is nothing to compare. Run both on the "
            "same cases."
        )
    pairs = [(first[name], second[name]) for name in same]
    found = [
        difference(pairs, name, level=level, seed=seed)
        for name in METRICS
        if name in names or not names
    ]
    return Comparison(
        pairs=len(pairs),
        only_before=len(first) - len(shared),
        only_after=len(second) - len(shared),
        other_case=len(shared) - len(same),
        failed_before=sum(one["status"] == "failed" for one, _ in pairs),
        failed_after=sum(one["status"] == "failed" for _, one in pairs),
        changed=tuple(changes(before[0], after[0])),
        differences=tuple(one for one in found if one is not None),
    )


def difference(
    pairs: Sequence[tuple[Record, Record]], name: str, *, level: float = 0.95, seed: int = 0
) -> Difference | None:
    """The difference of one metric; None where neither run has it.

    The interval is the percentile interval of a bootstrap that draws whole clusters of pairs.
    """
    in_first = [name in one["scores"] for one, _ in pairs]
    in_second = [name in one["scores"] for _, one in pairs]
    if not any(in_first) and not any(in_second):
        return None
    both = [pair for pair, *there in zip(pairs, in_first, in_second, strict=True) if all(there)]
    lost = sum(in_first) - len(both)
    gained = sum(in_second) - len(both)
    tail = 100 * (1 - level) / 2
    kept = _kept(pairs, name, 100 - tail, seed)
    if not both:
        nothing = float("nan")
        return Difference(
            name, nothing, nothing, 0, 0, 0, lost, gained, kept, level, None, None, None
        )
    before = np.array([one["scores"][name] for one, _ in both], float)
    after = np.array([one["scores"][name] for _, one in both], float)
    clusters = [one["cluster"] for one, _ in both]
    groups = len(set(clusters))
    low = high = smallest = None
    if groups > 1:
        drawn = drawn_means(list(after - before), clusters, seed)
        low, high = (float(one) for one in np.percentile(drawn, [tail, 100 - tail]))
        smallest = _smallest(float(drawn.std()), groups, level, share=METRICS[name].share)
    return Difference(
        metric=name,
        before=float(before.mean()),
        after=float(after.mean()),
        pairs=len(both),
        changed=int((before != after).sum()),
        clusters=groups,
        lost=lost,
        gained=gained,
        kept=kept,
        level=level,
        low=low,
        high=high,
        smallest=smallest,
    )


def _kept(
    pairs: Sequence[tuple[Record, Record]], name: str, percentile: float, seed: int
) -> float | None:
    there = [(name in one["scores"], name in two["scores"], one["cluster"]) for one, two in pairs]
    changes = [(float(second) - first, group) for first, second, group in there if first or second]
    values, clusters = zip(*changes, strict=True)
    many = len(set(clusters)) > 1
    return float(np.percentile(drawn_means(values, clusters, seed), percentile)) if many else None


def _smallest(error: float, groups: int, level: float, *, share: bool) -> float | None:
    """The smallest effect that is seen 4 times of 5 by a two-sided interval (Cohen, 1988).

    Where no pair differs there is no standard error: then it is the share of clusters that would
    have to differ for one to be drawn 4 times of 5, each by all that a share can differ by.
    """
    if error > 0:
        normal = NormalDist()
        return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(_POWER)) * error
    return 1 - (1 - _POWER) ** (1 / groups) if share else None


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What two runs were not made with alike, as "settings.passages: 10 -> 5"."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{name}.{one}" for one in changes(old, new)]
        elif old != new:
            found.append(f"{name}: {_in_short(old)} -> {_in_short(new)}")
    return found


def _in_short(value: object) -> object:
    return f"{len(value)} values, in run.json" if isinstance(value, dict) else value


def shown_number(value: float, sign: str = "") -> str:
    """As "0.853" or "1528.2", and "-" for a mean of no pairs."""
    places = 3 if abs(value) < _LONG else 1
    return "-" if math.isnan(value) else f"{value:{sign}.{places}f}"


def table(found: Comparison) -> Table:
    """The differences for the terminal, of which 80 columns hold each in a line."""
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("metric", "A", "B", "B - A [95 % interval]", "pairs", "changed", "could show"):
        left = name in ("metric", "B - A [95 % interval]")
        shown.add_column(name, justify="left" if left else "right", no_wrap=left)
    for one in found.differences:
        bounds = (
            "[no interval]"
            if one.low is None or one.high is None
            else f"[{shown_number(one.low, '+')}, {shown_number(one.high, '+')}]"
        )
        shown.add_row(
            one.metric,
            shown_number(one.before),
            shown_number(one.after),
            f"{shown_number(one.mean, '+')} {bounds}",
            f"{one.pairs}" + (f" (-{one.lost} +{one.gained})" if one.lost or one.gained else ""),
            f"{one.changed}",
            "-" if one.smallest is None else f"{one.smallest:.3f}",
        )
    return shown


def remarks(found: Comparison) -> list[str]:
    """What must be known to read the differences."""
    failed = f"failed: {found.failed_before} in A, {found.failed_after} in B"
    said = [
        f"{found.pairs} pairs; {failed}",
        "could show: the smallest difference that these pairs would have shown 4 times of 5",
    ]
    said += caveats(found)
    said += [f"not made alike: {one}" for one in found.changed]
    return said


def caveats(found: Comparison) -> list[str]:
    """Which cases are in no pair, and of which metrics the pairs are in too few clusters."""
    left_out = (
        (found.only_before, "only in A"),
        (found.only_after, "only in B"),
        (found.other_case, "in both, but expect something else"),
    )
    said = [f"{number} cases left out: {why}" for number, why in left_out if number]
    with_interval = {one.metric: one.clusters for one in found.differences if one.low is not None}
    return said + narrow(with_interval)
