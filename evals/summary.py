"""What a run's records come to: every mean with its interval, and what is in none of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from evals.folder import Record
from evals.intervals import Estimate, estimate
from evals.scoring import METRICS

FAILED = "failed"
_MOST_REASONS = 5
FEW = 20  # clusters below which a bootstrap's intervals are known to be too narrow


def summary(records: Sequence[Record], seed: int = 0) -> dict[str, Any]:
    """Counts and means, over all and by tag, as JSON; the same for the same records and seed."""
    tags = sorted({tag for one in records for tag in one["tags"]})
    return {
        **_counts(records),
        "failures": [
            {"id": one["id"], "error": one["error"]} for one in records if one["status"] == FAILED
        ],
        "unscored": _reasons(records),
        "metrics": means(records, seed),
        "tags": {
            tag: {**_counts(some), "metrics": means(some, seed)}
            for tag in tags
            if (some := [one for one in records if tag in one["tags"]])
        },
    }


def means(records: Sequence[Record], seed: int = 0) -> dict[str, dict[str, Any]]:
    """Each metric that any case has, or should have: its estimate, and how many are unscored."""
    found: dict[str, dict[str, Any]] = {}
    for name, metric in METRICS.items():
        has = [one for one in records if name in one["scores"]]
        unscored = sum(name in one["unscored"] for one in records)
        if has:
            values = [one["scores"][name] for one in has]
            clusters = [one["cluster"] for one in has]
            found[name] = asdict(estimate(values, clusters, seed, share=metric.share))
        elif unscored:
            found[name] = {"n": 0, "clusters": 0, "mean": None, "low": None, "high": None}
        if has or unscored:
            found[name]["unscored"] = unscored
    return found


def table(found: dict[str, Any]) -> Table:
    """A summary for the terminal."""
    shown = Table(box=None, pad_edge=False)
    for name in ("metric", "mean [95 % interval]", "cases", "unscored", ""):
        shown.add_column(name, justify="right" if name in ("cases", "unscored") else "left")
    for name, row in found["metrics"].items():
        value = "none scored"
        if row["n"]:
            numbers = {key: row[key] for key in ("n", "clusters", "mean", "low", "high")}
            value = str(Estimate(**numbers))
        shown.add_row(name, value, f"{row['n']}", f"{row['unscored']}", METRICS[name].says)
    return shown


def remarks(found: dict[str, Any]) -> list[str]:
    """What must be known to read the means."""
    said = [f"{found['cases']} cases in {found['clusters']} clusters, {found['failed']} failed"]
    if found["failed"]:
        said[0] += ", which are in no mean:"
        said += [f"  {one['id']}: {one['error']}" for one in found["failures"][:5]]
        if found["failed"] > 5:
            said.append(f"  and {found['failed'] - 5} more, in records.jsonl")
    for reason, cases in list(found["unscored"].items())[:_MOST_REASONS]:
        said.append(f"unscored in {cases} case{'' if cases == 1 else 's'}: {reason}")
    if (more := len(found["unscored"]) - _MOST_REASONS) > 0:
        said.append(f"  and for {more} other reasons, in records.jsonl")
    drawn = {
        name: row["clusters"]
        for name, row in found["metrics"].items()
        if row["low"] is not None and not (METRICS[name].share and row["mean"] in (0, 1))
    }
    return said + narrow(drawn)


def narrow(clusters: Mapping[str, int]) -> list[str]:
    """That some bootstrapped intervals are too narrow, by the clusters of each metric."""
    few = [name for name, number in clusters.items() if number < FEW]
    if not few:
        return []
    of = "" if len(few) == len(clusters) else f" of {', '.join(few)}"
    return [f"With fewer than {FEW} clusters the intervals{of} are too narrow: take more cases."]


def latency(timings: Sequence[Record]) -> str:
    """Seconds of the cases, at the median and the 95th percentile."""
    seconds = [one["seconds"] for one in timings]
    if not seconds:
        return "no timings"
    half, most = np.percentile(seconds, [50, 95])
    return f"{half:.2f} s a case at the median, {most:.2f} s at the 95th percentile"


def _reasons(records: Sequence[Record]) -> dict[str, int]:
    """Why scores are missing, each with in how many cases, the most frequent first."""
    counts = Counter(why for one in records for why in dict.fromkeys(one["unscored"].values()))
    return dict(counts.most_common())


def _counts(records: Sequence[Record]) -> dict[str, int]:
    return {
        "cases": len(records),
        "failed": sum(one["status"] == FAILED for one in records),
        "clusters": len({one["cluster"] for one in records}),
    }
