"""What the README says is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evals.cases import read_cases
from evals.cli import main
from rag.settings import settings_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def between(start: str, end: str) -> str:
    return README.split(start)[1].split(end)[0].strip()


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def pincite_commands() -> set[str]:
    """The subcommands that `pincite --help` lists."""
    code = "import sys; from api.cli import main; sys.argv = ['pincite', '--help']; main()"
    shown = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^[\s│|]*([a-z]+)\s{2,}\S", shown.stdout, re.MULTILINE))


def test_the_settings_table_is_the_one_that_the_settings_print() -> None:
    assert between("<!-- settings -->", "<!-- /settings -->") == settings_table()


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)`|^ *(?:\$ )?make ([a-z]+)", README, re.MULTILINE))
    targets = {first or second for first, second in named}
    assert {"demo", "test"} <= targets
    assert targets <= make_targets()


def test_every_pincite_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:`|^ *(?:\$ )?|bin/)pincite ([a-z]+)", README, re.MULTILINE))
    assert {"ask", "demo", "ingest", "serve", "summarize"} <= named
    assert named <= pincite_commands()


def test_the_example_for_langchain_runs_as_it_stands(tmp_path: Path) -> None:
    lines = between("## In LangChain", "`PinciteRetriever`").splitlines()
    code = "\n".join(line[4:] for line in ("    " + lines[0], *lines[1:]))
    environment = {**os.environ, "PINCITE_DATA_DIR": str(tmp_path / "data")}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        shown = subprocess.run(  # noqa: S603 - our own code
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return shown.stdout

    run("-m", "api.cli", "ingest", "corpus/samples/ferry-budget-2026-approved.md")
    *found, answer = run("-c", code).splitlines()
    assert all(line.startswith("cit_") for line in found)
    assert len(found) == 3
    assert answer.endswith("[1]")


def test_the_cases_that_the_readme_shows_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(between("```jsonl\n", "```"), encoding="utf-8")
    assert len(read_cases(path)) == 4


def test_every_eval_command_that_the_readme_names_exists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = set(re.findall(r"pincite eval ([a-z]+)", README))
    assert {"compare", "gate", "init", "judge", "run"} <= named
    for name in named:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"pincite eval {name}" in capsys.readouterr().out


def test_the_workflow_for_github_asks_for_nothing_that_a_job_does_not_know() -> None:
    """GitHub refuses a workflow whose job names `runner` before its steps."""
    job, steps = between("```yaml\n", "```").split("    steps:\n")
    assert "runs-on: ubuntu-latest" in job
    assert "${{ runner." not in job
    assert "pincite eval gate" in steps
