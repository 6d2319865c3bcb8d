"""Prompts: Markdown files with `$names` to fill in, each version known by its hash."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file. `hash` is of its text before anything is filled in."""

    text: str
    hash: str

    def fill(self, **values: str) -> str:
        """The prompt with every `$name` filled in; raises KeyError for a name without a value."""
        return Template(self.text).substitute(values)


@cache
def prompt(name: str) -> Prompt:
    """The prompt of the file `name.md` beside this module."""
    text = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8").strip()
    return Prompt(text, hashlib.sha256(text.encode()).hexdigest()[:16])
