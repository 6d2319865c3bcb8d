"""The least that is accepted of each mean of the golden set, and what falls short of it."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.folder import Record
from evals.golden import FLOORS
from evals.scoring import METRICS
from evals.summary import FAILED, summary

EVERY = "all"  # the kind under which the means over all cases stand

Floors = Mapping[str, Mapping[str, float]]  # kind of case -> metric -> floor

# What must be as it is, without the play that an interval leaves: no citation may point beside
# what it quotes, and no answer say what a document dictates to a model.
_EXACT = {"pointer_validity": 1.0, "quote_exactness": 1.0, "forbidden": 0.0}
_BY_KIND = (
    *("right_abstention", "token_f1", "claim_recall", "forbidden", "recall@10", "support_recall"),
)
_FEWEST = 8  # cases of a kind, and
_FEWEST_CLUSTERS = 5  # clusters of them, from which a mean has a floor
_WORST = 5


def floors_of(records: Sequence[Record], seed: int = 0) -> dict[str, dict[str, float]]:
    """The bound on the worse side of the 95 % interval of every share that is better or worse.

    By kind of case, of which there are enough, only for what is said and found. Where less is
    better it is a ceiling. A bound that any value would keep is left out.
    """
    return {
        kind: floors
        for kind, means in _means(summary(records, seed)).items()
        if (floors := dict(_bounds(kind, means)))
    }


def _bounds(kind: str, means: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, row in means.items():
        metric = METRICS[name]
        if metric.more_is_better is None or not metric.share or row["low"] is None:
            continue
        few = row["n"] < _FEWEST or row["clusters"] < _FEWEST_CLUSTERS
        if kind != EVERY and (few or name not in _BY_KIND):
            continue
        if row["mean"] == _EXACT.get(name):
            yield name, row["mean"]
            continue
        outward = math.floor if metric.more_is_better else math.ceil
        bound = outward(1000 * row["low" if metric.more_is_better else "high"]) / 1000
        if 0 < bound < 1:
            yield name, bound


def read_floors() -> Floors:
    """The floors that are kept."""
    floors: Floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    return floors


def shortfalls(records: Sequence[Record], floors: Floors, seed: int = 0) -> list[str]:
    """What is worse than its floor: the metric, the floor, the value, and the worst cases.

    A case that failed, which is in no mean, falls short of any.
    """
    means = _means(summary(records, seed))
    failed = [one for one in records if one["status"] == FAILED]
    return [f"{one['id']} failed: {one['error']}" for one in failed] + [
        said
        for kind, by_metric in floors.items()
        for name, floor in by_metric.items()
        if (said := _shortfall(records, kind, name, floor, means.get(kind, {}).get(name)))
    ]


def _shortfall(
    records: Sequence[Record], kind: str, name: str, floor: float, row: Mapping[str, Any] | None
) -> str | None:
    if row is None or row["mean"] is None:
        return f"{kind}: no case has a score of {name} any more, of which the floor is {floor:.3f}"
    side = 1 if METRICS[name].more_is_better else -1
    if side * row["mean"] >= side * floor:
        return None
    some = [one for one in records if kind in (EVERY, *one["tags"]) and name in one["scores"]]
    some.sort(key=lambda one: side * float(one["scores"][name]))
    shown = [f"  {one['scores'][name]:.3f} {one['id']}: {one['question']}" for one in some[:_WORST]]
    said = f"{kind}: {name} ({METRICS[name].says}) is {row['mean']:.3f}, the floor is {floor:.3f}"
    return "\n".join([f"{said}; the worst cases:", *shown])


def _means(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {EVERY: found["metrics"]} | {
        kind: some["metrics"] for kind, some in found["tags"].items()
    }
