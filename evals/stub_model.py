"""A stub of an OpenAI-compatible endpoint, which streams a text at a set pace: what to measure on.

    python -m evals.stub_model PORT SECONDS_TO_FIRST SECONDS_BETWEEN

It answers with the first sentence that it is offered, a word at a time.
"""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

_OFFERED = re.compile(r"(\[\d+\.\d+\]) (.+)")


Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def _app(scope: Message, receive: Receive, send: Send, first: float, between: float) -> None:
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    words = _reply(json.loads(body) if body else {}).split(" ")
    await asyncio.sleep(first)
    for at, word in enumerate(words):
        await send(_chunk({"content": word if at == 0 else f" {word}"}, None))
        await asyncio.sleep(between)
    await send(_chunk({}, "stop"))
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def _reply(asked: dict[str, Any]) -> str:
    prompt = str(asked.get("messages", [{"content": ""}])[-1]["content"])
    offered = _OFFERED.search(prompt)
    return "It says so." if offered is None else f"{offered[2].rstrip('.')} {offered[1]}."


def _chunk(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told = {
        "id": "stub",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "stub",
        "choices": [choice],
    }
    body = f"data: {json.dumps(told)}\n\n".encode()
    return {"type": "http.response.body", "body": body, "more_body": True}


def main() -> None:
    """Serve till the process is ended."""
    port, first, between = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await _app(scope, receive, send, first, between)

    uvicorn.run(app, port=port, log_level="warning", lifespan="off", backlog=2048)


if __name__ == "__main__":
    main()
