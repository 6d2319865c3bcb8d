"""What Pincite adds to a model's time to first token, and how many streams it holds.

Both servers run as processes of their own: `pincite serve` on the sample corpus, and a stub of a
model that streams at a set pace. The same client asks one through the other, and the stub alone.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

import corpus
from evals.store_speed import free_port, percentiles, served

# Seconds of the stub to the first word, and between words: a sentence takes it about ten seconds,
# as long as a model takes for an answer of 300 tokens at 30 a second.
_FIRST, _BETWEEN = 0.2, 0.5
_QUESTIONS = (
    "What is the budget of the ferry line in 2026?",
    "How much may herring boats catch?",
    "When did storm Ansgar arrive?",
    "What does tram line 3 cost?",
)
_SAMPLES = Path(next(iter(corpus.__path__))) / "samples"


@dataclass(frozen=True, slots=True)
class Streamed:
    """One stream: seconds to its first text and to its end, and whether it ended as it should."""

    first: float
    whole: float
    ended: bool


def chat_speed(alone: int, at_once: int, most: int) -> None:
    """Print the time added to first tokens, one stream at a time and many, and memory with most.

    `at_once` streams are held open together: as one ends, the next begins. `most` all begin within
    ten seconds.
    """
    with tempfile.TemporaryDirectory(prefix="pincite-chat-") as folder, _stub() as stub:
        command = [sys.executable, "-m", "api.cli", "ingest", str(_SAMPLES)]
        environment = {
            "PINCITE_DATA_DIR": folder,
            "PINCITE_LLM_BASE_URL": f"{stub}/v1",
            "PINCITE_LLM_MODEL": "stub",
        }
        named = [f"{name}={value}" for name, value in environment.items()]
        subprocess.run(  # noqa: S603 -- our own command
            ["/usr/bin/env", *named, *command], check=True, stdout=subprocess.DEVNULL
        )
        with served(Path(folder), *named) as client:
            asyncio.run(_measure(stub, str(client.base_url).rstrip("/"), alone, at_once, most))


async def _measure(stub: str, ours: str, alone: int, at_once: int, most: int) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=120) as client:
        await _ask(client, ours, 0)  # what is loaded at the first answer is not counted
        direct = [await _ask(client, stub, number) for number in range(alone)]
        through = [await _ask(client, ours, number) for number in range(alone)]
        _show(f"{alone} streams, one at a time", direct, through)
        direct = await _held(client, stub, at_once)
        through = await _held(client, ours, at_once)
        _show(f"{at_once} streams at once", direct, through)
        start = time.perf_counter()
        many = await asyncio.gather(
            *(_later(client, ours, number, 10 * number / most) for number in range(most))
        )
        seconds = time.perf_counter() - start
    good = sum(one.ended for one in many)
    print(f"{most} streams begun within 10 s: {good} ended well, all after {seconds:.0f} s")
    print(f"most memory of the server: {_peak_mib(ours)} MiB")


async def _held(client: httpx.AsyncClient, base: str, at_once: int) -> list[Streamed]:
    """Streams of which so many are open at any time; the first of each is not counted."""
    lasts = _FIRST + 20 * _BETWEEN

    async def one_after_another(number: int) -> list[Streamed]:
        await asyncio.sleep(lasts * number / at_once)
        return [await _ask(client, base, number + turn) for turn in range(3)]

    rounds = await asyncio.gather(*(one_after_another(number) for number in range(at_once)))
    return [stream for streams in rounds for stream in streams[1:]]


async def _later(client: httpx.AsyncClient, base: str, number: int, seconds: float) -> Streamed:
    await asyncio.sleep(seconds)
    return await _ask(client, base, number)


async def _ask(client: httpx.AsyncClient, base: str, number: int) -> Streamed:
    body = {
        "model": "pincite",
        "stream": True,
        "messages": [{"role": "user", "content": _QUESTIONS[number % len(_QUESTIONS)]}],
    }
    start = time.perf_counter()
    first = 0.0
    ended = False
    url = f"{base}/v1/chat/completions"
    async with client.stream("POST", url, json=body) as response:
        async for line in response.aiter_lines():
            if not first and re.search(r'"content": ?"[^"]', line):
                first = time.perf_counter() - start
            ended |= line == "data: [DONE]"
    return Streamed(first, time.perf_counter() - start, ended and bool(first))


def _show(what: str, direct: Sequence[Streamed], through: Sequence[Streamed]) -> None:
    plain = percentiles([one.first * 1000 for one in direct])
    ours = percentiles([one.first * 1000 for one in through])
    print(f"{what}, first token after, in ms (p50, p95):")
    print(f"  the model alone  {plain[0]:7.1f} {plain[1]:7.1f}")
    print(f"  through Pincite  {ours[0]:7.1f} {ours[1]:7.1f}")
    print(f"  added            {ours[0] - plain[0]:7.1f} {ours[1] - plain[1]:7.1f}", flush=True)


@contextmanager
def _stub() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "evals.stub_model", str(port), str(_FIRST), str(_BETWEEN)]
    server = subprocess.Popen(command)  # noqa: S603 -- our own command
    try:
        base = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                httpx.post(f"{base}/v1/chat/completions", json={})
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield base
    finally:
        server.terminate()
        server.wait()


def _peak_mib(base: str) -> int:
    """The most memory that the server of a port has held, as Linux tells; 0 elsewhere."""
    port = int(base.rpartition(":")[2])
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "status").read_text()
        except OSError:
            continue  # it ended meanwhile
        if b"serve" in command and str(port).encode() in command:
            return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024
    return 0
