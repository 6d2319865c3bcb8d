"""A file that hangs, kills or swells its parser is an error, and the next file is read."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corpus import errors, isolate
from corpus.isolate import ParserPool
from corpus.parse import parse_source
from corpus.sniff import CSV, DOCX, HTML, PDF, PLAIN, sniff
from corpus.types import Limits
from tests.corpus.files import one_of_each, pdf, pdf_report, with_password

ROOT = Path(__file__).parents[2]
TABLE = "Service,Sum\nFerries,46.3\n"

# Stands in for the parser of CSV in the process: what the file says is what happens.
_SABOTEUR = """
import os, signal, time
import corpus.sheets

honest = corpus.sheets.read_csv

def read_csv(text):
    word = text.split()[0]
    if word == "loop":
        while True:
            pass
    if word == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "crash":
        import ctypes
        ctypes.string_at(0)
    if word == "exit":
        os._exit(3)
    if word == "swell":
        held = []
        while True:
            held.append(bytearray(64 * 1024 * 1024))
    if word == "recurse":
        return read_csv(text)
    if word == "noise":
        os.write(1, b"not a frame")
        print("nor this", flush=True)
    if word == "linger":
        time.sleep(0.3)
    return honest(text)

corpus.sheets.read_csv = read_csv
"""


@pytest.fixture
def new_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ParserPool]]:
    """Makes pools of processes in which the parser of CSV does what the file tells it."""
    (tmp_path / "saboteur.py").write_text(_SABOTEUR)
    monkeypatch.syspath_prepend(tmp_path)
    program = isolate._PROGRAM.replace("from corpus", "import saboteur; from corpus")
    monkeypatch.setattr(isolate, "_PROGRAM", program)
    pools: list[ParserPool] = []

    def make(*, seconds: float = 1, processes: int = 1) -> ParserPool:
        pools.append(ParserPool(seconds=seconds, memory_mb=512, processes=processes))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def _pids(pool: ParserPool) -> set[int]:
    return {process._popen.pid for process in pool._all}


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("deed", "error", "says"),
    [
        ("loop", errors.TooSlow, "longer than 1 seconds.*PINCITE_PARSE_SECONDS"),
        ("deaf", errors.TooSlow, "longer than 1 seconds"),
        ("kill", errors.ParserCrashed, "SIGKILL"),
        ("crash", errors.ParserCrashed, "SIGSEGV"),
        ("exit", errors.ParserCrashed, "exit code 3"),
        ("swell", errors.TooMuchMemory, "512 MiB.*PINCITE_PARSE_MEMORY_MB"),
        ("recurse", errors.Damaged, "recursion"),
    ],
)
def test_what_a_file_does_to_its_parser_is_its_own_error(
    new_pool: Callable[..., ParserPool], deed: str, error: type[Exception], says: str
) -> None:
    pool = new_pool()
    assert pool.parse(TABLE, CSV).blocks
    with pytest.raises(error, match=says):
        pool.parse(deed, CSV)
    assert pool.parse(TABLE, CSV).blocks, "the next file is read"
    assert len(_pids(pool)) == 1


def test_what_a_parser_prints_is_no_reply(new_pool: Callable[..., ParserPool]) -> None:
    assert "noise" in new_pool().parse("noise,a\n1,2\n", CSV).text


def test_a_process_is_used_again(new_pool: Callable[..., ParserPool]) -> None:
    pool = new_pool()
    pool.parse(TABLE, CSV)
    before = _pids(pool)
    for _ in range(3):
        pool.parse(TABLE, CSV)
    assert _pids(pool) == before


def test_a_process_that_was_ended_while_idle_is_replaced(
    new_pool: Callable[..., ParserPool],
) -> None:
    pool = new_pool()
    pool.parse(TABLE, CSV)
    (process,) = pool._all
    os.kill(process._popen.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process._popen.pid, os.WEXITED | os.WNOWAIT)
    assert pool.parse(TABLE, CSV).blocks
    assert process._popen.pid not in _pids(pool)


def test_a_process_that_turns_out_to_be_gone_is_replaced(
    new_pool: Callable[..., ParserPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = new_pool()
    pool.parse(TABLE, CSV)
    (process,) = pool._all
    process._popen.kill()
    process._popen.wait()
    monkeypatch.setattr(isolate._Process, "is_alive", lambda _: True)
    assert pool.parse(TABLE, CSV).blocks
    assert process not in pool._all


def test_a_process_that_has_read_much_is_replaced(
    new_pool: Callable[..., ParserPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.isolate._MOST_USES", 2)
    pool = new_pool()
    seen = set()
    for _ in range(5):
        pool.parse(TABLE, CSV)
        seen |= _pids(pool)
    assert len(seen) == 3


def test_closing_leaves_no_process_behind_even_a_busy_one(
    new_pool: Callable[..., ParserPool],
) -> None:
    pool = new_pool(seconds=60, processes=2)
    pool.parse(TABLE, CSV)
    caught: list[Exception] = []

    def hang() -> None:
        try:
            pool.parse("loop", CSV)
        except errors.UnreadableDocument as error:
            caught.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    time.sleep(0.3)
    pids = _pids(pool)
    assert pids
    pool.close()
    thread.join(timeout=10)
    assert not any(map(_is_running, pids))
    assert len(caught) == 1
    with pytest.raises(RuntimeError, match="closed"):
        pool.parse(TABLE, CSV)


def test_no_more_processes_run_than_are_allowed(new_pool: Callable[..., ParserPool]) -> None:
    pool = new_pool(seconds=60, processes=2)
    with ThreadPoolExecutor(6) as threads:
        results = threads.map(lambda _: pool.parse("linger,a\n1,2\n", CSV), range(6))
        assert len(list(results)) == 6
    assert len(_pids(pool)) == 2


def test_a_process_whose_parent_was_killed_ends_itself() -> None:
    program = (
        "import time; from corpus.isolate import ParserPool; from corpus.sniff import CSV\n"
        f"pool = ParserPool(); pool.parse({TABLE!r}, CSV)\n"
        "print(*[one._popen.pid for one in pool._all], flush=True); time.sleep(60)"
    )
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while _is_running(pid) and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pool = ParserPool()
    with pytest.raises(RuntimeError, match=r"'/bin/false'.*exit code 1"):
        pool.parse(TABLE, CSV)
    pool.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    opened = ParserPool(processes=1, limits=Limits(max_pages=5))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", one_of_each())
def test_a_file_is_the_same_there_and_here(pool: ParserPool, name: str) -> None:
    data = one_of_each()[name]
    media_type = sniff(data, name)
    assert pool.parse(data, media_type) == parse_source(data, media_type)


@pytest.mark.parametrize(
    ("data", "media_type", "error", "says"),
    [
        (with_password(pdf(["x"])), PDF, errors.Encrypted, "password"),
        (pdf_report(), DOCX, errors.Damaged, "zip file"),
        (pdf(*[["x"]] * 6), PDF, errors.TooManyPages, "6 pages; the limit is 5"),
        (b"caf\xe9", HTML, errors.NotUtf8, "0xe9"),
        ("a\ud800", HTML, errors.NotUtf8, "U\\+D800"),
        (" ", HTML, errors.EmptyDocument, "no main content"),
        ("x", "image/png", errors.UnknownType, "image/png"),
        (b"x", "image/png", errors.UnknownType, "image/png"),
        ("x", PDF, errors.UnknownType, "application/pdf"),
        (b"a\0b", PLAIN, errors.NotUtf8, "NUL"),
    ],
)
def test_an_error_is_the_same_there_and_here(
    pool: ParserPool, data: bytes | str, media_type: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        pool.parse(data, media_type)


def test_text_is_parsed_without_a_process() -> None:
    pool = ParserPool()
    assert pool.parse("Herons stand.", PLAIN) == pool.parse(b"Herons stand.", PLAIN)
    assert not pool._all
    pool.close()
