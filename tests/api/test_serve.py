import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.api.serving import free_port


def test_serve_answers_over_http_until_it_is_stopped(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "heron.txt").write_text("The heron stands in the reeds at dawn.")
    assert CliRunner().invoke(app, ["ingest", str(tmp_path / "heron.txt")]).exit_code == 0
    port = free_port()
    environment = {
        **os.environ,
        "PINCITE_DATA_DIR": str(data_dir),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(  # noqa: S603 -- its own program
        command, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_until_ready(url, process)
            answer = httpx.post(
                f"{url}/v1/answers", json={"question": "Where does the heron stand at dawn?"}
            ).json()
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=60)
    assert answer["status"] == "answered"
    assert errors == f"Pincite is at {url}, its routes at /docs.\n"


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "pincite serve has stopped"
        try:
            httpx.get(f"{url}/readyz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("pincite serve did not become ready")
