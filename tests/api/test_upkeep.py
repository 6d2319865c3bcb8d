import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.console import FAILED
from rag import Pipeline, load_settings

HERON = "The heron stands in the reeds at dawn. It waits for a fish."


def pincite(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(autouse=True)
def heron(data_dir: Path, tmp_path: Path) -> Path:
    """A file that is ingested into the folder of the command line."""
    assert not data_dir.exists()
    path = tmp_path / "heron.txt"
    path.write_text(HERON)
    assert pincite("ingest", path).exit_code == 0
    return path


def _lose_vectors() -> None:
    pipeline = Pipeline(load_settings())
    for tenant, collection, embedder in pipeline._vectors.indexes():
        pipeline._vectors.drop(tenant, collection, embedder)
    pipeline.close()


def test_the_doctor_finds_nothing_in_a_store_that_was_used() -> None:
    result = pincite("doctor")
    assert (result.exit_code, result.stdout) == (0, "Nothing is wrong.\n")
    assert json.loads(pincite("doctor", "--json").stdout) == {"findings": []}


def test_the_doctor_says_how_to_mend_what_is_lost_and_that_mends_it() -> None:
    _lose_vectors()
    result = pincite("doctor")
    assert result.exit_code == FAILED
    assert result.stdout.startswith("missing_vectors: 1 chunks have no vector")
    assert "pincite reindex" in result.stdout
    as_json = pincite("doctor", "--json")
    assert as_json.exit_code == FAILED
    (finding,) = json.loads(as_json.stdout)["findings"]
    assert set(finding) == {"kind", "detail", "remedy"}
    assert pincite("reindex").stdout == "1 chunks have new vectors.\n"
    assert pincite("doctor").exit_code == 0
    answer = json.loads(pincite("ask", "Where does the heron stand at dawn?", "--json").stdout)
    assert set(answer["passages"][0]["ranks_by"]) == {"dense", "lexical"}


def test_the_doctor_names_a_process_that_was_killed(data_dir: Path) -> None:
    program = (
        "import os, signal; from rag import Pipeline, load_settings; Pipeline(load_settings()); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as killed:  # noqa: S603
        assert killed.wait(60) == -signal.SIGKILL
    result = pincite("doctor")
    assert result.exit_code == FAILED
    assert result.stdout.startswith(
        f"stale_lock: Process {killed.pid} ended without closing {data_dir}."
    )
    assert pincite("doctor").exit_code == 0


@pytest.mark.parametrize("command", ["doctor", "reindex"])
def test_a_folder_that_is_in_use_is_an_error_in_one_line(command: str) -> None:
    pipeline = Pipeline(load_settings())
    try:
        result = pincite(command)
    finally:
        pipeline.close()
    assert result.exit_code == FAILED
    assert result.stderr.startswith("pincite: Another Pincite")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["doctor", "reindex", "ask x", "serve"])
def test_a_database_that_is_not_there_is_an_error_without_its_password(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/x")
    result = pincite(*command.split())
    assert result.exit_code == FAILED
    assert result.stderr.startswith("pincite: postgresql at 127.0.0.1, x can not be opened")
    assert "s3cret" not in result.output
