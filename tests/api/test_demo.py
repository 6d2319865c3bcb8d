import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.demo import QUESTIONS, TO_SUMMARIZE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shown(data_dir: Path) -> tuple[Result, Result]:
    """What two runs print, one after the other."""
    assert not data_dir.exists()
    first = CliRunner().invoke(app, ["demo"])
    return first, CliRunner().invoke(app, ["demo"])


def test_the_demo_answers_from_the_samples_and_finds_them_unchanged_later(
    shown: tuple[Result, Result], data_dir: Path
) -> None:
    first, second = shown
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    count = len(list((ROOT / "corpus" / "samples").iterdir()))
    assert first.stdout.startswith(f"{count} sample documents: {count} created")
    assert second.stdout.startswith(
        f"{count} sample documents: 0 created, 0 updated, {count} unchanged"
    )
    assert first.stdout.splitlines()[1:] == second.stdout.splitlines()[1:]
    assert "46.3" in first.stdout
    assert TO_SUMMARIZE in first.stdout
    assert first.stdout.splitlines()[-1].startswith(f"  PINCITE_DATA_DIR={data_dir / 'demo'} ")
    assert first.stdout.endswith(" serve\n")
    assert all(len(line) <= 80 for line in first.stdout.splitlines()[:-1])


def test_the_demo_asks_one_question_of_each_kind() -> None:
    lines = (ROOT / "evals" / "samples.jsonl").read_text().splitlines()
    kinds = {case["question"]: case["kind"] for case in map(json.loads, lines)}
    assert [kinds[question] for question in QUESTIONS] == ["prose", "table", "none"]


def test_the_demo_names_a_command_that_the_shell_finds(data_dir: Path) -> None:
    script = Path(sys.executable).with_name("pincite")
    home = {name: value for name, value in os.environ.items() if name != "PATH"}
    printed = subprocess.run(  # noqa: S603 - our own command, by its path as make calls it
        [script, "demo"], capture_output=True, text=True, check=True, env={**home, "PATH": ""}
    ).stdout
    assert printed.splitlines()[-1] == f"  PINCITE_DATA_DIR={data_dir / 'demo'} {script} serve"
