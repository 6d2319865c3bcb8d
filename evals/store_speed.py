"""How fast documents are ingested and searched, in real processes on real news."""

import asyncio
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx
import numpy as np

from corpus.chunk import MAX_TOKENS, chunk, indexed_text
from corpus.embed import MiniLM
from corpus.plain import read_plain
from corpus.tokens import token_counter
from evals import plain_langchain
from evals.benchmarks.news import Article
from rag import Pipeline, Settings

_FIELDS = "text=text,title=title,uri=url,date=date"
_START_SECONDS = 60  # a server on a large folder may take some
_BARE = 3000  # chunks that are embedded without all the rest, before and after
_PLAIN = 40  # articles that the plain pipeline ingests; it is slow
_PLAIN_CHUNKS = 5000  # chunks that the plain pipeline searches
_FOUND = 10  # passages of a search


class ServerNotReady(Exception):
    """`pincite serve` ended, or did not answer on /readyz in time."""


def ingest_speed(path: Path, articles: Sequence[Article], folder: Path, threads: int) -> None:
    """Time `pincite ingest` of the JSON lines at `path`, which hold the articles, into `folder`.

    Beside it, embedding alone, and the plain LangChain pipeline. The folder must be new or empty.
    Raises CalledProcessError when the ingest fails.
    """
    sample = _evenly([article.text for article in articles], _PLAIN)
    bare = [_embedding_rate(sample)]
    start = time.perf_counter()
    ingest(path, folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    bare.append(_embedding_rate(sample))
    size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 2**20
    documents, chunks, characters = _held(folder)
    print(f"{documents:,} documents, {chunks:,} chunks in {seconds:.0f} s:")
    print(f"{documents / seconds:.1f} documents/s, {chunks / seconds:.1f} chunks/s")
    print(f"peak memory {peak:.0f} MiB, {size:.0f} MiB on disk")
    rate = characters / seconds
    shown = ", ".join(f"{one / 1000:.1f}" for one in bare)
    print(f"{rate / 1000:.1f} thousand characters/s; embedding alone, before and after: {shown}")
    print(f"share of the speed of embedding alone: {rate / np.mean(bare):.2f}")
    if gone := plain_langchain.missing():
        print(f"No plain LangChain pipeline to compare with: {gone} not installed (extra `model`).")
        return
    with tempfile.TemporaryDirectory(prefix="pincite-plain-") as scratch:
        plain = plain_langchain.PlainPipeline(Path(scratch), threads)
        start = time.perf_counter()
        plain.ingest(sample)
        theirs = sum(map(len, sample)) / (time.perf_counter() - start)
    print(f"plain LangChain pipeline, {len(sample)} articles: {theirs / 1000:.1f} thousand/s")
    print(f"ratio {rate / theirs:.1f}")


def ingest(path: Path, folder: Path) -> None:
    """`pincite ingest` of the articles in the JSON lines at `path`; raises CalledProcessError."""
    command = [*_pincite(folder), "ingest", "--jsonl", _FIELDS, str(path)]
    subprocess.run(command, check=True)  # noqa: S603 -- our own command


def search_speed(questions: Sequence[str], folders: Sequence[Path], threads: int) -> None:
    """Print milliseconds of fused searches in each folder, in process and over HTTP.

    One client, in sequence, one search before the first that counts. Then how they grow from the
    first folder to the last, and the plain LangChain pipeline on chunks of the first. Raises
    ServerNotReady, or HTTPError.
    """
    medians = []
    for folder in folders:
        _, chunks, _ = _held(folder)
        print(f"{folder.name}: {len(questions)} searches in {chunks:,} chunks")
        inside = asyncio.run(_searches(folder, questions, threads))
        medians.append(_row("in process", inside))
        with served(folder) as client:
            _search(client, questions[0])
            _row("over HTTP", [_search(client, question) for question in questions])
    if len(folders) > 1:
        first, last = medians[0], medians[-1]
        print(f"growth, in process: p50 {last[0] / first[0]:.2f}, p95 {last[1] / first[1]:.2f}")
    if gone := plain_langchain.missing():
        print(f"No plain LangChain pipeline to compare with: {gone} not installed (extra `model`).")
        return
    texts = asyncio.run(_chunk_texts(folders[0], _PLAIN_CHUNKS))
    with tempfile.TemporaryDirectory(prefix="pincite-plain-") as scratch:
        plain = plain_langchain.PlainPipeline(Path(scratch), threads)
        plain.ingest(texts)
        plain.search(questions[0], _FOUND)
        print(f"plain LangChain pipeline, dense only, {len(texts):,} chunks of {folders[0].name}")
        theirs = _row("in process", [plain.search(question, _FOUND) for question in questions])
    print(f"ratio of p50, ours to theirs: {medians[0][0] / theirs[0]:.2f}")


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th percentile (both interpolated) and maximum of at least one value."""
    p50, p95, longest = np.percentile(values, [50, 95, 100])
    return float(p50), float(p95), float(longest)


def _row(name: str, taken: Sequence[float]) -> tuple[float, float]:
    p50, p95, longest = percentiles(taken)
    print(f"  {name:12} p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {longest:.1f} ms", flush=True)
    return p50, p95


def _evenly(texts: Sequence[str], count: int) -> list[str]:
    """At most `count` texts, spread over all."""
    return list(texts[:: max(len(texts) // count, 1)][:count])


def _embedding_rate(texts: Sequence[str]) -> float:
    """Characters a second of the embedding model alone, on the chunks of the texts."""
    count = token_counter()
    chunks = [
        indexed_text(piece, text)
        for text in texts
        for piece in chunk(read_plain(text), count, MAX_TOKENS)
    ][:_BARE]
    model = MiniLM()
    model.embed(chunks[:1])
    start = time.perf_counter()
    model.embed(chunks)
    seconds = time.perf_counter() - start
    model.close()
    return sum(map(len, chunks)) / seconds


async def _searches(folder: Path, questions: Sequence[str], threads: int) -> list[float]:
    pipeline = Pipeline(Settings(data_dir=folder, threads=threads))
    try:
        await pipeline.search(questions[0])
        taken = []
        for question in questions:
            start = time.perf_counter()
            await pipeline.search(question)
            taken.append((time.perf_counter() - start) * 1000)
        return taken
    finally:
        pipeline.close()


def _held(folder: Path) -> tuple[int, int, int]:
    """Documents, chunks, and the characters of the chunks."""
    chunks = asyncio.run(_chunk_texts(folder, None))
    pipeline = Pipeline(Settings(data_dir=folder))
    try:
        documents, _ = asyncio.run(pipeline.counts())
    finally:
        pipeline.close()
    return documents, len(chunks), sum(map(len, chunks))


async def _chunk_texts(folder: Path, limit: int | None) -> list[str]:
    """Texts of the first `limit` chunks of a data folder, or of all."""
    pipeline = Pipeline(Settings(data_dir=folder))
    texts: list[str] = []
    try:
        async for document in pipeline.all_documents(None):
            text = (await pipeline.document(document.id)).text
            texts += [one.span.of(text) for one in await pipeline.chunks(document.id)]
            if limit is not None and len(texts) >= limit:
                break
    finally:
        pipeline.close()
    return list(islice(texts, limit))


@contextmanager
def served(folder: Path, *variables: str) -> Iterator[httpx.Client]:
    """A client of `pincite serve` on a folder, which runs as long as the block.

    `variables` are put in its environment, as NAME=VALUE.
    """
    port = str(free_port())
    server = subprocess.Popen(  # noqa: S603 -- our own command
        [*_pincite(folder, *variables), "serve", "--port", port],
        stdout=subprocess.DEVNULL,  # a line for every request; errors are on stderr
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _await_ready(client, server, folder)
            yield client
    finally:
        server.terminate()
        server.wait()


def _await_ready(client: httpx.Client, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            client.get("/readyz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    ended = server.poll()
    how = f"was not ready within {_START_SECONDS} s" if ended is None else f"ended with {ended}"
    raise ServerNotReady(f"The server on {folder} {how}.")


def _search(client: httpx.Client, question: str) -> float:
    """Milliseconds of one search."""
    start = time.perf_counter()
    client.post("/v1/search", json={"query": question}).raise_for_status()
    return (time.perf_counter() - start) * 1000


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _pincite(folder: Path, *variables: str) -> list[str]:
    """The command line on a data folder."""
    named = [f"PINCITE_DATA_DIR={folder}", *variables]
    return ["/usr/bin/env", *named, sys.executable, "-m", "api.cli"]
