"""What the README says is so."""

import re
import subprocess
import sys
from pathlib import Path

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
