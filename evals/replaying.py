"""What a replay shows: how what is answered now differs from what was answered."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from evals.compare import difference
from evals.folder import Record, read_run
from evals.replay import Choice, Chosen, replay
from evals.replayed import DEPTH
from evals.scores import Prices
from evals.summary import FAILED
from evals.terminal import progress, wide, with_pipeline
from rag import Status

_NAMED = 5  # ids that are shown of each kind

Pair = tuple[Record, Record]


def replay_kept(given: argparse.Namespace) -> int:
    """Replay kept answers into a folder, and print how they differ; 1 when every one failed."""
    choice = Choice(
        given.collection,
        given.since,
        given.limit or None,
        given.seed,
        given.retrieval_only,
    )
    prices = None if given.prices is None else Prices(*given.prices)
    out: Path = given.out
    with progress("reading the kept answers") as say:
        answers = with_pipeline(
            lambda pipeline: replay(
                pipeline,
                choice,
                out,
                say,
                lambda expected: print(expected, file=sys.stderr, flush=True),
                prices=prices,
                at_once=given.at_once,
            )
        )
    before, after = read_run(out / "A")[1], read_run(out / "B")[1]
    pairs = list(zip(before, after, strict=True))
    wide().print(table(pairs), markup=False)
    for remark in remarks(answers, pairs):
        print(remark)
    print(f"{out / 'A'} has what was answered, {out / 'B'} what is now: compare, gate and report.")
    return int(all(one["status"] == FAILED for one in after))


def since(text: str) -> str:
    """A date or time as kept answers have it; without a zone it is in UTC.

    Raises ArgumentTypeError for what is neither.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no date or time. Write it as 2026-11-25 or 2026-11-25T18:00."
        ) from None
    zoned = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return zoned.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table(pairs: Sequence[Pair]) -> Table:
    """What differs, in answers of answers; those that failed in either run are in no row."""
    both = [pair for pair in pairs if all(one["status"] != FAILED for one in pair)]
    shown = Table(box=None, pad_edge=False)
    shown.add_column("of A and B")
    shown.add_column("answers", justify="right")
    shown.add_column("")
    searched = [pair for pair in both if f"overlap@{DEPTH}" in pair[1]["scores"]]
    _count(shown, "find again all that was found", searched, _finds_all)
    for name, says in (
        (f"overlap@{DEPTH}", "of the sentences and rows found before"),
        (f"first@{DEPTH}", "1 / rank of what was first"),
    ):
        found = difference(both, name)
        if found is None:
            continue
        bounds = ""
        if (
            found.low is not None and found.high is not None
        ):  # of the difference from 1, which A has
            bounds = f" [{1 + found.low:.3f}, {1 + found.high:.3f}]"
        shown.add_row(f"  {name}", f"{found.pairs}", f"{found.after:.3f}{bounds} {says}")
    if any("answered" in after["scores"] for _, after in both):
        _answers(shown, both)
    return shown


def _answers(shown: Table, both: Sequence[Pair]) -> None:
    said = [pair for pair in both if not any(_abstains(one) for one in pair)]
    _count(shown, "say the same text", both, lambda old, new: _same(old, new, "text"))
    _count(shown, "have other verdicts", said, lambda old, new: _verdicts(old) != _verdicts(new))
    _count(shown, "abstain now", both, lambda old, new: not _abstains(old) and _abstains(new))
    _count(shown, "abstained before", both, lambda old, new: _abstains(old) and not _abstains(new))
    for name, title in (("prompt_hash", "another prompt"), ("model", "another model")):
        _count(
            shown,
            f"are of {title}",
            both,
            lambda old, new, name=name: not _same(old, new, name),  # type: ignore[misc]
        )
    for name in ("read_tokens", "prompt_tokens", "completion_tokens", "cost"):
        found = difference(both, name)
        if found is not None and (found.before or found.after):
            means = f"{found.before:,.4g} before, {found.after:,.4g} now, in the mean"
            shown.add_row(name, "", means)


def remarks(chosen: Chosen, pairs: Sequence[Pair]) -> list[str]:
    """What must be known to read the table: what failed, what is gone, what was left out."""
    gone = {
        before["id"]: before["unscored"]["pointer_validity"]
        for before, _ in pairs
        if "pointer_validity" in before["unscored"]
    }
    failed = {
        one["id"]: f"in {side}: {one['error']}"
        for pair in pairs
        for side, one in zip("AB", pair, strict=True)
        if one["status"] == FAILED
    }
    other = {
        after["id"]: after["question"]
        for before, after in pairs
        if after["id"] not in failed and not _same(before, after, "text")
    }
    said = [f"{len(pairs)} answers replayed, {len(failed)} of them failed{_named(failed)}"]
    if other:
        said.append(f"{len(other)} say something else{_named(other)}")
    if gone:
        said.append(
            f"{len(gone)} cite what is gone, so their citations are not scored in A{_named(gone)}"
        )
    for why, ids in chosen.left_out.items():
        said.append(f"{len(ids)} left out, {why}{_named(dict.fromkeys(ids, ''))}")
    return said


def _named(why: Mapping[str, str]) -> str:
    lines = [f"\n  {name} {said}".rstrip() for name, said in list(why.items())[:_NAMED]]
    more = f"\n  and {len(why) - _NAMED} more" if len(why) > _NAMED else ""
    return (":" if why else "") + "".join(lines) + more


def _count(
    shown: Table, title: str, pairs: Sequence[Pair], counts: Callable[[Record, Record], bool]
) -> None:
    if pairs:
        shown.add_row(title, f"{sum(counts(*pair) for pair in pairs)} of {len(pairs)}", "")


def _finds_all(_: Record, new: Record) -> bool:
    return bool(new["scores"][f"overlap@{DEPTH}"] == 1)


def _same(old: Record, new: Record, name: str) -> bool:
    return bool(old["answer"][name] == new["answer"][name])


def _abstains(one: Record) -> bool:
    return bool(one["answer"]["status"] == Status.ABSTAINED)


def _verdicts(one: Record) -> list[str]:
    return [sentence["verdict"] for sentence in one["answer"]["sentences"]]
