"""How much of what answers a question is retrieved, and what each choice adds to it.

`spans`: the share of the characters of the reference excerpts that lie in the passages, at budgets
of 250, 500 and 1,000 tokens. `news`: whether the answer occurs in the first 5 and 10 passages.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.console import Console

from corpus.chunk import MAX_TOKENS
from corpus.tokens import token_counter
from corpus.types import Passage
from evals.benchmarks import news, spans
from evals.figures import Figure
from evals.intervals import Mean, mean
from evals.metrics import span_recall
from evals.sampling import sample
from rag import Mode, Pipeline, Settings, Upload
from rag.fusion import Fusion
from rag.retrieve import FUSION

BUDGETS = (250, 500, 1000)  # tokens of cl100k_base
_DEPTHS = (5, 10)  # passages
_MOST = 50  # passages; a budget ends the list before
_BATCH = 64  # articles that are added at once
_HALF_CHOSEN_ON = "spans (choices made on half)"

# What was tried: name -> tokens of a chunk, mode, and how ranks are fused.
_PLAIN_RRF = replace(FUSION, constant=60, lexical=1.0, share=0.0, around=0.0)
VARIANTS: tuple[tuple[str, int, Mode, Fusion], ...] = (
    ("dense alone", MAX_TOKENS, Mode.DENSE, FUSION),
    ("lexical alone", MAX_TOKENS, Mode.LEXICAL, FUSION),
    ("neighbours: no share of their scores", MAX_TOKENS, Mode.HYBRID, replace(FUSION, share=0.0)),
    ("neighbours: not found by their words", MAX_TOKENS, Mode.HYBRID, replace(FUSION, around=0.0)),
    ("headings: not found by their words", MAX_TOKENS, Mode.HYBRID, replace(FUSION, heading=0.0)),
    ("halves weigh the same", MAX_TOKENS, Mode.HYBRID, replace(FUSION, lexical=1.0)),
    ("RRF's usual constant of 60", MAX_TOKENS, Mode.HYBRID, replace(FUSION, constant=60)),
    ("all of that: plain RRF", MAX_TOKENS, Mode.HYBRID, _PLAIN_RRF),
    ("chunks of 40 tokens", 40, Mode.HYBRID, FUSION),
    ("chunks of 160 tokens", 160, Mode.HYBRID, FUSION),
)


Say = Callable[[str], None]  # shows what is being done


@dataclass(frozen=True, slots=True)
class Scores:
    """For each question: recall at each budget, and whether all was found at the last one."""

    recalls: Sequence[tuple[float, ...]]

    def at(self, budget: int) -> list[float]:
        """Recall of the questions at a budget."""
        return [row[BUDGETS.index(budget)] for row in self.recalls]

    def complete(self) -> list[float]:
        """1 for a question whose excerpts were found whole at the largest budget, else 0."""
        return [float(row[-1] == 1) for row in self.recalls]

    def only(self, positions: Sequence[int]) -> "Scores":
        """Those of the questions at these positions."""
        return Scores([self.recalls[at] for at in positions])


@contextmanager
def filled(uploads: Sequence[Upload], chunk_tokens: int, say: Say) -> Iterator[Pipeline]:
    """A pipeline in a scratch folder that has the uploads."""
    with tempfile.TemporaryDirectory(prefix="pincite-eval-") as folder:
        pipeline = Pipeline(Settings(data_dir=Path(folder), chunk_tokens=chunk_tokens))
        try:
            asyncio.run(_fill(pipeline, uploads, say))
            yield pipeline
        finally:
            pipeline.close()


async def _fill(pipeline: Pipeline, uploads: Sequence[Upload], say: Say) -> None:
    def show(done: int, total: int) -> None:
        say(f"embedded {done:,} of {total:,} chunks")

    for start in range(0, len(uploads), _BATCH):
        await pipeline.add(uploads[start : start + _BATCH])
        say(f"read {start:,} of {len(uploads):,} documents")
    await pipeline.index(show)


def score_spans(
    pipeline: Pipeline,
    questions: Sequence[spans.SpanQuestion],
    mode: Mode = Mode.HYBRID,
    fusion: Fusion = FUSION,
) -> Scores:
    """Recall of the questions in a pipeline whose documents have the texts' names as `uri`.

    Passages count in rank order until one would overrun the budget, by their own tokens.
    """
    count = token_counter()

    async def recall(question: spans.SpanQuestion, budget: int) -> float:
        found = await pipeline.search(
            question.question, k=_MOST, max_tokens=budget, mode=mode, fusion=fusion
        )
        kept = _within(found, budget, count)
        own = [one.chunk.span for one in kept if one.uri == question.source]
        return span_recall(question.references, own)

    async def all_recalls() -> list[tuple[float, ...]]:
        return [
            tuple([await recall(question, budget) for budget in BUDGETS]) for question in questions
        ]

    return Scores(asyncio.run(all_recalls()))


def _within(passages: Sequence[Passage], budget: int, count: Callable[[str], int]) -> list[Passage]:
    kept: list[Passage] = []
    used = 0
    for passage in passages:
        used += count(passage.text)
        if used > budget:
            break
        kept.append(passage)
    return kept


def report_spans(
    data: Path, limit: int | None, seed: int, say: Say, *, variants: bool
) -> list[Figure]:
    """Print the table of `spans`: as shipped, in both halves, and with other choices."""
    chosen = sample(list(enumerate(spans.read_questions(data))), limit, seed)
    questions = [question for _, question in chosen]
    halves = [[at for at, (place, _) in enumerate(chosen) if place % 2 == side] for side in (0, 1)]
    uploads = [
        Upload(text, "text/plain", f"{name}.txt", uri=name, external_id=name)
        for name, text in spans.read_texts(data).items()
    ]
    figures: list[Figure] = []
    rows = [("as shipped", MAX_TOKENS, Mode.HYBRID, FUSION), *(VARIANTS if variants else ())]
    print(f"spans: {len(questions)} questions; recall of the excerpts' characters")
    print(f"{'':38}{'at 250':>8}{'500':>8}{'1,000':>8}   all of them at 1,000 tokens")
    for size, group in groupby(rows, key=lambda row: row[1]):
        with filled(uploads, size, say) as pipeline:
            for name, _, mode, fusion in group:
                say(f"asking {len(questions)} questions: {name}")
                scores = score_spans(pipeline, questions, mode, fusion)
                _row(name, scores)
                if name == "as shipped":
                    _row("  the half that choices were made on", scores.only(halves[0]))
                    _row("  the other half", scores.only(halves[1]))
                    figures = _of_spans(scores, seed)
    print(f"{spans.LICENCE}. Pitfalls: {spans.PITFALLS}.")
    return figures


def _row(name: str, scores: Scores) -> None:
    if not scores.recalls:
        return
    recalls = "".join(f"{np.mean(scores.at(budget)):8.3f}" for budget in BUDGETS)
    print(f"{name:38}{recalls}{np.mean(scores.complete()):11.3f}", flush=True)


def _of_spans(scores: Scores, seed: int) -> list[Figure]:
    """What is shipped comes to, printed with its intervals and with what others come to."""
    rows = len(scores.recalls)
    figures = [
        Figure(
            _HALF_CHOSEN_ON,
            f"recall at {budget:,} tokens",
            mean(scores.at(budget), seed),
            rows,
            spans.PUBLISHED[budget],
        )
        for budget in BUDGETS
    ]
    whole = mean(scores.complete(), seed)
    figures.append(
        Figure(
            _HALF_CHOSEN_ON,
            f"all found at {BUDGETS[-1]:,} tokens",
            whole,
            rows,
            spans.ALL_PUBLISHED,
        )
    )
    for one in figures:
        print(f"  {one.measure}: {one.found}; published: {'; '.join(map(str, one.published))}")
    return figures


def report_news(
    data: Path, articles: int | None, limit: int | None, seed: int, say: Say
) -> list[Figure]:
    """Print how often the answer of a question of `news` occurs in the first passages."""
    read = news.read_articles(data, articles, seed)
    uploads = [
        Upload(one.text, "text/plain", one.url, external_id=one.url, uri=one.url, title=one.title)
        for one in read
    ]
    answered = [
        question
        for question in news.read_questions(data)
        if any(news.contains(one.text, question.answer) for one in read)
    ]
    questions = sample(answered, limit, seed)
    print(f"\nnews: {len(questions)} questions whose answer is in one of {len(read):,} articles")
    print(f"{'the answer is in the first':38}{'5 passages':>20}{'10 passages':>22}")
    found: dict[Mode, list[Mean]] = {}
    with filled(uploads, MAX_TOKENS, say) as pipeline:
        for mode in Mode:
            say(f"asking {len(questions)} questions: {mode}")
            hits = asyncio.run(_hits(pipeline, questions, mode))
            found[mode] = [mean([row[at] for row in hits], seed) for at in range(len(_DEPTHS))]
            shown = "".join(f"{one!s:>22}" for one in found[mode])
            print(f"{mode.value:36}{shown}", flush=True)
    print(f"Licence: {news.LICENCE}. Pitfalls: {news.PITFALLS}.")
    return [
        Figure("news", f"answer in the first {depth} passages", one, len(questions))
        for depth, one in zip(_DEPTHS, found[Mode.HYBRID], strict=True)
    ]


async def _hits(
    pipeline: Pipeline, questions: Sequence[news.QuizQuestion], mode: Mode
) -> list[tuple[float, ...]]:
    rows = []
    for question in questions:
        found = await pipeline.search(question.question, k=max(_DEPTHS), mode=mode)
        said = [news.contains(one.text, question.answer) for one in found]
        rows.append(tuple(float(any(said[:depth])) for depth in _DEPTHS))
    return rows


def run(
    data: Path,
    limit: int | None,
    seed: int,
    *,
    articles: int | None = None,
    variants: bool = False,
) -> list[Figure]:
    """Print what can be measured with the data that is there; no figures where there is none.

    A limit is of the questions of each set, `articles` of those of `news`, drawn by the seed.
    """
    figures: list[Figure] = []
    has_spans = (data / spans.FOLDER / "questions.jsonl.gz").exists()
    has_news = (data / news.ARTICLES).exists() and (data / news.QUESTIONS).exists()
    with Console(stderr=True).status("reading") as status:
        if has_spans:
            figures += report_spans(data, limit, seed, status.update, variants=variants)
        else:
            print(f"spans: skipped, {data / spans.FOLDER} is not there", file=sys.stderr)
        if has_news:
            figures += report_news(data, articles, limit, seed, status.update)
        else:
            print(f"news: skipped, {data / news.ARTICLES} is not there", file=sys.stderr)
    return figures
