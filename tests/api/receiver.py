"""A real HTTP server that receives webhooks, well or badly, and remembers what came.

    with receiver(500, 200) as hooks:
        ...  # send to hooks.url
    assert len(hooks.got) == 2

A reply is a status, or a function of the request's handler; the last is for all that follow.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = int | Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float = field(default_factory=time.monotonic)


@dataclass
class Receiver:
    """Where it listens, and what came."""

    port: int
    got: list[Received] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)  # set when the test ends

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?of=pincite"


@contextmanager
def receiver(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen on a free port of this machine, with TLS where there is a context for it."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with turn:
                hooks.got.append(Received(self.path, headers, body))
                reply = replies[min(len(hooks.got), len(replies)) - 1]
            hooks.came.set()
            if callable(reply):
                reply(self)
                return
            self.send_response(reply)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - as above; a redirect that is followed may become one

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        server.block_on_close = False
        hooks = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hooks
        finally:
            hooks.gone.set()
            server.shutdown()
            thread.join()
