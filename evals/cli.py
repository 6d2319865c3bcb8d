"""The command line of the evals: `pincite eval`, or `python -m evals.cli`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.errors import CorpusError
from evals import judging, measuring, replaying, report
from evals.arguments import any_number, number
from evals.benchmark_commands import UNUSABLE, add_benchmarks
from evals.errors import EvalError
from evals.golden import measure as golden
from evals.scoring import METRICS
from rag import RagError

Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; exit code 2 when what it needs is not there or can not be read."""
    given = _arguments().parse_args(arguments)
    run: Run = given.run
    try:
        return run(given)
    except (CorpusError, EvalError, RagError, OSError) as error:
        print(f"pincite eval: {error}", file=sys.stderr)
        return UNUSABLE


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pincite eval", description="Measure Pincite.")
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    add_benchmarks(what)
    _add_cases(what)
    _add_runs(what)
    _add_replay(what)
    _add_pairs(what)
    _add_judge(what)
    _add_report(what)
    _add_golden(what)
    return parser


def _add_cases(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "init",
        help="make cases to start from, of a collection",
        description="Makes cloze tests of sentences of a collection, to be rewritten by hand.",
    )
    one.add_argument("--collection", default="default", help="of which collection; default")
    one.add_argument("--out", type=Path, required=True, help="file to write, JSON lines")
    one.add_argument("--limit", type=number, default=20, help="how many cases at most; 20")
    one.add_argument("--seed", type=any_number, default=0, help="which of the sentences; 0")
    one.set_defaults(run=measuring.init)
    one = what.add_parser(
        "add",
        help="make a case of an answer that was given",
        description="Adds a case that expects what a kept answer said, to a file.",
    )
    one.add_argument("answer", metavar="ANSWER_ID", help="its id, ans_...")
    one.add_argument("--cases", type=Path, required=True, help="file to add it to")
    one.set_defaults(run=measuring.add)


def _add_runs(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "run",
        help="answer and score cases, into a folder",
        description="Answers and scores cases. A run that was stopped goes on where it was.",
    )
    one.add_argument("--cases", type=Path, required=True, help="file of cases, JSON lines")
    one.add_argument("--out", type=Path, required=True, help="folder of the run")
    one.add_argument("--collection", default="default", help="which is asked; default")
    one.add_argument("--limit", type=number, help="how many cases, drawn by the seed; all")
    one.add_argument("--seed", type=any_number, default=0, help="of the draw and the intervals; 0")
    _add_prices(one)
    one.add_argument(
        "--at-once", type=number, default=1, help="cases that are answered at the same time; 1"
    )
    one.add_argument(
        "--retry-failed", action="store_true", help="do the cases again that failed before"
    )
    _add_dry_run(one)
    one.set_defaults(run=measuring.measure)


def _add_replay(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "replay",
        help="what would be answered now to what was really asked",
        description="Asks what kept answers were asked again, under the settings, prompts and "
        "documents of now, and writes two runs: OUT/A as they were answered, OUT/B as they are "
        "now. Kept answers stay as they are. A replay that was stopped goes on where it was.",
    )
    one.add_argument("--out", type=Path, required=True, help="folder of the two runs")
    one.add_argument("--collection", default="default", help="of which collection; default")
    one.add_argument(
        "--since", type=replaying.since, metavar="TIME", help="only answers kept since; all"
    )
    one.add_argument(
        "--limit", type=any_number, default=100, help="how many, drawn by the seed; 100, 0 for all"
    )
    one.add_argument("--seed", type=any_number, default=0, help="of the draw and the intervals; 0")
    one.add_argument(
        "--retrieval-only",
        action="store_true",
        help="only search, and show how much of what was found is found again",
    )
    one.add_argument(
        "--at-once", type=number, default=1, help="questions asked at the same time; 1"
    )
    _add_prices(one)
    one.set_defaults(run=replaying.replay_kept)


def _add_pairs(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "compare",
        help="how two runs of the same cases differ",
        description="Compares two runs pair by pair, with the interval of the difference.",
    )
    _add_both(one)
    one.set_defaults(run=measuring.compare_runs)
    one = what.add_parser(
        "gate",
        help="fail when a run is worse than another",
        description="Exit code 1 when the paired interval of a metric lies beyond the drop that is "
        "allowed: it dropped. 0 when none does. A metric whose interval holds that drop is "
        "undecided, the cases are too few: it is printed with how many would do, and the exit code "
        "is 0, or 3 with --strict.",
    )
    _add_both(one)
    one.add_argument(
        "--max-drop",
        type=_drop,
        default=0.02,
        help="what is allowed, in the metric's own unit; 0.02",
    )
    one.add_argument("--strict", action="store_true", help="exit code 3 for what is undecided")
    one.set_defaults(run=measuring.gate)


def _add_report(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "report",
        help="a run as one HTML file",
        description="Writes a run as one HTML file, which needs nothing beside it.",
    )
    one.add_argument("run_folder", type=Path, metavar="RUN", help="folder of the run")
    one.add_argument("--out", type=Path, required=True, help="file to write")
    one.add_argument("--before", type=Path, metavar="A", help="run to show the differences from")
    one.add_argument(
        "--right",
        choices=[
            name for name, metric in METRICS.items() if metric.more_is_better and metric.share
        ],
        metavar="NAME",
        help="metric by which an answer is right, for the curves and the worst cases; the first "
        f"that the run has of {', '.join(report.RIGHT)}",
    )
    one.set_defaults(run=report.write_report)


def _add_golden(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    shown = "the golden set over the samples, against the floors that it must keep"
    one = what.add_parser(
        "golden",
        help=shown,
        description=f"Runs {shown}; exit code 1 when a mean falls below its floor.",
    )
    one.add_argument("--out", type=Path, help="folder of the run; none is kept")
    one.add_argument("--seed", type=any_number, default=0, help="of the intervals; 0")
    one.add_argument(
        "--write-floors", action="store_true", help="make the bounds of this run the floors"
    )
    one.set_defaults(run=golden.measure)


def _add_judge(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "judge",
        help="what an LLM judge says of claims, and how far it can be believed",
        description="Has the model of the settings judge the claims of a run, and keeps its grades "
        "in the folder of the run, where report, compare and gate find them. With --against it "
        "judges claims that people have labelled as well: it shows where both agree, and corrects "
        "the mean of the run by the labels. Exit code 1 when it scored nothing.",
    )
    one.add_argument(
        "--against",
        type=Path,
        help="JSON lines of claim, evidence and label: supported, partial, contradicted or "
        "unsupported",
    )
    one.add_argument("--run", type=Path, dest="run_folder", help="folder of a run to judge")
    one.add_argument("--cache", type=Path, help="file of grades; in the data folder")
    one.add_argument("--offline", action="store_true", help="take grades from the cache alone")
    one.add_argument("--at-once", type=number, default=4, help="claims judged at the same time; 4")
    _add_dry_run(one)
    _add_prices(one)
    one.set_defaults(run=judging.judge)


def _add_dry_run(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--dry-run", action="store_true", help="only say what it will take, and ask no model"
    )


def _add_prices(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--prices",
        type=float,
        nargs=2,
        metavar=("TO", "FROM"),
        help="of a million tokens to and from the model; without them no cost is computed",
    )


def _add_both(one: argparse.ArgumentParser) -> None:
    one.add_argument("before", type=Path, metavar="A", help="folder of the run before")
    one.add_argument("after", type=Path, metavar="B", help="folder of the run after")
    one.add_argument(
        "--metric",
        action="append",
        default=[],
        choices=[*METRICS],
        metavar="NAME",
        help="only this one; may be given several times",
    )


def _drop(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
