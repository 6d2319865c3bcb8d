"""`pincite eval all`: every benchmark, one after the other, with one table of what they come to.

OUT/run.json        what they are measured with: data, code, versions, limits and seed
OUT/records.jsonl   the figures of each that is finished, which is not done again
OUT/NAME.txt        what it printed
"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from corpus.embed import MiniLM
from evals import claims, qa, retrieval, summaries
from evals.configuration import code_hash, hash_of, versions
from evals.figures import Figure, remarks, table
from evals.folder import BENCHMARKS, RECORDS, append, open_run
from evals.terminal import duration, wide

Measure = Callable[[Path, int | None, int], list[Figure]]  # data, limit of each set, seed

_ARTICLES = 500  # of the set news, where there is a limit
_PROBE = "The ferry to Sandel leaves at noon, and the board sets the water tariff in June. " * 9
_PROBES = 16
_PROBE_SECONDS = 0.14  # of embedding them on 2 cores that do nothing else


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, and how many rows of each of its sets `pincite eval all` takes; None for all.

    `seconds` is about how long that takes on 2 cores that do nothing else, `whole` how long all do.
    """

    name: str
    measure: Measure
    limit: int | None
    seconds: float
    whole: float

    def estimate(self, limit: int | None) -> float:
        """Seconds on such cores."""
        if limit is None or self.limit is None:
            return self.whole
        return min(self.whole, self.seconds * limit / self.limit)


def _retrieval(data: Path, limit: int | None, seed: int) -> list[Figure]:
    return retrieval.run(data, limit, seed, articles=None if limit is None else _ARTICLES)


ALL: tuple[Benchmark, ...] = (
    Benchmark("claims", claims.run, limit=300, seconds=170, whole=670),
    Benchmark("retrieval", _retrieval, limit=500, seconds=250, whole=850),
    Benchmark("qa", qa.run, limit=None, seconds=60, whole=60),
    Benchmark("summaries", summaries.run, limit=100, seconds=60, whole=180),
)


def run_all(given: argparse.Namespace) -> int:
    """Run the benchmarks that are not finished in the folder, and print the table of all.

    2 when no data is there.
    """
    limits = {one.name: one.limit if given.limit is None else given.limit or None for one in ALL}
    done = {} if given.out is None else _opened(given.out, given.data, limits, given.seed)
    _announce(limits, done)
    factor = _slower() if len(done) < len(ALL) else 1.0
    spent = expected = 0.0
    for at, one in enumerate(ALL):
        if one.name in done:
            continue
        left = [later.estimate(limits[later.name]) for later in ALL[at:] if later.name not in done]
        pace = spent / expected if expected else factor
        print(
            f"{one.name}: {duration(pace * left[0])}, with the rest {duration(pace * sum(left))}",
            file=sys.stderr,
        )
        started = time.perf_counter()
        with _heard(None if given.out is None else given.out / f"{one.name}.txt"):
            figures = one.measure(given.data, limits[one.name], given.seed)
        took = time.perf_counter() - started
        if figures:
            spent, expected = spent + took, expected + left[0]
        done[one.name] = _record(one.name, figures, took)
        if given.out is not None:
            append(given.out / RECORDS, done[one.name])
        print()
    return _report(done)


def _announce(limits: Mapping[str, int | None], done: Mapping[str, Any]) -> None:
    taken = ", ".join(
        f"{name} {'all rows' if limit is None else f'{limit} rows of each set'}"
        for name, limit in limits.items()
    )
    print(f"{taken}; --limit 0 takes all rows. No model is asked, so the cost is 0.")
    if done:
        print(f"finished before, and kept: {', '.join(done)}")
    print(flush=True)


def _report(done: Mapping[str, Mapping[str, Any]]) -> int:
    found = [
        (one.name, Figure.of_json(figure)) for one in ALL for figure in done[one.name]["figures"]
    ]
    if not found:
        return 2
    wide().print(table(found), markup=False)
    for remark in remarks(found):
        print(remark)
    took = [f"{one.name} {duration(done[one.name]['seconds'])}" for one in ALL]
    total = sum(row["seconds"] for row in done.values())
    print(f"took {duration(total)}: {', '.join(took)}")
    return 0


def _record(name: str, figures: Sequence[Figure], seconds: float) -> dict[str, Any]:
    return {
        "id": name,
        "seconds": round(seconds, 1),
        "figures": [one.as_json() for one in figures],
    }


def _opened(
    folder: Path, data: Path, limits: Mapping[str, int | None], seed: int
) -> dict[str, dict[str, Any]]:
    """What a folder has of finished benchmarks; raises UnusableRun where they were others."""
    made_with = {
        "format": 1,
        "kind": BENCHMARKS,
        "cases": len(ALL),
        "versions": versions(),
        "code": code_hash(),
        "data": hash_of(one for one in data.rglob("*") if one.suffix in (".gz", ".jsonl")),
        "limits": dict(limits),
        "seed": seed,
    }
    return {one["id"]: one for one in open_run(folder, made_with)}


def _slower() -> float:
    """How many times as long it takes to embed some texts as on the cores of the estimates."""
    model = MiniLM()
    try:
        model.embed([_PROBE])
        started = time.perf_counter()
        model.embed([f"{at} {_PROBE}" for at in range(_PROBES)])
        return (time.perf_counter() - started) / _PROBE_SECONDS
    finally:
        model.close()


class _Both(io.TextIOBase):
    """Writes to stdout and to a file."""

    def __init__(self, shown: TextIO, kept: TextIO) -> None:
        self._files = shown, kept

    def write(self, text: str) -> int:
        for one in self._files:
            one.write(text)
        return len(text)

    def flush(self) -> None:
        for one in self._files:
            one.flush()


@contextmanager
def _heard(path: Path | None) -> Iterator[None]:
    """Keep what is printed in a file too, which is written anew."""
    if path is None:
        yield
        return
    with path.open("w", encoding="utf-8") as file, redirect_stdout(_Both(sys.stdout, file)):
        yield
