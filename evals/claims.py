"""Whether claims are judged rightly: by the checks alone, the claim model alone, and both.

A text counts as supported when all of its sentences do. What is fitted is cross-validated by group:
no text is judged by what was fitted on its own evidence. `as shipped` is the probability with the
constants of `rag.confidence`, which `--fit` prints, fitted on all texts of the sets that the model
was not trained on.
"""

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from corpus.errors import UnreadableDocument
from corpus.sentences import sentence_spans
from evals.benchmarks.claims import PITFALLS, SETS, ClaimSet, LabelledClaim, read_claims
from evals.figures import Figure, print_published
from evals.fitting import Array, Labelled, cross_validated, fit
from evals.intervals import Mean, grouped
from evals.metrics import auc, balanced_accuracy, reliability
from rag.checks import check
from rag.confidence import BIAS, FEATURES, SIGNS, WEIGHTS, features, probability
from rag.entailment import ClaimModel
from rag.sources import read_source
from rag.types import Verdict
from rag.verify import verdict_of, weigh

Say = Callable[[str], None]

# By the columns of a sentence: its features, and then the share of its words that are nowhere in
# the evidence, which helps the checks alone and does not help both.
_OF_THE_MODEL = (0, 1)
_OF_BOTH = tuple(range(len(FEATURES)))
_SYSTEMS: Mapping[str, tuple[int, ...]] = {
    "checks alone": (*_OF_BOTH[len(_OF_THE_MODEL) :], len(FEATURES)),
    "model alone": _OF_THE_MODEL,
    "both": _OF_BOTH,
}
_SIGNS = (*SIGNS, -1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A set's features, the verdict on each text as shipped, its label, and the seconds taken."""

    texts: Labelled
    verdicts: Sequence[Verdict]
    labels: Sequence[Verdict]
    check_seconds: float
    seconds: float


def measure(rows: Sequence[LabelledClaim], model: ClaimModel, say: Say) -> Measured:
    """Judge the rows that have evidence which can be read."""
    columns: list[Array] = []
    kept: list[LabelledClaim] = []
    verdicts: list[Verdict] = []
    read = check_seconds = model_seconds = 0.0
    for at, row in enumerate(rows):
        say(f"judged {at:,} of {len(rows):,}")
        started = time.perf_counter()
        try:
            texts = [one.text for one in read_source("evidence", row.evidence, "text/plain")]
        except UnreadableDocument:
            continue
        claims = [span.of(row.claim) for span in sentence_spans(row.claim)]
        read += time.perf_counter() - started
        if not texts or not claims:
            continue
        started = time.perf_counter()
        for claim in claims:
            check(claim, texts)
        check_seconds += time.perf_counter() - started
        started = time.perf_counter()
        weighed = weigh(claims, texts, model=model)
        model_seconds += time.perf_counter() - started
        columns.append(
            np.array(
                [(*features(one.checked, one.logits), 1 - one.checked.covered) for one in weighed]
            )
        )
        verdicts.append(
            _worst(
                [verdict_of(one.checked, probability(one.checked, one.logits)) for one in weighed]
            )
        )
        kept.append(row)
    supported = np.array([row.label is Verdict.SUPPORTED for row in kept], np.bool_)
    texts_of = Labelled(columns, supported, [row.group for row in kept])
    labels = [row.label for row in kept]
    return Measured(texts_of, verdicts, labels, read + check_seconds, read + model_seconds)


_WORST = (Verdict.CONTRADICTED, Verdict.UNSUPPORTED, Verdict.PARTIAL, Verdict.SUPPORTED)


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    return min(verdicts, key=_WORST.index)


def _shipped(texts: Labelled) -> Array:
    return np.array(
        [float((one @ np.array(WEIGHTS)).min()) + BIAS for one in texts.columns], np.float64
    )


def report(
    measured: Mapping[str, Measured], sets: Mapping[str, ClaimSet], seed: int = 0
) -> list[Figure]:
    """Print the tables, and return what is shipped: by the checks where the model knows the set."""
    trained = [name for name, one in sets.items() if one.trained]
    figures: list[Figure] = []
    print("balanced accuracy [95 % interval] / AUC, cross-validated by group")
    odds: dict[str, dict[str, Array]] = {}
    for system, chosen in _SYSTEMS.items():
        texts = {
            name: one.texts.only(chosen)
            for name, one in measured.items()
            if name not in trained or system == "checks alone"
        }
        signs = [_SIGNS[at] for at in chosen]
        odds[system] = cross_validated(texts, signs) if texts else {}
    odds["both, as shipped"] = {
        name: _shipped(one.texts.only(_OF_BOTH))
        for name, one in measured.items()
        if name not in trained
    }
    for name, one in measured.items():
        own = {system: found[name] for system, found in odds.items() if name in found}
        figures.append(_of_set(sets[name], one, own, seed))
    print(f"Pitfalls: {PITFALLS}.")
    _contradicted(measured)
    new = [name for name in measured if name not in trained]
    if new:
        _reliability(
            np.concatenate([odds["both"][name] for name in new]),
            np.concatenate([measured[name].texts.supported for name in new]),
        )
    claims = sum(len(one) for part in measured.values() for one in part.texts.columns)
    checked = sum(one.check_seconds for one in measured.values())
    judged = sum(one.seconds for one in measured.values())
    print(
        f"\n{claims:,} sentences: checks alone {60 * claims / checked:,.0f} a minute on one core, "
        f"with the model {60 * claims / judged:,.0f} on all; reading the evidence is counted"
    )
    return figures


def _of_set(of: ClaimSet, one: Measured, odds: Mapping[str, Array], seed: int) -> Figure:
    """Print how right each system is on a set, and return the figure of the last."""
    known = " (the model was trained on it)" if of.trained else ""
    counted = f"{len(one.labels):,} texts, {one.texts.supported.mean():.0%} supported"
    print(f"{of.name}: {counted}, {of.licence}{known}")
    rows = {system: _accuracy(one.texts, found, seed) for system, found in odds.items()}
    for system, shown in rows.items():
        area = auc(odds[system], one.texts.supported)
        print(f"  {system:18}{shown!s:>22} /{'none' if math.isnan(area) else f'{area:.3f}':>6}")
    print_published(of.published)
    *_, (system, shown) = rows.items()
    name = of.name if of.trained else f"{of.name} (fitted on it)"
    measure = "balanced accuracy" + (f", {system}" if of.trained else "")
    return Figure(name, measure, shown, len(one.labels), of.published)


def _accuracy(texts: Labelled, odds: Array, seed: int) -> Mean:
    said, true = (odds > 0).astype(float), texts.supported.astype(float)
    return grouped(texts.groups, lambda at: balanced_accuracy(said[at], true[at]), seed)


def _contradicted(measured: Mapping[str, Measured]) -> None:
    print("\nof the texts called contradicted, as shipped: not supported / called so by the set")
    for name, one in measured.items():
        called = [
            label
            for label, verdict in zip(one.labels, one.verdicts, strict=True)
            if verdict is Verdict.CONTRADICTED
        ]
        if called:
            wrong = sum(label is not Verdict.SUPPORTED for label in called) / len(called)
            has = Verdict.CONTRADICTED in one.labels
            strict = sum(label is Verdict.CONTRADICTED for label in called) / len(called)
            print(f"  {name:24}{len(called):5}  {wrong:.3f} / {f'{strict:.3f}' if has else '-'}")


def _reliability(odds: Array, supported: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    print("\nreliability of both, cross-validated: probability, share supported, texts")
    for chance, share, count in reliability(1 / (1 + np.exp(-odds)), supported):
        print(f"  {chance:.2f}  {share:.2f}  {count:5}")


def print_fit(measured: Sequence[Measured]) -> None:
    """Print the constants of `rag.confidence`, fitted on all of these."""
    found = fit([one.texts.only(_OF_BOTH) for one in measured], SIGNS)
    print(f"\nWEIGHTS = ({', '.join(f'{one:.2f}' for one in found.weights)})")
    print(f"BIAS = {found.bias:.2f}  # and {found.length:.2f} for the length of a text")


def run(data: Path, limit: int | None, seed: int, *, show_fit: bool = False) -> list[Figure]:
    """Print what can be measured with the sets that are there; no figures where there is none.

    A limit is of the claims of each set, drawn by the seed.
    """
    there: dict[str, ClaimSet] = {}
    for one in SETS:
        if one.path(data).exists():
            there[one.name] = one
        else:
            print(f"{one.name}: skipped, {one.path(data)} is not there", file=sys.stderr)
    if not there:
        return []
    model = ClaimModel()
    try:
        with Console(stderr=True).status("reading") as status:
            measured = {
                name: measure(
                    read_claims(data, one, limit, seed),
                    model,
                    lambda said, name=name: status.update(f"{name}: {said}"),  # type: ignore[misc]
                )
                for name, one in there.items()
            }
    finally:
        model.close()
    figures = report(measured, there, seed)
    if show_fit:
        print_fit([measured[name] for name, one in there.items() if not one.trained])
    return figures
