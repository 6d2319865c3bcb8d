"""`pincite eval golden`: the golden set, in a scratch folder, against its floors."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from corpus.chunk import MAX_TOKENS
from evals.cases import read_cases
from evals.errors import UnusableRun
from evals.folder import Record, read_run, write_json
from evals.golden import CASES, FLOORS, golden_uploads
from evals.golden.floors import EVERY, Floors, floors_of, read_floors, shortfalls
from evals.intervals import Estimate
from evals.retrieval import filled
from evals.run import Plan, run
from evals.summary import remarks, summary
from rag.types import EXTRACTIVE


def measure(given: argparse.Namespace) -> int:
    """Run the golden set and print each mean with its floor; 1 when one falls short.

    The floors are those of answers without a model, so with one they are neither held against
    it nor written: raises UnusableRun.
    """
    with tempfile.TemporaryDirectory(prefix="pincite-golden-") as scratch:
        folder = given.out or Path(scratch) / "run"
        with Console(stderr=True).status("asking"):
            records = golden_records(folder, given.seed)
    models = {one["answer"]["model"] for one in records if one["answer"]} - {EXTRACTIVE}
    if models and given.write_floors:
        raise UnusableRun(f"These are the answers of {models}, and floors are for answers without.")
    if given.write_floors:
        write_json(FLOORS, floors_of(records, given.seed))
        print(f"{FLOORS} has the floors.", file=sys.stderr)
    floors = {} if models else read_floors()
    found = summary(records, given.seed)
    Console(width=100).print(table(found, floors), markup=False)
    for remark in remarks(found):
        print(remark)
    short = shortfalls(records, floors, given.seed)
    for said in short:
        print(said)
    return int(bool(short))


def golden_records(folder: Path, seed: int = 0) -> Sequence[Record]:
    """The records of a run of the golden set into a folder."""
    with filled(golden_uploads(), MAX_TOKENS, lambda _: None) as pipeline:
        plan = Plan(read_cases(CASES), seed=seed)
        asyncio.run(run(plan, folder, pipeline.settings, pipeline, lambda _done, _of: None))
    return read_run(folder)[1]


def table(found: dict[str, Any], floors: Floors) -> Table:
    """Each mean that has a floor, or all where there are none, by kind of case."""
    shown = Table(box=None, pad_edge=False)
    for name in ("kind", "metric", "mean [95 % interval]", "cases", "floor"):
        shown.add_column(name, justify="right" if name in ("cases", "floor") else "left")
    kinds = {EVERY: found} | found["tags"]
    for kind, some in kinds.items():
        for name, row in some["metrics"].items():
            floor = floors.get(kind, {}).get(name)
            if row["mean"] is None or (floors and floor is None):
                continue
            numbers = {key: row[key] for key in ("n", "clusters", "mean", "low", "high")}
            least = "-" if floor is None else f"{floor:.3f}"
            shown.add_row(kind, name, str(Estimate(**numbers)), f"{row['n']}", least)
    return shown
