"""The embedded reader: does it take a sentence that answers, and does it abstain when none does?

Each of the sets is measured with the plain cosine of question and sentence, the title in front,
with weights fitted on the other folds of the set, with weights fitted on the other sets, and as
shipped. Thresholds are fitted with the weights, so but for the last row, and what it was fitted on,
no figure is of a question that anything was fitted on.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from corpus.embed import MiniLM
from corpus.ingest import Embed
from evals.benchmarks import qa
from evals.figures import Figure
from evals.intervals import Mean, grouped
from evals.metrics import balanced_accuracy, selective_risks, share
from evals.reader import Case, Model, case, fit, folds, threshold
from evals.sampling import sample
from rag.extract import ENOUGH, WEIGHTS
from rag.features import COLUMNS

Floats = NDArray[np.float64]
Scorer = Callable[[Case], Floats]  # scores of a case's sentences, of which 0 is enough to answer

_FOLDS = 5
_REPEATS = 5
_NOTHING = -99.0  # score of a question for which there is no sentence
_COVERAGES = (0.25, 0.5, 0.75, 1.0)
SETS: tuple[tuple[str, Callable[[Path, Embed], list[qa.QaQuestion]]], ...] = (
    ("clapnq", qa.read_clapnq),
    ("quotesum", qa.read_quotesum),
    ("rgb", qa.read_rgb),
)
_FITTED_ON = ("clapnq", "quotesum")  # what the shipped weights were fitted on
SHIPPED = Model(np.array(WEIGHTS), float(np.log(ENOUGH / (1 - ENOUGH))))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of n questions, each an array [n]; means, where scores were fitted repeatedly.

    `confidence`: score of the best sentence; `answered`: whether that is enough; `first`, `three`:
    whether the best one, and one of the best three, answers.
    """

    confidence: Floats
    answered: Floats
    first: Floats
    three: Floats
    answerable: Floats


def outcome(repeats: Sequence[Sequence[Floats]], cases: Sequence[Case]) -> Outcome:
    """What comes of scores, for each repeat and case of its sentences; of none, an abstention."""
    best = [[max(own, default=_NOTHING) for own in scores] for scores in repeats]
    hits = np.array(
        [
            [
                [one.answers[np.argsort(-own, kind="stable")][:depth].any() for depth in (1, 3)]
                for own, one in zip(scores, cases, strict=True)
            ]
            for scores in repeats
        ],
        float,
    ).mean(axis=0)
    return Outcome(
        np.mean(best, axis=0),
        np.mean(np.array(best) >= 0, axis=0),
        hits[:, 0],
        hits[:, 1],
        np.array([one.answerable for one in cases], float),
    )


def by_folds(
    cases: Sequence[Case], score: Callable[[Sequence[Case]], Scorer]
) -> list[list[Floats]]:
    """Scores of each case by what was fitted on the folds that do not hold its question, repeated.

    Each repeat cuts the cases into other folds.
    """
    repeats = []
    for seed in range(_REPEATS):
        fold = folds(cases, _FOLDS, seed)
        scorers = [
            score([one for one, at in zip(cases, fold, strict=True) if at != held])
            for held in range(_FOLDS)
        ]
        repeats.append([scorers[at](one) for one, at in zip(cases, fold, strict=True)])
    return repeats


def plain(cases: Sequence[Case]) -> Scorer:
    """Scores by cosine, less what separates best in the cases."""
    enough = threshold([one.plain for one in cases], cases)
    return lambda one: one.plain - enough


def fitted(cases: Sequence[Case]) -> Scorer:
    """Scores by weights that are fitted on the cases."""
    return fit(cases).scores


def report(name: str, sets: dict[str, list[Case]], seed: int) -> list[Figure]:
    """Print the tables of one of the sets, and return what is shipped."""
    cases = sets[name]
    others = [one for other, found in sets.items() if other != name for one in found]
    rows: list[tuple[str, list[list[Floats]]]] = []
    if _can_fit(cases):
        rows.append(("cosine, title in front", by_folds(cases, plain)))
        rows.append(("fitted on its other folds", by_folds(cases, fitted)))
    if _can_fit(others):
        scores = fitted(others)
        rows.append(("fitted on the other sets", [[scores(one) for one in cases]]))
    note = " (fitted on it)" if name in _FITTED_ON else ""
    rows.append((f"as shipped{note}", [[SHIPPED.scores(one) for one in cases]]))
    groups = [one.question for one in cases]
    results = [(label, outcome(scores, cases)) for label, scores in rows]
    yes = sum(one.answerable for one in cases)
    print(
        f"\n{name}: {yes} questions that the sources answer, {len(cases) - yes} that they do not; "
        f"{qa.LICENCES[name]}; {qa.PITFALLS[name]}"
    )
    print(
        f"{'an answering sentence is [95 % interval]':42}{'first':23}{'in the first 3':23}", end=""
    )
    print("answer or abstain, balanced accuracy")
    for label, result in results:
        choices = _choices(result, groups, seed)
        print(f"  {label:40}" + "".join(f"{one!s:23}" for one in choices))
    shown = "".join(f"{coverage:>7.0%}" for coverage in _COVERAGES)
    print(f"{'':42}{'abstention: precision':23}{'recall':23}wrong answers at{shown}   AURC")
    for label, result in results:
        print(f"  {label:40}" + _abstention(result, groups, seed), flush=True)
    first, _, balanced = _choices(results[-1][1], groups, seed)  # as shipped
    return [
        Figure(f"{name}{note}", "an answering sentence is first", first, yes),
        Figure(f"{name}{note}", "answer or abstain, balanced accuracy", balanced, len(cases)),
    ]


def _can_fit(cases: Sequence[Case]) -> bool:
    """Whether every training part of the folds has answerable questions and others."""
    yes = {one.question for one in cases if one.answerable}
    no = {one.question for one in cases if not one.answerable}
    return min(len(yes), len(no)) > math.ceil(len(yes | no) / _FOLDS)


def _choices(result: Outcome, groups: Sequence[str], seed: int) -> tuple[Mean, Mean, Mean]:
    answered, answerable = result.answered, result.answerable
    return (
        grouped(groups, lambda at: share(result.first[at], answerable[at]), seed),
        grouped(groups, lambda at: share(result.three[at], answerable[at]), seed),
        grouped(groups, lambda at: balanced_accuracy(answered[at], answerable[at]), seed),
    )


def _abstention(result: Outcome, groups: Sequence[str], seed: int) -> str:
    abstained, unanswerable = 1 - result.answered, 1 - result.answerable
    right = result.first * result.answerable
    precision = grouped(groups, lambda at: share(unanswerable[at], abstained[at]), seed)
    recall = grouped(groups, lambda at: share(abstained[at], unanswerable[at]), seed)
    curve = selective_risks(result.confidence, right)
    risks = [curve[int(np.ceil(coverage * len(curve))) - 1] for coverage in _COVERAGES]
    aurc = grouped(
        groups, lambda at: float(selective_risks(result.confidence[at], right[at]).mean()), seed
    )
    shown = "".join(f"{risk:7.3f}" for risk in risks)
    return f"{precision!s:23}{recall!s:23}{'':16}{shown}   {aurc}"


def _report_false(cases: Sequence[Case], seed: int) -> None:
    result = outcome([[SHIPPED.scores(one) for one in cases]], cases)
    groups = [one.question for one in cases]
    answered = grouped(groups, lambda at: float(result.answered[at].mean()), seed)
    first, three, _ = _choices(result, groups, seed)
    print(f"\nrgb, with a false answer in the answer's place: {len(cases)} questions, as shipped")
    print(f"  answered {answered}; the false answer first {first}, in the first 3 {three}")


def _known(cases: Sequence[Case]) -> list[Case]:
    """Without those that are answerable, but by no sentence that the set names."""
    return [one for one in cases if one.answers.any() or not one.answerable or not len(one.answers)]


def run(data: Path, limit: int | None, seed: int) -> list[Figure]:
    """Print the tables of the sets that are there, and the fit; no figures where there is none.

    A limit is of the questions of each set, drawn by the seed.
    """
    sets: dict[str, list[Case]] = {}
    false: list[Case] = []
    model = MiniLM()
    with Console(stderr=True).status("reading") as status:
        for name, read in SETS:
            paths = qa.files(data, name)
            if not paths:
                print(f"{name}: skipped, {data / qa.FOLDER} has none", file=sys.stderr)
                continue
            status.update(f"reading {name}")
            found = [one for path in paths for one in read(path, model.embed)]
            sets[name] = _known([case(one, model.embed) for one in sample(found, limit, seed)])
            if name == "rgb":
                lies = [one for path in paths for one in qa.read_rgb_false(path)]
                false = _known([case(one, model.embed) for one in sample(lies, limit, seed)])
    model.close()
    figures = [figure for name in sets for figure in report(name, sets, seed)]
    if false:
        _report_false(false, seed)
    own = [one for name in _FITTED_ON for one in sets.get(name, [])]
    if _can_fit(own):
        fresh = fit(own)
        weights = [*zip((*COLUMNS, "intercept"), fresh.weights, strict=True)]
        shown = ", ".join(f"{name} {weight:.2f}" for name, weight in weights)
        enough = 1 / (1 + np.exp(-fresh.enough))
        print(f"\nfitted on {' and '.join(_FITTED_ON)}: {shown}; enough {enough:.2f}")
    return figures
