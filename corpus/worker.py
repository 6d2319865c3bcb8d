"""The process in which files are parsed: one request after another, until its input ends.

It is started and watched by `corpus.isolate`. Both speak in frames, eight bytes of length and then
the content. A request is a frame of JSON and a frame with the file; a reply is one of JSON, not a
pickle, because what a hostile file makes of this process must not reach the other one.
"""

import json
import os
import signal
import struct
import sys
import warnings
from typing import Any, BinaryIO

from corpus import errors
from corpus.errors import UnreadableDocument
from corpus.types import Block, BlockKind, Flaw, Limits, ParsedText, Row, Span

_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, UnreadableDocument)
}
_LENGTH = struct.Struct(">Q")
_GRACE = 5  # seconds after which this process ends itself, where nobody watches it any more
_MIB = 1024 * 1024


def send(stream: BinaryIO, content: bytes) -> None:
    """Write a frame."""
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Read a frame; raises EOFError when the stream ends before the frame does."""
    length = stream.read(_LENGTH.size)
    content = stream.read(_LENGTH.unpack(length)[0]) if len(length) == _LENGTH.size else b""
    if len(length) < _LENGTH.size or len(content) < _LENGTH.unpack(length)[0]:
        raise EOFError
    return content


def serve(memory_mb: int) -> None:
    """Answer requests from standard input on standard output, within an amount of memory."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 -- it is no file
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)  # a library that prints must not disturb the replies
    warnings.simplefilter("ignore")  # nobody reads them here
    # openpyxl loads numpy where it is, and that reserves memory for a thread on each core.
    os.putenv("OPENBLAS_NUM_THREADS", "1")
    _limit_memory(memory_mb)
    send(replies, b"ready")
    while True:
        try:
            request = json.loads(receive(requests))
            data = receive(requests)
        except EOFError:
            return
        reply = answer(data, request)
        send(replies, json.dumps(reply).encode())


def answer(data: bytes, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to a request: what was parsed, or the name of an error and its message."""
    # Late, so that the limits hold for what is loaded too.
    from corpus.parse import parse  # noqa: PLC0415

    _end_after(request["seconds"] + _GRACE)
    try:
        return wire_of(parse(data, request["media_type"], Limits(**request["limits"])))
    except UnreadableDocument as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": errors.TooMuchMemory.__name__, "message": ""}
    finally:
        _end_after(0)


def wire_of(parsed: ParsedText) -> dict[str, Any]:
    """A parsed text as JSON."""
    return {
        "text": parsed.text,
        "blocks": [
            [
                block.kind,
                block.span.start,
                block.span.end,
                block.level,
                [[row.span.start, row.span.end, row.cells, row.flaw] for row in block.rows],
            ]
            for block in parsed.blocks
        ],
        "title": parsed.title,
        "metadata": dict(parsed.metadata),
        "pages": [[page.start, page.end] for page in parsed.pages],
    }


def parsed_of(reply: dict[str, Any]) -> ParsedText:
    """What a reply holds; raises the error that it names."""
    if name := reply.get("error"):
        raise _ERRORS[name](reply["message"])
    blocks = tuple(
        Block(
            BlockKind(kind),
            Span(start, end),
            level,
            tuple(
                Row(Span(first, last), tuple(cells), Flaw(flaw) if flaw else None)
                for first, last, cells, flaw in rows
            ),
        )
        for kind, start, end, level, rows in reply["blocks"]
    )
    pages = tuple(Span(*page) for page in reply["pages"])
    return ParsedText(reply["text"], blocks, reply["title"], reply["metadata"], pages)


def _limit_memory(memory_mb: int) -> None:
    """Have what takes more fail with MemoryError, where the system knows such a limit."""
    if sys.platform in ("win32", "darwin"):  # pragma: no cover
        return
    import resource  # noqa: PLC0415 -- not everywhere

    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MIB, memory_mb * _MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_after(seconds: float) -> None:
    """Die when so many seconds are over, whatever code runs then; 0 for never."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
