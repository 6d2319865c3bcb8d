"""`pincite eval judge`: an LLM judge against people's labels, and over the claims of a run."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from rich.console import Console
from rich.table import Table

from evals.calibration import Graded, agreement, bounds, corrected_mean
from evals.cases import problems, rows_of
from evals.errors import EvalError, InvalidCases
from evals.folder import GRADES, JUDGED, Record, claim_key, read_run, write_lines
from evals.forecast import Forecast
from evals.intervals import estimate
from evals.judge import Grade, Item, Judge, Judged, prompt_hash
from evals.scores import Prices, cost
from evals.summary import means, narrow, table
from evals.terminal import progress, wide
from rag import load_settings

_MOST_REASONS = 5
Both = list[tuple[Item, Judged]]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: str = Field(min_length=1)
    evidence: str | list[str]
    label: Grade | None = None
    group: str | None = None
    id: str | None = None

    @field_validator("label", mode="before")
    @classmethod
    def _of_yes_and_no(cls, label: object) -> object:
        if isinstance(label, bool):
            return Grade.SUPPORTED if label else Grade.UNSUPPORTED
        return label


def read_items(path: Path) -> list[Item]:
    """Claims with people's labels, JSON lines: `claim`, `evidence`, `label`, and perhaps `group`.

    A label is a grade, or true and false for supported or not; without one a row is only judged. A
    row without a group is its own. Raises InvalidCases that names the line, or OSError.
    """
    items = []
    for number, row in rows_of(path):
        try:
            read = _Row.model_validate(row)
        except ValidationError as error:
            known = ", ".join(_Row.model_fields)
            raise InvalidCases(f"{path}, line {number}: {problems(error, known)}") from None
        sources = [read.evidence] if isinstance(read.evidence, str) else read.evidence
        items.append(Item(read.claim, tuple(sources), read.group or f"line {number}", read.label))
    if not any(item.label for item in items):
        raise InvalidCases(f"{path} has no labels, so a judge can not be held against it.")
    return items


def items_of_run(folder: Path) -> list[Item]:
    """The claims of a run's answers, each with what it cites; raises UnusableRun."""
    return [
        Item(claim, tuple(sources), one["cluster"])
        for one in read_run(folder)[1]
        for claim, sources in one["claims"]
    ]


def judge(given: argparse.Namespace) -> int:
    """Judge labelled claims, those of a run, or both; 1 when nothing could be scored.

    Grades of a run's claims are kept in its folder, from which the report, a comparison and a gate
    have them. Prints how far the judge can be believed, where there are labels.
    """
    folder: Path | None = given.run_folder
    if given.against is None and folder is None:
        raise EvalError("There is nothing to judge. Name --against FILE, --run RUN, or both.")
    labelled = [] if given.against is None else read_items(given.against)
    items = labelled + ([] if folder is None else items_of_run(folder))
    settings = load_settings()
    prices = None if given.prices is None else Prices(*given.prices)
    file = given.cache or settings.data_dir / "judge-cache.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    opened = Judge(settings, file, offline=given.offline)
    try:
        expected = _expected(opened, items, prices)
        print(expected, file=sys.stdout if given.dry_run else sys.stderr, flush=True)
        if given.dry_run:
            return 0
        with progress("judging", "claims judged") as say:
            judged = asyncio.run(opened.judge_all(items, at_once=given.at_once, say=say))
    finally:
        opened.close()
    rows = list(zip(items, judged, strict=True))
    report(rows, prices, print)
    if folder is not None:
        _keep(folder, rows[len(labelled) :], opened.name)
    return int(not any(one.grade for one in judged))


def _expected(opened: Judge, items: Sequence[Item], prices: Prices | None) -> Forecast:
    """What judging will take, were each claim that is not in the cache asked about once."""
    left = opened.left(items)
    prompt, completion = opened.tokens(left)
    price = None if prices is None else cost(prompt, completion, prices)
    return Forecast(len(left), len(left), prompt, completion, price, None, what="claims")


def _keep(folder: Path, rows: Both, model: str) -> None:
    """Write the grades of a run's claims, and print what they come to."""
    grades: list[Record] = [
        {
            "claim": claim_key(item.claim, item.sources),
            "grade": one.grade,
            "reason": one.reason,
            "model": model,
            "prompt": prompt_hash(),
        }
        for item, one in rows
    ]
    write_lines(folder / GRADES, grades)
    made_with, records = read_run(folder)
    found = means(records, made_with["seed"])
    wide().print(table({"metrics": {name: found[name] for name in JUDGED if name in found}}))
    print(f"{folder / GRADES} has the grades, for `pincite eval report`, compare and gate.")


def report(rows: Both, prices: Prices | None, say: Callable[[str], None]) -> None:
    """Say what came of judging: what is unscored first, then what the rest is worth."""
    _count(rows, prices, say)
    labelled = [(item, one) for item, one in rows if item.label is not None]
    if not labelled:
        return
    graded = [(item, one) for item, one in labelled if one.grade is not None]
    _confusion(labelled)
    if not graded:
        say("The judge scored no labelled row, so it can not be held against people.")
        return
    labels = [str(item.label) for item, _ in graded]
    grades = [str(one.grade) for _, one in graded]
    found = agreement(labels, grades, [item.group for item, _ in graded], Grade.SUPPORTED)
    of = f"on the {found.n} of {len(labelled)} labelled rows that were scored"
    if found.balanced is None:
        say(f"balanced accuracy: none, since people gave only one of supported or not, {of}")
    else:
        say(f"balanced accuracy {found.balanced}, supported or not, {of}")
    if found.kappa is None:
        say(f"kappa: none, since people and judge gave one grade to everything, {of}")
    else:
        say(f"kappa {found.kappa}, all grades, {of}")
    for remark in narrow({"agreement": len({item.group for item, _ in graded})}):
        say(remark)
    _means(graded, [pair for pair in rows if pair[0].label is None], say)


def _count(rows: Both, prices: Prices | None, say: Callable[[str], None]) -> None:
    unscored = Counter(one.reason for _, one in rows if one.grade is None)
    cached = sum(one.cached for _, one in rows)
    said = f"{len(rows)} claims: {len(rows) - unscored.total()} scored, {unscored.total()} unscored"
    say(f"{said}, which are in no mean; {cached} from the cache")
    for reason, times in unscored.most_common(_MOST_REASONS):
        say(f"  {times} unscored: {reason}")
    if len(unscored) > _MOST_REASONS:
        say(f"  and {len(unscored) - _MOST_REASONS} other reasons")
    tokens = (
        sum(one.prompt_tokens for _, one in rows),
        sum(one.completion_tokens for _, one in rows),
    )
    price = "" if prices is None else f", at a cost of {cost(*tokens, prices):.4f}"
    say(f"{tokens[0]:,} tokens to the judge and {tokens[1]:,} from it{price}")


def _confusion(labelled: Both) -> None:
    """How often a person said one and the judge the other."""
    table = Table(box=None, pad_edge=False)
    table.add_column("people \\ judge")
    columns = [*map(str, Grade), "unscored"]
    for name in columns:
        table.add_column(name, justify="right")
    counts = Counter((str(item.label), str(one.grade or "unscored")) for item, one in labelled)
    for label in map(str, Grade):
        if any(counts[label, name] for name in columns):
            table.add_row(label, *(f"{counts[label, name]}" for name in columns))
    Console(width=100).print(table, markup=False)


def _means(graded: Both, others: Both, say: Callable[[str], None]) -> None:
    """The share supported of what has no label, as the judge says and as corrected."""
    scored = [(item, one) for item, one in others if one.grade is not None]
    if not scored:
        return
    labelled = Graded(
        _as_numbers([one.grade for _, one in graded]),
        [item.group for item, _ in graded],
        _as_numbers([item.label for item, _ in graded]),
    )
    unlabelled = Graded(
        _as_numbers([one.grade for _, one in scored]), [item.group for item, _ in scored]
    )
    raw = estimate(unlabelled.said, unlabelled.groups, share=True)
    say(f"of {len(scored)} scored claims without a label, the judge calls supported: {raw}")
    if min(len(set(labelled.groups)), len(set(unlabelled.groups))) < 2:
        say("corrected: none, since that takes two groups of either kind")
        return
    found = corrected_mean(labelled, unlabelled)
    say(f"corrected by the labels, were these a random sample of such claims: {found}")
    if missing := len(others) - len(scored):
        low, high = bounds(int(sum(unlabelled.said)), len(scored), missing)
        say(f"with the {missing} unscored ones the judge's share is from {low:.3f} to {high:.3f}")


def _as_numbers(grades: Sequence[Grade | None]) -> list[float]:
    return [float(one is Grade.SUPPORTED) for one in grades]
