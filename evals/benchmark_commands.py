"""The commands of `pincite eval` that measure on public data."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from evals import benchmarking, claims, qa, retrieval, summaries
from evals.arguments import any_number, number
from evals.figures import Figure

UNUSABLE = 2  # exit code where there is nothing to measure with


def add_benchmarks(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that measure on public data."""
    one = _benchmark(
        what, "retrieval", "how much of what answers is retrieved, and what each choice adds"
    )
    one.add_argument("--articles", type=number, help="how many articles of the set news; all")
    one.add_argument(
        "--no-variants", action="store_true", help="only as shipped, without what else was tried"
    )
    one.set_defaults(run=_retrieval)
    one = _benchmark(
        what, "qa", "whether the embedded reader takes what answers, and abstains when nothing does"
    )
    one.set_defaults(run=lambda given: _found(qa.run(given.data, given.limit, given.seed)))
    one = _benchmark(what, "claims", "whether claims are judged rightly by their evidence")
    one.add_argument("--fit", action="store_true", help="fit the weights anew and print them")
    one.set_defaults(
        run=lambda given: _found(
            claims.run(given.data, given.limit, given.seed, show_fit=given.fit)
        )
    )
    one = _benchmark(
        what, "summaries", "how near summaries by quoting come to people's, beside simple baselines"
    )
    one.set_defaults(run=lambda given: _found(summaries.run(given.data, given.limit, given.seed)))
    one = what.add_parser(
        "all",
        help="every benchmark, with one table",
        description="Runs every benchmark, one after the other. What its data is not there for is "
        "skipped. By default so many rows of each set are taken that all of it takes less than 20 "
        "minutes on 2 cores.",
    )
    one.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    one.add_argument(
        "--limit",
        type=any_number,
        help="how many rows of each set, drawn by the seed; 0 for all; as many as are printed",
    )
    one.add_argument("--seed", type=any_number, default=0, help="of the draws and the intervals; 0")
    one.add_argument(
        "--out", type=Path, help="folder for what is finished, so that a stopped run goes on"
    )
    one.set_defaults(run=benchmarking.run_all)


def _benchmark(
    what: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, shown: str
) -> argparse.ArgumentParser:
    one = what.add_parser(name, help=shown, description=f"Measures {shown}.")
    one.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    one.add_argument("--limit", type=number, help="how many rows of each set, by the seed; all")
    one.add_argument("--seed", type=any_number, default=0, help="of the draws and the intervals; 0")
    return one


def _found(figures: Sequence[Figure]) -> int:
    """The exit code of a benchmark: 2 where there was nothing to measure with."""
    return 0 if figures else UNUSABLE


def _retrieval(given: argparse.Namespace) -> int:
    variants = not given.no_variants
    return _found(
        retrieval.run(
            given.data, given.limit, given.seed, articles=given.articles, variants=variants
        )
    )
