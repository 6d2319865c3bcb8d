"""Parsing where it can do no harm: in processes with a limit of time and of memory.

A file that hangs its parser, crashes it or makes it take gigabytes is an error for that file only.
Plain text and Markdown are parsed here and now: their parsers are small, and our own or pure
Python, and a document may consist of them by the thousand.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any, BinaryIO, cast

from corpus.errors import ParserCrashed, TooMuchMemory, TooSlow, UnreadableDocument
from corpus.parse import TEXTS, canonical, parse, parse_text
from corpus.sniff import MARKDOWN, PLAIN
from corpus.types import Limits, ParsedText
from corpus.worker import parsed_of, receive, send

_HERE = frozenset({PLAIN, MARKDOWN})
_MOST_USES = 500  # files after which a process is replaced, whatever its libraries have kept
_START = 60  # seconds that a process may take to start

# Not multiprocessing: its ways to start a process that was not forked run the main module again.
_PROGRAM = "import sys; sys.path[:] = {path!r}; from corpus.worker import serve; serve({memory})"


class ParserPool:
    """Processes that parse, started when they are needed, and reused."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        seconds: float = 60,
        memory_mb: int = 1024,
        processes: int | None = None,
    ) -> None:
        """`processes` is the most that run at once, by default one for each core, up to four."""
        self._limits = limits or Limits()
        self._seconds = seconds
        self._memory_mb = memory_mb
        self.processes = processes or min(4, os.cpu_count() or 1)
        self._free = threading.BoundedSemaphore(self.processes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._closed = False

    def close(self) -> None:
        """End all processes; a file that is being parsed becomes an error."""
        with self._lock:
            self._closed = True
            running, self._all = self._all, set()
            self._idle.clear()
        for process in running:
            process.end()

    def parse(self, source: bytes | str, media_type: str) -> ParsedText:
        """As `corpus.parse.parse` for bytes, and `parse_text` for text, with the same errors.

        Also raises TooSlow, TooMuchMemory or ParserCrashed.
        """
        if isinstance(source, str):
            if media_type in _HERE or media_type not in TEXTS:
                return parse_text(source, media_type, self._limits)
            source = canonical(source).encode()
        elif media_type in _HERE:
            return parse(source, media_type, self._limits)
        request = {
            "media_type": media_type,
            "limits": asdict(self._limits),
            "seconds": self._seconds,
        }
        with self._free:
            reply = self._reply(request, source)
        if _is_out_of_memory(reply):
            raise TooMuchMemory(
                f"Reading it took more than {self._memory_mb:,} MiB of memory. Split it, or raise "
                "PINCITE_PARSE_MEMORY_MB."
            )
        return parsed_of(reply)

    def _reply(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        process = self._take()
        try:
            reply = process.ask(request, data, self._seconds)
        except BrokenPipeError:  # it was ended while it was idle, which is not this file's doing
            self._drop(process)
            process = self._take(new=True)
            reply = process.ask(request, data, self._seconds)
        if reply is None:
            self._drop(process)
            raise self._died(process)
        if process.is_late or process.uses >= _MOST_USES or _is_out_of_memory(reply):
            self._drop(process)
        else:
            self._give_back(process)
        return reply

    def _died(self, process: "_Process") -> UnreadableDocument:
        if process.is_late:
            return TooSlow(
                f"Reading it took longer than {self._seconds:g} seconds. Split it, or raise "
                "PINCITE_PARSE_SECONDS."
            )
        return ParserCrashed(
            f"The process that read it ended ({process.how_it_ended()}). The file is probably "
            "damaged: open it in its own program and save it again."
        )

    def _take(self, *, new: bool = False) -> "_Process":
        with self._lock:
            while self._idle and not new:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                self._all.discard(process)
                process.end()
        process = _Process(self._memory_mb)
        with self._lock:
            if not self._closed:
                self._all.add(process)
                return process
        process.end()
        raise RuntimeError("The parsers are closed.")

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(process)

    def _drop(self, process: "_Process") -> None:
        with self._lock:
            self._all.discard(process)
        process.end()


def _is_out_of_memory(reply: dict[str, Any]) -> bool:
    return reply.get("error") == TooMuchMemory.__name__


class _Process:
    """One process that parses; raises RuntimeError when it can not be started."""

    def __init__(self, memory_mb: int) -> None:
        self.uses = 0
        self.is_late = False
        self._popen = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-c", _PROGRAM.format(path=sys.path, memory=memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where libraries write remarks about files
            start_new_session=True,  # Ctrl-C in a terminal ends us, and we end it
        )
        # The pipes are there, having been asked for; the types of subprocess do not know that.
        self._requests = cast("BinaryIO", self._popen.stdin)
        self._replies = cast("BinaryIO", self._popen.stdout)
        with self._within(_START):
            try:
                receive(self._replies)
            except EOFError:
                self.end()
                raise RuntimeError(
                    f"A process for parsing did not start with {sys.executable!r}: it ended "
                    f"({self.how_it_ended()}). Perhaps PINCITE_PARSE_MEMORY_MB is too low."
                ) from None

    def ask(self, request: dict[str, Any], data: bytes, seconds: float) -> dict[str, Any] | None:
        """Its reply; None when it died of the file, or was late and was ended.

        Raises BrokenPipeError when it was gone already.
        """
        self.uses += 1
        with self._within(seconds):
            send(self._requests, json.dumps(request).encode())
            send(self._requests, data)
            try:
                reply: dict[str, Any] = json.loads(receive(self._replies))
            except (EOFError, ValueError):
                self._popen.kill()
                return None
        return reply

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._popen.poll() is None

    def end(self) -> None:
        """Kill it, if it still lives, and wait until it is gone."""
        self._popen.kill()  # no signal is sent to one that has been waited for
        self._popen.wait()
        with suppress(BrokenPipeError):  # a request that it will not read any more
            self._requests.close()
        self._replies.close()

    def how_it_ended(self) -> str:
        """Its exit code or signal."""
        code = self._popen.wait()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kill it when what is done here takes longer."""
        timer = threading.Timer(seconds, self._be_late)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _be_late(self) -> None:
        self.is_late = True
        self._popen.kill()
