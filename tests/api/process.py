"""`pincite serve` in a process of its own, which can be killed and started again.

A process is forked from one that has imported everything, so that it is up within a second.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import httpx

from tests.api.serving import free_port

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["api.app", "api.cli", "api.serve"])


class Server:
    """`pincite serve` on a data folder; `environment` has what is set for it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "PINCITE_DATA_DIR": str(folder),
            "PINCITE_THREADS": "2",
        }
        self.process = _PROCESSES.Process()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def start(self) -> None:
        self.process = _PROCESSES.Process(target=_serve, args=(self.environment, self.port))
        self.process.start()

    def is_ready(self) -> bool:
        assert self.process.is_alive(), "pincite serve has stopped"
        try:
            return self.client.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while not self.is_ready():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self, by: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, by)
        self.process.join(60)
        assert self.process.exitcode is not None, "pincite serve did not stop"

    def close(self) -> None:
        """Kill what still runs."""
        if self.process.is_alive():
            self.end(signal.SIGKILL)
        self.process.close()
        self.client.close()


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    opened = Server(folder)
    try:
        yield opened
    finally:
        opened.close()


def _serve(environment: Mapping[str, str], port: int) -> None:
    from api.cli import app  # noqa: PLC0415 -- in the process that serves

    os.environ.clear()
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    app(["serve", "--port", str(port)])
