"""Whether a gate over the golden set sees a retriever that got worse, and nothing where none did.

`python -m evals.golden.regressions` prints it, and the smallest drop that the set would show.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from corpus.chunk import MAX_TOKENS
from evals.cases import Case, read_cases
from evals.compare import difference
from evals.errors import UnusableRun
from evals.folder import Record
from evals.gate import Gate, decisions
from evals.golden import CASES, golden_uploads
from evals.naming import names_of
from evals.records import places_of
from evals.retrieval import filled
from evals.scoring import hits_of, ranked_scores
from rag import Mode, Pipeline
from rag.retrieve import FUSION

RUNS = 20
MAX_DROP = 0.02  # what `pincite eval gate` allows when nothing is said
METRICS = ("recall@10", "ndcg@10")

# What is planted -> how it is searched.
REGRESSIONS: Mapping[str, Mapping[str, Any]] = {
    "no dense half": {"mode": Mode.LEXICAL},
    "no lexical half": {"mode": Mode.DENSE},
    "the worst first": {"fusion": replace(FUSION, dense=-FUSION.dense, lexical=-FUSION.lexical)},
    "half the passages": {"k": 5},
    "half the tokens": {"max_tokens": 1000},
    "characters for tokens": {"max_tokens": 500},
}

Pairs = list[tuple[Record, Record]]


async def retrieved(
    pipeline: Pipeline, cases: Sequence[Case], search: Mapping[str, Any]
) -> list[Record]:
    """The cases that have support, with the scores of the passages that an answer would read.

    `search` is what `Pipeline.search` is to do otherwise. Raises UnusableRun for a case whose
    support is not in the documents.
    """
    documents = names_of([one async for one in pipeline.all_documents("default")])
    records = []
    for case in cases:
        if case.question is None or not case.support:
            continue
        places = await places_of(case, documents, pipeline)
        if isinstance(places, str):
            raise UnusableRun(f"{case.id}: {places}")
        wanted = {"max_tokens": pipeline.settings.passage_tokens, **search}
        passages = await pipeline.search(case.question, **wanted)
        hits = hits_of(places, [(one.chunk.document_id, one.chunk.span) for one in passages])
        records.append(
            {
                "id": case.id,
                "case": case.sha256,
                "cluster": case.group,
                "tags": case.tags,
                "status": "scored",
                "scores": ranked_scores(hits, len(places)),
                "unscored": {},
            }
        )
    return records


def resampled(pairs: Pairs, seed: int) -> Pairs:
    """As many clusters of pairs, drawn with replacement: another set of the same kind."""
    by_cluster: dict[str, Pairs] = {}
    for pair in pairs:
        by_cluster.setdefault(pair[0]["cluster"], []).append(pair)
    clusters = list(by_cluster.values())
    draws = np.random.default_rng(seed).integers(0, len(clusters), len(clusters))
    return [
        (_renamed(before, turn), _renamed(after, turn))
        for turn, at in enumerate(draws)
        for before, after in clusters[at]
    ]


def _renamed(record: Record, turn: int) -> Record:
    return {**record, "id": f"{record['id']}, draw {turn}", "cluster": f"draw {turn}"}


def exchanged(pairs: Pairs, seed: int) -> Pairs:
    """The pairs, each turned round by a coin: as much changes from run to run, and nothing drops.

    It is what a permutation test takes for no difference (Fisher, 1935).
    """
    coins = np.random.default_rng(seed).integers(0, 2, len(pairs))
    return [pair[::-1] if coin else pair for pair, coin in zip(pairs, coins, strict=True)]


def dropped(pairs: Pairs) -> bool:
    """Whether a gate says that something dropped."""
    before, after = zip(*pairs, strict=True)
    _, decided = decisions(({}, before), ({}, after), METRICS, MAX_DROP)
    return any(one.gate is Gate.DROPPED for one in decided)


def times(redrawn: Callable[[Pairs, int], Pairs], pairs: Pairs) -> int:
    """How often of `RUNS` times a gate says so of pairs that are drawn anew."""
    return sum(dropped(redrawn(pairs, seed)) for seed in range(RUNS))


def main() -> None:
    """Print how often a gate sees each regression, and sees one in as much change that is none."""
    head = ("planted", "whole set", f"redrawn, of {RUNS}", f"noise, of {RUNS}", *METRICS)
    table = Table(*head, box=None, pad_edge=False)
    cases = read_cases(CASES)
    with filled(golden_uploads(), MAX_TOKENS, lambda _: None) as pipeline:
        shipped = asyncio.run(retrieved(pipeline, cases, {}))
        for name, search in REGRESSIONS.items():
            pairs = list(zip(shipped, asyncio.run(retrieved(pipeline, cases, search)), strict=True))
            table.add_row(
                name,
                "dropped" if dropped(pairs) else "-",
                f"{times(resampled, pairs)}",
                f"{times(exchanged, pairs)}",
                *(_shown(pairs, metric) for metric in METRICS),
            )
    Console(width=120).print(table)
    print("in brackets: the smallest drop that would be seen 4 times of 5, at such a spread")


def _shown(pairs: Pairs, metric: str) -> str:
    found = difference(pairs, metric)
    if found is None or found.smallest is None:
        return "-"
    return f"{found.mean:+.3f} ({found.smallest:.3f})"


if __name__ == "__main__":
    main()
