"""The command line of the evals: `pincite eval`, or `python -m evals.cli`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from evals import claims, qa, retrieval


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; exit code 2 when its data is not there."""
    given = _arguments().parse_args(arguments)
    if given.what == "qa":
        return qa.run(given.data, given.limit)
    if given.what == "claims":
        return claims.run(given.data, given.limit, show_fit=given.fit)
    return retrieval.run(given.data, given.limit, given.articles, variants=not given.no_variants)


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
    shown = "whether the embedded reader takes what answers, and abstains when nothing does"
    one = what.add_parser("qa", help=shown, description=f"Measures {shown}.")
    one.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    one.add_argument("--limit", type=_count, help="how many questions of each set; all")
    shown = "whether claims are judged rightly by their evidence"
    two = what.add_parser("claims", help=shown, description=f"Measures {shown}.")
    two.add_argument("--data", type=Path, required=True, help="folder of the benchmark data")
    two.add_argument("--limit", type=_count, help="how many claims of each set; all")
    two.add_argument("--fit", action="store_true", help="fit the weights anew and print them")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
