"""A real server that plays an OpenAI-compatible endpoint, well or badly, and looks at what it gets.

    with upstream(text("Four ", "ferries.")) as server:
        ...  # ask server.url
    assert server.chats[0]["messages"][-1]["content"] == "How many ferries?"

A reply is a `Reply`, several of them in a list (one for each call, the last for all that follow),
or a function from a `Request` to a `Reply`. What is no valid request gets a 4xx in OpenAI's shape
whatever the reply is, and stands in `server.refused`.
"""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import h11

ROLES = {"system", "developer", "user", "assistant"}


class Act(Enum):
    """What a server may do in place of sending something."""

    CLOSE = "close"  # the connection, at once, without an end
    HANG = "hang"  # until the client goes away


CLOSE, HANG = Act.CLOSE, Act.HANG

#: A piece of text, seconds to wait, bytes to send as they are, or an act.
Piece = str | float | bytes | Act


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    json: dict[str, Any]
    at: float  # seconds of time.monotonic()


@dataclass(frozen=True)
class Reply:
    """A status line with headers, then steps; with `body` None nothing is sent before them."""

    steps: Sequence[float | bytes | Act]
    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Request], "Reply | Text"]


@dataclass(frozen=True)
class Text:
    """A completion, streamed or whole as the request wants it; `text` makes one."""

    pieces: Sequence[Piece]
    finish: str | None
    usage: tuple[int, int] | None
    done: bool

    def reply_to(self, request: Request) -> Reply:
        """As bytes on the wire."""
        if request.json.get("stream"):
            return Reply(list(self._streamed(request)), 200, {"content-type": "text/event-stream"})
        whole = "".join(piece for piece in self.pieces if isinstance(piece, str))
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": whole},
            "finish_reason": self.finish,
        }
        body = {**_about(request, "chat.completion"), "choices": [choice], "usage": self._usage()}
        acts = [piece for piece in self.pieces if not isinstance(piece, (str, bytes))]
        return Reply([*acts, json.dumps(body).encode()], 200, {"content-type": "application/json"})

    def _streamed(self, request: Request) -> Iterator[float | bytes | Act]:
        about = _about(request, "chat.completion.chunk")

        def chunk(delta: object, finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return event({**about, "choices": [choice]})

        yield chunk({"role": "assistant", "content": ""})
        for piece in self.pieces:
            yield chunk({"content": piece}) if isinstance(piece, str) else piece
        if self.finish is not None:
            yield chunk({}, self.finish)
        if self.usage and (request.json.get("stream_options") or {}).get("include_usage"):
            yield event({**about, "choices": [], "usage": self._usage()})
        if self.done:
            yield b"data: [DONE]\n\n"

    def _usage(self) -> dict[str, int] | None:
        if self.usage is None:
            return None
        prompt, completion = self.usage
        total = prompt + completion
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def text(
    *pieces: Piece,
    finish: str | None = "stop",
    usage: tuple[int, int] | None = (11, 7),
    done: bool = True,
) -> Text:
    """A completion of these pieces; `usage` is told as OpenAI does, in a stream when asked for."""
    return Text(pieces, finish, usage, done)


def event(data: object) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(data)}\n\n".encode()


def stream(*steps: float | bytes | Act) -> Reply:
    """An event stream of anything."""
    return Reply(steps, 200, {"content-type": "text/event-stream"})


def error(
    status: int, message: str = "Something is wrong.", code: str | None = None, **headers: str
) -> Reply:
    """An error in OpenAI's shape; `retry_after="1"` becomes a header, and so do others."""
    about = {"message": message, "type": "error", "param": None, "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return body(json.dumps({"error": about}), status, "application/json", **named)


def body(content: str, status: int = 200, media_type: str = "text/html", **headers: str) -> Reply:
    """Any body at once."""
    return Reply([content.encode()], status, {"content-type": media_type, **headers})


def hang() -> Reply:
    """Nothing, and the connection stays open."""
    return Reply([HANG], None)


def close() -> Reply:
    """The connection closed without a word."""
    return Reply([CLOSE], None)


def refusing(parameter: str, otherwise: "Reply | Text") -> Answering:
    """A 400 that names a parameter, to requests that have it."""

    def answer(request: Request) -> Reply | Text:
        if parameter in request.json:
            return error(400, f"Unsupported parameter: '{parameter}'.", "unsupported_parameter")
        return otherwise

    return answer


def vectors(request: Request, dimension: int = 64) -> Reply:
    """Embeddings that are the nearer the more words two texts share, of length 1 or not."""
    inputs = request.json["input"]
    rows = [inputs] if isinstance(inputs, str) else inputs
    data = [
        {"object": "embedding", "index": at, "embedding": _vector(row, dimension)}
        for at, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    answer = {"object": "list", "data": data, "model": request.json["model"], "usage": usage}
    return body(json.dumps(answer), media_type="application/json")


class Upstream:
    """A server that runs; `url` is its base URL, and the rest is what it has seen."""

    def __init__(
        self, answer: Answering, embed: Callable[[Request], Reply], key: str | None
    ) -> None:
        self.url = ""
        #: All requests that came, and those of them that were not valid, with the reason.
        self.requests: list[Request] = []
        self.refused: list[str] = []
        #: Clients that went away before their reply had ended.
        self.disconnects = 0
        #: Connections that were opened, and those that still are.
        self.connections = 0
        self.open = 0
        self._answer = answer
        self._embed = embed
        self._key = key
        self._loop = asyncio.new_event_loop()
        self._gone = threading.Semaphore(0)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat completions that were asked for."""
        return [one.json for one in self.requests if one.path.endswith("/chat/completions")]

    def sees_disconnect(self, seconds: float = 2.0) -> bool:
        """Whether a client goes away, or has, within some seconds; each is counted once."""
        return self._gone.acquire(timeout=seconds)

    def sees(self, holds: Callable[["Upstream"], bool], seconds: float = 2.0) -> bool:
        """Whether something holds of the server, now or within some seconds."""
        deadline = time.monotonic() + seconds
        while not (held := holds(self)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return held

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Close all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**24, backlog=1024)
        )
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass  # the client went away between requests, or the server stops
        finally:
            self.open -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection may have another."""
        wire = h11.Connection(h11.SERVER)
        request = await _read(wire, reader)
        if request is None:
            return False
        reply = self._reply(request)
        if isinstance(reply, Text):
            reply = reply.reply_to(request)
        sending = asyncio.create_task(_send(wire, writer, reply))
        leaving = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            cut_off = sending.done() and isinstance(sending.exception(), ConnectionError)
            if sending.done() and not cut_off:
                return sending.result() and not leaving.done()
            self.disconnects += 1
            self._gone.release()
            return False
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    def _reply(self, request: Request) -> "Reply | Text":
        self.requests.append(request)
        status, wrong = _checked(request, self._key)
        if wrong:
            self.refused.append(wrong)
            return error(status, wrong, "invalid_api_key" if status == 401 else None)
        if request.path.endswith("/embeddings"):
            return self._embed(request)
        return self._answer(request)


@contextmanager
def upstream(
    reply: "Reply | Text | Sequence[Reply | Text] | Answering",
    *,
    embed: Callable[[Request], Reply] = vectors,
    key: str | None = None,
) -> Iterator[Upstream]:
    """A server that replies so; with `key` it refuses any other."""
    server = Upstream(_as_answering(reply), embed, key)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _as_answering(reply: "Reply | Text | Sequence[Reply | Text] | Answering") -> Answering:
    if callable(reply):
        return reply
    replies = [reply] if isinstance(reply, (Reply, Text)) else list(reply)
    return lambda _: replies.pop(0) if len(replies) > 1 else replies[0]


async def _read(wire: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    head: h11.Request | None = None
    content = b""
    while True:
        got = wire.next_event()
        if got is h11.NEED_DATA:
            data = await reader.read(65536)
            if not data and head is None:
                return None
            wire.receive_data(data)
        elif isinstance(got, h11.Request):
            head = got
        elif isinstance(got, h11.Data):
            content += bytes(got.data)
        elif isinstance(got, h11.EndOfMessage) and head is not None:
            headers = {name.decode(): value.decode() for name, value in head.headers}
            try:
                parsed = json.loads(content) if content else {}
            except ValueError:
                parsed = {"": content.decode(errors="replace")}
            return Request(head.target.decode(), headers, parsed, time.monotonic())
        else:
            return None


async def _send(wire: h11.Connection, writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send a reply step by step; whether the connection may have another request."""

    def put(data: h11.Event) -> None:
        writer.write(wire.send(data) or b"")

    if reply.status is not None:
        headers = [*reply.headers.items(), ("transfer-encoding", "chunked")]
        put(h11.Response(status_code=reply.status, headers=headers))
        await writer.drain()
    for step in reply.steps:
        if step is CLOSE:
            writer.transport.abort()
            return False
        if step is HANG:
            await asyncio.Event().wait()
        elif isinstance(step, bytes):
            put(h11.Data(data=step))
            await writer.drain()
        elif isinstance(step, (int, float)):
            await asyncio.sleep(step)
    put(h11.EndOfMessage())
    await writer.drain()
    return True


def _checked(request: Request, key: str | None) -> tuple[int, str]:
    """The status and what is wrong with a request, empty where nothing is."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not given:
        return 401, "There is no API key in the header Authorization."
    if key is not None and given != key:
        return 401, f"Incorrect API key provided: {given}."
    model = request.json.get("model")
    if not isinstance(model, str) or not model:
        return 400, "'model' is a required property."
    check = _CHECKS.get(request.path.rpartition("/v1/")[2])
    if check is None:
        return 404, f"There is nothing at {request.path}."
    return 400, check(request.json)


def _wrong_chat(asked: Mapping[str, Any]) -> str:
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return "'messages' is an array with at least one message."
    for at, one in enumerate(messages):
        if one.get("role") not in ROLES:
            return f"'messages[{at}].role' is {one.get('role')!r}."
        if not isinstance(one.get("content"), str):
            return f"'messages[{at}].content' is not a string."
    return ""


def _wrong_input(asked: Mapping[str, Any]) -> str:
    given = asked.get("input")
    rows = given if isinstance(given, list) else [given]
    if not rows or not all(isinstance(row, str) and row for row in rows):
        return "'input' is a string or an array of strings, none of them empty."
    return ""


_CHECKS = {"chat/completions": _wrong_chat, "embeddings": _wrong_input}


def _about(request: Request, kind: str) -> dict[str, Any]:
    model = request.json["model"]
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": model}


def _vector(row: str, dimension: int) -> list[float]:
    made = [0.0] * dimension
    for word in row.lower().split():
        digest = hashlib.sha256(word.strip(".,;:!?").encode()).digest()
        made[int.from_bytes(digest[:4]) % dimension] += 1.0 if digest[4] % 2 else -1.0
    return made if any(made) else [1.0, *made[1:]]
