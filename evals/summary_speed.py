"""How long a summary by quoting takes, and what memory, as the documents grow in number."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rag import Pipeline, Settings
from rag.types import Answering, SummaryTask

_STATUS, _REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one summary took: `cpu` are the seconds of all threads.

    `above` are the MiB of resident memory by which its peak was above the state before it.
    """

    documents: int
    characters: int
    cpu: float
    seconds: float
    above: float
    words: int


def summary_speed(folder: Path, sizes: Sequence[int], threads: int) -> None:
    """Print what a summary takes of the first documents of a data folder, at each of the sizes.

    Each is made in a process of its own, so that their peaks of memory do not mix. Raises
    CalledProcessError when one fails. Linux only, for the memory.
    """
    print(f"{'documents':>10}{'M characters':>14}{'CPU s':>8}{'s':>8}", end="")
    print(f"{'CPU s/M characters':>20}{'MiB above idle':>16}{'words':>7}")
    for size in sizes:
        command = [sys.executable, "-m", __name__, str(folder), str(size), str(threads)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 -- ours
        one = Taken(**json.loads(done.stdout))
        million = one.characters / 1e6
        print(f"{one.documents:10,}{million:14.2f}{one.cpu:8.1f}{one.seconds:8.1f}", end="")
        print(f"{one.cpu / million:20.1f}{one.above:16.0f}{one.words:7}", flush=True)


async def _summarize(folder: Path, size: int, threads: int) -> Taken:
    pipeline = Pipeline(Settings(data_dir=folder, threads=threads))
    try:
        versions = (await pipeline.versions_to_summarize())[:size]
        # What a server has loaded when it idles, such as the model, is there before.
        await pipeline.summarize(SummaryTask(versions[:1], answering=Answering.EXTRACTIVE))
        task = SummaryTask(versions, answering=Answering.EXTRACTIVE)
        before = _mib("VmRSS")
        _forget_peak()
        clock, cpu = time.perf_counter(), time.process_time()
        summary = await pipeline.summarize(task)
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        above = _mib("VmHWM") - before
        texts = [len((await pipeline.document(*one)).text) for one in versions]
        words = sum(len(one.text.split()) for one in summary.sentences)
        return Taken(len(versions), sum(texts), cpu, clock, above, words)
    finally:
        pipeline.close()


def _forget_peak() -> None:
    """Have the peak of this process's resident memory begin anew."""
    _REFERENCES.write_text("5")


def _mib(name: str) -> float:
    """A size of this process in MiB."""
    return int(re.findall(rf"{name}:\s+(\d+)", _STATUS.read_text())[0]) / 1024


if __name__ == "__main__":
    taken = asyncio.run(_summarize(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps(asdict(taken)))
