"""What crosses the border between the processes is the same on both sides."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus import errors
from corpus.parse import parse
from corpus.sniff import CSV, PDF, sniff
from corpus.types import Flaw
from corpus.worker import answer, parsed_of, receive, send, wire_of
from tests.corpus.files import one_of_each

ROOT = Path(__file__).parents[2]
_CSV: dict[str, Any] = {"media_type": CSV, "limits": {}, "seconds": 60}


@pytest.mark.parametrize("name", one_of_each())
def test_a_parsed_text_is_whole_on_the_other_side(name: str) -> None:
    data = one_of_each()[name]
    parsed = parse(data, sniff(data, name))
    assert parsed_of(json.loads(json.dumps(wire_of(parsed)))) == parsed


def test_the_flaw_of_a_row_crosses_too() -> None:
    reply = answer(b"Boat,Crew\nHeron,4\nHeron,4\n", _CSV)
    assert parsed_of(reply).blocks[0].rows[2].flaw is Flaw.DUPLICATE


def test_an_error_crosses_with_its_class_and_its_message() -> None:
    reply = answer(b"%PDF-1.4", {**_CSV, "media_type": PDF})
    with pytest.raises(errors.Damaged, match="cut short"):
        parsed_of(reply)


def test_want_of_memory_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def swell(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("corpus.parse.parse", swell)
    assert answer(b"", _CSV)["error"] == errors.TooMuchMemory.__name__


def test_a_reply_can_name_errors_only() -> None:
    for name in ("open", "CorpusError", "no_such"):
        with pytest.raises(KeyError):
            parsed_of({"error": name, "message": ""})


def test_frames_are_read_as_they_were_written() -> None:
    stream = io.BytesIO()
    send(stream, b"")
    send(stream, b"some bytes")
    stream.seek(0)
    assert (receive(stream), receive(stream)) == (b"", b"some bytes")
    for cut in (0, 3, 8, 12):
        with pytest.raises(EOFError):
            receive(io.BytesIO(stream.getvalue()[8 : 8 + cut]))


def test_a_process_answers_until_its_input_ends() -> None:
    requests = io.BytesIO()
    for data in (b"A,B\n1,2\n", b"\xff"):
        send(requests, json.dumps(_CSV).encode())
        send(requests, data)
    program = "from corpus.worker import serve; serve(1024)"
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", program],
        input=requests.getvalue(),
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    replies = io.BytesIO(done.stdout)
    assert receive(replies) == b"ready"
    assert json.loads(receive(replies))["text"] == "A | B\n1 | 2\n\n"
    assert json.loads(receive(replies))["error"] == "NotUtf8"
    assert replies.read() == b""
