"""The command line of the evals: `pincite eval`, or `python -m evals.cli`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.errors import CorpusError
from evals import claims, measuring, qa, retrieval
from evals.errors import EvalError
from rag import RagError

UNUSABLE = 2  # exit code for what is not there or can not be read

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
    shown = "how much of what answers is retrieved, and what each choice adds"
    one = what.add_parser("retrieval", help=shown, description=f"Measures {shown}.")
    one.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    one.add_argument("--limit", type=_count, help="how many questions of each set; all")
    one.add_argument("--articles", type=_count, help="how many articles of the set news; all")
    one.add_argument(
        "--no-variants", action="store_true", help="only as shipped, without what else was tried"
    )
    one.set_defaults(run=_retrieval)
    shown = "whether the embedded reader takes what answers, and abstains when nothing does"
    one = what.add_parser("qa", help=shown, description=f"Measures {shown}.")
    one.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    one.add_argument("--limit", type=_count, help="how many questions of each set; all")
    one.set_defaults(run=lambda given: qa.run(given.data, given.limit))
    shown = "whether claims are judged rightly by their evidence"
    two = what.add_parser("claims", help=shown, description=f"Measures {shown}.")
    two.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    two.add_argument("--limit", type=_count, help="how many claims of each set; all")
    two.add_argument("--fit", action="store_true", help="fit the weights anew and print them")
    two.set_defaults(run=lambda given: claims.run(given.data, given.limit, show_fit=given.fit))
    _add_cases(what)
    return parser


def _add_cases(what: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = what.add_parser(
        "init",
        help="make cases to start from, of a collection",
        description="Makes cloze tests of sentences of a collection, to be rewritten by hand.",
    )
    one.add_argument("--collection", default="default", help="of which collection; default")
    one.add_argument("--out", type=Path, required=True, help="file to write, JSON lines")
    one.add_argument("--limit", type=_count, default=20, help="how many cases at most; 20")
    one.add_argument("--seed", type=int, default=0, help="which of the sentences; 0")
    one.set_defaults(run=measuring.init)
    one = what.add_parser(
        "add",
        help="make a case of an answer that was given",
        description="Adds a case that expects what a kept answer said, to a file.",
    )
    one.add_argument("answer", metavar="ANSWER_ID", help="its id, ans_...")
    one.add_argument("--cases", type=Path, required=True, help="file to add it to")
    one.set_defaults(run=measuring.add)


def _retrieval(given: argparse.Namespace) -> int:
    return retrieval.run(given.data, given.limit, given.articles, variants=not given.no_variants)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
