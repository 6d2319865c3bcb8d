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

from rich.console import Console

from corpus.chunk import MAX_TOKENS
from corpus.tokens import token_counter
from corpus.types import Passage
from evals.benchmarks import news, spans
from evals.intervals import mean
from evals.metrics import span_recall
from rag import Mode, Pipeline, Settings, Upload
from rag.fusion import Fusion
from rag.retrieve import FUSION

BUDGETS = (250, 500, 1000)  # tokens of cl100k_base
_DEPTHS = (5, 10)  # passages
_MOST = 50  # passages; a budget ends the list before
_BATCH = 64  # articles that are added at once

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

    def at(self, budget: int, every: slice = slice(None)) -> list[float]:
        """Recall of the questions at a budget."""
        return [row[BUDGETS.index(budget)] for row in self.recalls[every]]

    def complete(self, every: slice = slice(None)) -> list[float]:
        """1 for a question whose excerpts were found whole at the largest budget, else 0."""
        return [float(row[-1] == 1) for row in self.recalls[every]]


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


def report_spans(data: Path, limit: int | None, say: Say, *, variants: bool) -> None:
    """Print the table of `spans`: as shipped, in both halves, and with other choices."""
    questions = spans.read_questions(data)[:limit]
    uploads = [
        Upload(text, "text/plain", f"{name}.txt", uri=name, external_id=name)
        for name, text in spans.read_texts(data).items()
    ]
    rows = [("as shipped", MAX_TOKENS, Mode.HYBRID, FUSION), *(VARIANTS if variants else ())]
    print(f"spans: {len(questions)} questions; recall of the excerpts' characters [95 % interval]")
    print(f"{'':38}{'at 250':>8}{'500':>8}{'1,000':>8}   all of them at 1,000 tokens")
    for size, group in groupby(rows, key=lambda row: row[1]):
        with filled(uploads, size, say) as pipeline:
            for name, _, mode, fusion in group:
                say(f"asking {len(questions)} questions: {name}")
                scores = score_spans(pipeline, questions, mode, fusion)
                _row(name, scores, slice(None))
                if name == "as shipped":
                    _row("  the half that choices were made on", scores, slice(0, None, 2))
                    _row("  the other half", scores, slice(1, None, 2))
                    _intervals(scores)


def _row(name: str, scores: Scores, every: slice) -> None:
    if not scores.recalls[every]:
        return
    recalls = "".join(f"{mean(scores.at(budget, every)).value:8.3f}" for budget in BUDGETS)
    print(f"{name:38}{recalls}{mean(scores.complete(every)).value:11.3f}", flush=True)


def _intervals(scores: Scores) -> None:
    shown = "; ".join(f"{budget}: {mean(scores.at(budget))}" for budget in BUDGETS)
    print(f"  {shown}; all: {mean(scores.complete())}")


def report_news(data: Path, articles: int | None, limit: int | None, say: Say) -> None:
    """Print how often the answer of a question of `news` occurs in the first passages."""
    read = list(news.read_articles(data, articles))
    uploads = [
        Upload(one.text, "text/plain", one.url, external_id=one.url, uri=one.url, title=one.title)
        for one in read
    ]
    questions = [
        question
        for question in news.read_questions(data)[:limit]
        if any(news.contains(one.text, question.answer) for one in read)
    ]
    print(f"\nnews: {len(questions)} questions whose answer is in one of {len(read):,} articles")
    print(f"{'the answer is in the first':38}{'5 passages':>20}{'10 passages':>22}")
    with filled(uploads, MAX_TOKENS, say) as pipeline:
        for mode in Mode:
            say(f"asking {len(questions)} questions: {mode}")
            hits = asyncio.run(_hits(pipeline, questions, mode))
            shown = "".join(
                f"{mean([row[at] for row in hits])!s:>22}" for at in range(len(_DEPTHS))
            )
            print(f"{mode.value:36}{shown}", flush=True)


async def _hits(
    pipeline: Pipeline, questions: Sequence[news.QuizQuestion], mode: Mode
) -> list[tuple[float, ...]]:
    rows = []
    for question in questions:
        found = await pipeline.search(question.question, k=max(_DEPTHS), mode=mode)
        said = [news.contains(one.text, question.answer) for one in found]
        rows.append(tuple(float(any(said[:depth])) for depth in _DEPTHS))
    return rows


def run(data: Path, limit: int | None, articles: int | None, *, variants: bool) -> int:
    """Print what can be measured with the data that is there; 2 when there is none."""
    has_spans = (data / spans.FOLDER / "questions.jsonl.gz").exists()
    has_news = (data / news.ARTICLES).exists() and (data / news.QUESTIONS).exists()
    with Console(stderr=True).status("reading") as status:
        if has_spans:
            report_spans(data, limit, status.update, variants=variants)
        else:
            print(f"spans: skipped, {data / spans.FOLDER} is not there", file=sys.stderr)
        if has_news:
            report_news(data, articles, limit, status.update)
        else:
            print(f"news: skipped, {data / news.ARTICLES} is not there", file=sys.stderr)
    return 0 if has_spans or has_news else 2
