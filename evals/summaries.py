"""Summaries by quoting: how near they come to those that people wrote, beside simple baselines.

Each set is summarized at one length, the mean of its references' words. Lead-3 is the first three
sentences, of several documents the first three of each (as First-3 of Fabbri et al., Multi-News,
ACL 2019), however long they are. The lead of the same length takes first sentences, then second
ones, from document after document, and the random one draws sentences; both are cut at the length
in words, in the middle of a sentence, as the Document Understanding Conferences cut summaries. The
lead of whole sentences keeps the length as a summary by quoting must. What lies between the two
leads is what whole sentences cost; what lies between it and quoting is the choice.

ROUGE is F1, the mean over a row's references. Every mean is over the rows, with a 95 % interval by
bootstrap over these.
"""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from pathlib import Path
from statistics import fmean

from rich.console import Console

from corpus.chunk import chunk
from corpus.embed import MiniLM
from corpus.ingest import Embed
from corpus.parse import parse_text
from corpus.sniff import PLAIN
from corpus.tokens import token_counter
from corpus.types import UnitKind
from evals.benchmarks import summaries as benchmark
from evals.benchmarks.summaries import Referenced, SourceText
from evals.figures import Figure
from evals.intervals import estimate, mean
from evals.rouge import Rouge, mean_rouge
from evals.sampling import sample
from evals.scores import compression
from rag.material import Source, source_of
from rag.sources import NOT_STORED, unstored
from rag.summarize import summary_by_quoting
from rag.types import SLACK, Summary, SummaryTask

Sentences = Sequence[Sequence[str]]  # of each document
Say = Callable[[str], None]

OURS = "quoting"
LEAD_3, LEAD, RANDOM = "Lead-3", "lead, same length", "random, same length"
WHOLE = "lead, whole sentences"
_SHOWN = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L"}


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one row: ROUGE and words of each system, and of ours what else there is to know.

    `within` is whether the length was kept, None where the documents are too short for it.
    `redundancy` is the mean ROUGE-L of two of its sentences (Bommasani and Cardie, Intrinsic
    Evaluation of Summarization Datasets, EMNLP 2020).
    """

    rouge: Mapping[str, Rouge]
    words: Mapping[str, int]
    cited: float
    read: float
    redundancy: float
    compression: float
    within: bool | None


def source(number: int, document: SourceText) -> Source:
    """A text as a summary reads a stored document; raises UnreadableDocument for an empty one."""
    parsed = parse_text(document.text, PLAIN)
    stored = unstored(f"doc_{number}", parsed, PLAIN, document.title)
    return source_of(stored, chunk(parsed, token_counter()))


def quoted(sources: Sequence[Source], words: int, focus: str | None, embed: Embed) -> Summary:
    """The summary as the pipeline makes it of documents in its library."""
    versions = tuple((one.document.id, NOT_STORED) for one in sources)
    known = dict(zip(versions, sources, strict=True))
    return summary_by_quoting(
        SummaryTask(versions, focus=focus, max_words=words), known.__getitem__, embed
    )


def lead_3(documents: Sentences) -> list[str]:
    """The first three sentences of each document."""
    return [sentence for one in documents for sentence in one[:3]]


def lead(documents: Sentences, words: int) -> list[str]:
    """First sentences, then second ones, from document after document, up to a length."""
    return _up_to(documents, _in_turn(documents), words)


def whole_lead(documents: Sentences, words: int) -> list[str]:
    """The first whole sentences in that turn that bring the length nearer, and within 15 % of it.

    One that does not is passed over until the length is kept. Where none fits, it is the first.
    """
    kept: list[tuple[int, int]] = []
    total = 0
    for at, rank in _in_turn(documents):
        longer = total + len(documents[at][rank].split())
        if longer <= (1 + SLACK) * words and longer - words <= words - total:
            kept.append((at, rank))
            total = longer
        elif total >= (1 - SLACK) * words:
            break
    return [documents[at][rank] for at, rank in sorted(kept or _in_turn(documents)[:1])]


def _in_turn(documents: Sentences) -> list[tuple[int, int]]:
    places = [[(at, rank) for rank in range(len(one))] for at, one in enumerate(documents)]
    return [place for turn in zip_longest(*places) for place in turn if place is not None]


def drawn(documents: Sentences, words: int, seed: str) -> list[str]:
    """Random sentences in their order, up to a length; the same for the same seed."""
    places = [(at, rank) for at, one in enumerate(documents) for rank in range(len(one))]
    random.Random(seed).shuffle(places)  # noqa: S311 -- a baseline, no secret
    return _up_to(documents, places, words)


def _up_to(documents: Sentences, places: Sequence[tuple[int, int]], words: int) -> list[str]:
    """The first of the sentences in the documents' order, the last of them cut to the length."""
    kept: dict[tuple[int, int], list[str]] = {}
    left = words
    for at, rank in places:
        kept[at, rank] = documents[at][rank].split()[:left]
        left -= len(kept[at, rank])
        if not left:
            break
    return [" ".join(kept[place]) for place in sorted(kept)]


def length_of(rows: Sequence[Referenced]) -> int:
    """The mean of the references' words."""
    return round(fmean(len(text.split()) for row in rows for text in row.references))


def measure(rows: Sequence[Referenced], embed: Embed, seed: int, say: Say) -> list[Made]:
    """Summarize and score all rows, at the mean length of their references."""
    words = length_of(rows)
    found = []
    for at, row in enumerate(rows):
        say(f"summarized {at:,} of {len(rows):,}")
        sources = [source(number, one) for number, one in enumerate(row.documents)]
        sentences = [
            [
                one.text
                for one, kind in zip(each.evidence, each.kinds, strict=True)
                if kind is UnitKind.SENTENCE
            ]
            for each in sources
        ]
        summary = quoted(sources, words, row.focus, embed)
        said = [one.text for one in summary.sentences]
        texts = {
            OURS: said,
            LEAD_3: lead_3(sentences),
            LEAD: lead(sentences, words),
            WHOLE: whole_lead(sentences, words),
            RANDOM: drawn(sentences, words, f"{seed} {row.id}"),
        }
        scores = {name: mean_rouge(" ".join(text), row.references) for name, text in texts.items()}
        lengths = {name: sum(len(one.split()) for one in text) for name, text in texts.items()}
        held = sum(len(one.split()) for document in sentences for one in document)
        enough = held >= (1 - SLACK) * words
        found.append(
            Made(
                rouge=scores,
                words=lengths,
                cited=fmean(one.cited > 0 for one in summary.coverage),
                read=sum(one.read for one in summary.coverage)
                / (sum(one.sentences for one in summary.coverage) or 1),
                redundancy=redundancy(said),
                compression=compression(lengths[OURS], held) or 0.0,
                within=abs(lengths[OURS] - words) <= SLACK * words if enough else None,
            )
        )
    return found


def redundancy(sentences: Sequence[str]) -> float:
    """The mean ROUGE-L of two sentences; 0 of fewer than two."""
    pairs = list(combinations(sentences, 2))
    return fmean(mean_rouge(one, [other])["rougeL"] for one, other in pairs) if pairs else 0.0


def report(name: str, rows: Sequence[Referenced], made: Sequence[Made], seed: int) -> list[Figure]:
    """Print the table of a set, and return what counts of it."""
    ids = [row.id for row in rows]
    documents = fmean(len(row.documents) for row in rows)
    several = "of one document" if documents == 1 else f"of {documents:.1f} documents in the mean"
    print(f"\n{name}: {len(rows)} summaries {several}, asked for {length_of(rows)} words")
    print(f"{'':34}" + "".join(f"{shown:25}" for shown in _SHOWN.values()) + "words")
    for system in made[0].rouge:
        shown = _cells([one.rouge[system] for one in made], ids, seed)
        print(f"  {system:32}{shown}{fmean(one.words[system] for one in made):5.0f}")
    for system in (LEAD_3, LEAD, WHOLE):
        less = [
            {key: one.rouge[OURS][key] - one.rouge[system][key] for key in _SHOWN} for one in made
        ]
        print(f"  {f'{OURS} - {system}':32}{_cells(less, ids, seed)}")
    kept = [one.within for one in made if one.within is not None]
    within = f"{fmean(kept):.1%} of {len(kept)}" if kept else "none long enough"
    print(
        f"  cited: {fmean(one.cited for one in made):.1%} of the documents; "
        f"read: {fmean(one.read for one in made):.1%} of the sentences; "
        f"redundancy: {fmean(one.redundancy for one in made):.3f}"
    )
    print(
        f"  compression: {fmean(one.compression for one in made):.3f}; within {SLACK:.0%} of the "
        f"length, where the documents are long enough: {within}",
        flush=True,
    )
    ours = [one.rouge[OURS]["rouge1"] for one in made]
    counted = {OURS: ours} | {
        f"less {system}": [
            mine - one.rouge[system]["rouge1"] for mine, one in zip(ours, made, strict=True)
        ]
        for system in (LEAD_3, LEAD)
    }
    return [
        Figure(name, f"ROUGE-1, {what}", mean(values, seed), len(rows))
        for what, values in counted.items()
    ]


def _cells(scores: Sequence[Rouge], ids: Sequence[str], seed: int) -> str:
    return "".join(f"{estimate([one[key] for one in scores], ids, seed)!s:25}" for key in _SHOWN)


def run(data: Path, limit: int | None, seed: int) -> list[Figure]:
    """Print the tables of the sets that are there, and return what counts of them.

    Raises InvalidCases.
    """
    sets = {benchmark.name_of(path): benchmark.read_set(path) for path in benchmark.files(data)}
    if not sets:
        print(f"skipped: {data / benchmark.FOLDER} has no sets", file=sys.stderr)
    asked = benchmark.quotesum_files(data)
    if asked:
        sets[benchmark.QUOTESUM] = [row for path in asked for row in benchmark.read_quotesum(path)]
    else:
        print(f"{benchmark.QUOTESUM}: skipped, {data / 'qa'} has none", file=sys.stderr)
    if not sets:
        return []
    model = MiniLM()
    try:
        with Console(stderr=True).status("reading") as status:
            figures = []
            for name, rows in sets.items():
                chosen = sample(rows, limit, seed)
                made = measure(
                    chosen,
                    model.embed,
                    seed,
                    lambda said, name=name: status.update(f"{name}: {said}"),  # type: ignore[misc]
                )
                figures += report(name, chosen, made, seed)
            return figures
    finally:
        model.close()
