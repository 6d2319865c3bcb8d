"""How fast it is: embedding, ingesting and searching, on real news, and answering with a model.

    python -m evals.speed embed [--data FOLDER] [--texts 500] [--threads 2]
    python -m evals.speed ingest --data FOLDER [--articles N] [--dir NEW_FOLDER]
    python -m evals.speed search --data FOLDER --dir DATA_DIR [--dir LARGER_ONE] [--questions 200]
    python -m evals.speed summaries --data FOLDER [--documents 100 300 1000] [--dir DATA_DIR]
    python -m evals.speed chat [--alone 10] [--at-once 100] [--most 500]

FOLDER holds `news/articles-2024q1.jsonl.gz` and `news/questions-2024q1.jsonl.gz`. Without it,
`embed` takes the sample corpus. With the extra `model` the plain LangChain pipeline is measured
beside. On a machine that does other work too, go by the ratios.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

import corpus
from corpus.embed import MiniLM
from evals import plain_langchain
from evals.benchmarks import news
from evals.chat_speed import chat_speed
from evals.store_speed import ServerNotReady, ingest, ingest_speed, search_speed
from evals.summary_speed import summary_speed

_ARTICLES = Path("news") / "articles-2024q1.jsonl.gz"
_QUESTIONS = Path("news") / "questions-2024q1.jsonl.gz"
_CHARACTERS = 720  # 150 word pieces in the mean of the first 300 articles
_ROUNDS = 3

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(slots=True)
class Timed:
    """An embedder, and the seconds of its rounds: by the clock and of all its threads' CPU."""

    name: str
    embed: Embed
    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, texts: Sequence[str]) -> Vectors:
        """Embed the texts once more, timed."""
        clock, cpu = time.perf_counter(), time.process_time()
        vectors = self.embed(texts)
        self.clock.append(time.perf_counter() - clock)
        self.cpu.append(time.process_time() - cpu)
        return vectors


def embed_speed(texts: Sequence[str], threads: int) -> None:
    """Print texts per second of MiniLM and of sentence-transformers, in turns, and their agreement.

    Each has its best round of three counted. The second needs the `model` extra; without it only
    the first is measured.
    """
    model = MiniLM(threads)
    ours, theirs = Timed("pincite", model.embed), _sentence_transformers(threads)
    timed = [ours] if theirs is None else [ours, theirs]
    for one in timed:
        one.embed(texts[:1])  # what is set up at the first call is not counted
    load = os.getloadavg()[0]
    vectors = [[one.run(texts) for one in timed] for _ in range(_ROUNDS)][-1]
    model.close()
    print(f"{len(texts)} texts, {threads} threads, load before {load:.1f}")
    print(f"{'':24}{'texts/s':>10}{'texts/CPU s':>14}")
    for one in timed:
        clock, cpu = len(texts) / min(one.clock), len(texts) / min(one.cpu)
        print(f"{one.name:24}{clock:10.1f}{cpu:14.1f}")
    if theirs is None:
        print("sentence-transformers is not installed (the extra `model`), so no ratio.")
        return
    by_clock, by_cpu = min(theirs.clock) / min(ours.clock), min(theirs.cpu) / min(ours.cpu)
    print(f"{'ratio':24}{by_clock:10.2f}{by_cpu:14.2f}")
    print(f"{'mean cosine':24}{float(np.mean(np.sum(vectors[0] * vectors[1], axis=1))):10.4f}")


def read_field(path: Path, field: str, limit: int) -> list[str]:
    """The first `limit` values of a field of a gzipped JSON lines file."""
    with gzip.open(path) as lines:
        return [str(json.loads(line)[field]) for line in islice(lines, limit)]


def sample_texts(count: int) -> list[str]:
    """`count` texts of about 150 tokens cut from the sample corpus, repeated where it ends."""
    samples = sorted((Path(corpus.__file__).parent / "samples").iterdir())
    whole = "\n\n".join(path.read_text(encoding="utf-8") for path in samples)
    cut = [whole[at : at + _CHARACTERS] for at in range(0, len(whole), _CHARACTERS)]
    return list(islice(cycle(cut), count))


def _sentence_transformers(threads: int) -> Timed | None:
    if find_spec("sentence_transformers") is None or plain_langchain.missing() is not None:
        return None
    import torch  # noqa: PLC0415 -- only in the extra `model`
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(plain_langchain.weights()), device="cpu")
    return Timed(
        "sentence-transformers",
        lambda texts: np.asarray(model.encode(list(texts), normalize_embeddings=True)),
    )


def _summaries(data: Path, sizes: Sequence[int], folder: Path | None, threads: int) -> None:
    """`summary_speed` of articles that are ingested before, untimed; or of a data folder's."""
    with tempfile.TemporaryDirectory(prefix="pincite-speed-") as scratch:
        if folder is None:
            folder = Path(scratch) / "data"
            ingest(_first(data, max(sizes), Path(scratch)), folder)
        summary_speed(folder, sizes, threads)


def _first(data: Path, limit: int | None, scratch: Path) -> Path:
    """The file of articles, or one in the scratch folder with the first `limit` of them."""
    path = data / _ARTICLES
    if limit is not None:
        with gzip.open(path) as lines:
            path = scratch / "articles.jsonl"
            path.write_bytes(b"".join(islice(lines, limit)))
    return path


def _ingest(data: Path, limit: int | None, folder: Path | None, threads: int) -> None:
    """`ingest_speed` of the first `limit` articles; a scratch folder unless one is given."""
    with tempfile.TemporaryDirectory(prefix="pincite-speed-") as scratch:
        path = _first(data, limit, Path(scratch))
        articles = news.read_articles(data)[:limit]
        ingest_speed(path, articles, folder or Path(scratch) / "data", threads)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.speed", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_subparsers(dest="what", required=True)
    names = ("embed", "ingest", "search", "summaries")
    embed, ingested, search, summaries = (what.add_parser(name) for name in names)
    for one in (embed, ingested, search, summaries):
        one.add_argument(
            "--data", type=Path, required=one is not embed, help="folder of the benchmark data"
        )
        one.add_argument("--threads", type=_count, default=2, help="of each model; 2")
    chat = what.add_parser("chat")
    chat.add_argument("--alone", type=_count, default=10, help="streams one at a time; 10")
    chat.add_argument("--at-once", type=_count, default=100, help="streams held open; 100")
    chat.add_argument("--most", type=_count, default=500, help="streams begun in 10 s; 500")
    embed.add_argument("--texts", type=_count, default=500, help="how many; 500")
    ingested.add_argument("--articles", type=_count, help="how many; all")
    ingested.add_argument(
        "--dir", type=Path, help="a new data folder, which is kept; a scratch one"
    )
    search.add_argument(
        "--dir",
        type=Path,
        required=True,
        action="append",
        help="data folder with documents; given twice, the growth from the first to the last",
    )
    search.add_argument("--questions", type=_count, default=200, help="how many; 200")
    summaries.add_argument(
        "--documents", type=_count, nargs="+", default=[100, 300, 1000], help="100 300 1000"
    )
    summaries.add_argument("--dir", type=Path, help="data folder to take, instead of ingesting")
    return parser


def _missing(given: argparse.Namespace) -> str | None:
    """What is wrong with the folders that were given."""
    if given.what == "chat":
        return None
    path = given.data and given.data / (_QUESTIONS if given.what == "search" else _ARTICLES)
    if path and not path.exists():
        return f"There is no {path}. Give the folder of the benchmark data with --data."
    if given.what == "summaries" and given.dir and not given.dir.is_dir():
        return f"There is no data folder {given.dir}. `ingest --dir` makes one."
    if given.what == "search" and (gone := [one for one in given.dir if not one.is_dir()]):
        return f"There is no data folder {gone[0]}. `ingest --dir` makes one."
    if given.what == "ingest" and given.dir and given.dir.exists() and any(given.dir.iterdir()):
        return f"{given.dir} is not empty, so its figures would be wrong. Name a new folder."
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; exit code 2 for a folder that will not do, 1 for a failure."""
    given = _arguments().parse_args(arguments)
    if (wrong := _missing(given)) is not None:
        print(wrong, file=sys.stderr)
        return 2
    try:
        if given.what == "embed":
            texts = read_field(given.data / _ARTICLES, "text", given.texts) if given.data else None
            cut = [text[:_CHARACTERS] for text in texts or sample_texts(given.texts)]
            embed_speed(cut, given.threads)
        elif given.what == "ingest":
            _ingest(given.data, given.articles, given.dir, given.threads)
        elif given.what == "summaries":
            _summaries(given.data, given.documents, given.dir, given.threads)
        elif given.what == "chat":
            chat_speed(given.alone, given.at_once, given.most)
        else:
            questions = read_field(given.data / _QUESTIONS, "question_sentence", given.questions)
            search_speed(questions, given.dir, given.threads)
    except (ServerNotReady, subprocess.CalledProcessError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
