"""The shape of the house: which way imports point, what is imported where, and how long a file is.

Each rule is a function of a module's path and source that gives what is wrong with it.
"""

import ast
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "corpus", "evals", "rag")

# Package -> packages of ours that it may import.
ARROWS = {
    "api": {"api", "rag", "corpus"},
    "corpus": {"corpus"},
    "evals": {"evals", "rag", "corpus"},
    "rag": {"rag", "corpus"},
}

# Import -> the folders and files that may have it.
ROOMS = {
    "alembic": ("corpus/database.py", "corpus/migrations/"),
    "chromadb": ("corpus/vectors.py",),
    "dbos": (
        "api/queues.py",
        "api/runs.py",
        "api/ticks.py",
        "api/workers.py",
        "api/workflows.py",
    ),
    "dotenv": ("rag/settings.py",),
    "fastapi": ("api/",),
    "pydantic_settings": ("rag/settings.py",),
    "sqlalchemy": ("corpus/",),
    "starlette": ("api/",),
    "torch": ("corpus/models/build_minilm.py", "evals/plain_langchain.py", "evals/speed.py"),
}

READS_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
MAX_LINES = 300
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers"}

Rule = Callable[[str, str], Iterator[str]]


def imported(source: str) -> Iterator[str]:
    """Dotted names of all that is imported, `from a.b import c` as `a.b.c`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def points_the_wrong_way(path: str, source: str) -> Iterator[str]:
    """An import against the arrows, of the tests, or relative, which hides where it points."""
    allowed = ARROWS[PurePosixPath(path).parts[0]]
    for name in imported(source):
        package = name.split(".")[0]
        if package in {*PACKAGES, "tests", ""} - allowed:
            yield f"imports {name}"


def is_imported_elsewhere(path: str, source: str) -> Iterator[str]:
    """An import outside the one room that it has."""
    for name in imported(source):
        rooms = ROOMS.get(name.split(".")[0], (path,))
        if not path.startswith(rooms):
            yield f"imports {name}"


def reads_the_environment(path: str, source: str) -> Iterator[str]:
    """A use of os.environ or os.getenv outside the settings."""
    if path == "rag/settings.py":
        return
    for name in imported(source):
        if name.startswith("os.") and name.removeprefix("os.") in READS_ENVIRONMENT:
            yield f"imports {name}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in READS_ENVIRONMENT:
            yield f"uses {ast.unparse(node)}, line {node.lineno}"


def is_too_long(path: str, source: str) -> Iterator[str]:
    """More lines than a reader keeps in mind."""
    lines = len(source.splitlines())
    if lines > MAX_LINES:
        yield f"{path} has {lines} lines, over {MAX_LINES}"


def has_an_empty_name(path: str, source: str) -> Iterator[str]:  # noqa: ARG001 - a rule's signature
    """A name that does not say what is in the module or folder."""
    for part in PurePosixPath(path).with_suffix("").parts:
        if part.strip("_") in EMPTY_NAMES:
            yield f"is named {part}"


def has_no_docstring(path: str, source: str) -> Iterator[str]:
    """No word on what the module is for."""
    if ast.get_docstring(ast.parse(source)) is None:
        yield f"{path} has no docstring"


RULES: tuple[Rule, ...] = (
    points_the_wrong_way,
    is_imported_elsewhere,
    reads_the_environment,
    is_too_long,
    has_an_empty_name,
    has_no_docstring,
)


def modules() -> dict[str, str]:
    """Path from the repository's root -> source, of every module of the packages."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@pytest.mark.parametrize("rule", RULES)
def test_no_module_breaks_the_rule(rule: Rule) -> None:
    found = [
        f"{path}: {problem}" for path, source in modules().items() for problem in rule(path, source)
    ]
    assert found == []


def test_every_package_has_modules_to_check() -> None:
    assert {path.split("/")[0] for path in modules()} == set(PACKAGES)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (points_the_wrong_way, "corpus/chunk.py", "from rag.types import Answer"),
        (points_the_wrong_way, "corpus/chunk.py", "def late():\n    import api.app"),
        (points_the_wrong_way, "rag/answer.py", "import api"),
        (points_the_wrong_way, "rag/answer.py", "from evals import metrics"),
        (points_the_wrong_way, "api/app.py", "import evals.run"),
        (points_the_wrong_way, "evals/run.py", "from api.app import create_app"),
        (points_the_wrong_way, "evals/run.py", "from tests.conftest import library"),
        (points_the_wrong_way, "rag/answer.py", "from .types import Answer"),
        (points_the_wrong_way, "rag/answer.py", "from . import types"),
        (is_imported_elsewhere, "corpus/library.py", "import chromadb"),
        (is_imported_elsewhere, "rag/retrieve.py", "from chromadb.config import Settings"),
        (is_imported_elsewhere, "rag/pipeline.py", "from fastapi import HTTPException"),
        (is_imported_elsewhere, "evals/run.py", "import starlette.testclient"),
        (is_imported_elsewhere, "corpus/embed.py", "import torch"),
        (is_imported_elsewhere, "api/app.py", "from dbos import DBOS"),
        (is_imported_elsewhere, "rag/retrieve.py", "from sqlalchemy import select"),
        (is_imported_elsewhere, "api/app.py", "from pydantic_settings import BaseSettings"),
        (is_imported_elsewhere, "api/app.py", "import dotenv"),
        (reads_the_environment, "corpus/vectors.py", "import os\nos.environ['HOME']"),
        (reads_the_environment, "corpus/vectors.py", "import os as o\no.getenv('HOME')"),
        (reads_the_environment, "api/app.py", "from os import environ"),
        (is_too_long, "rag/answer.py", "x = 1\n" * (MAX_LINES + 1)),
        (has_an_empty_name, "rag/utils.py", ""),
        (has_an_empty_name, "api/_helpers.py", ""),
        (has_an_empty_name, "corpus/common/text.py", ""),
        (has_an_empty_name, "corpus/manager.py", ""),
        (has_no_docstring, "rag/answer.py", "import re"),
    ],
)
def test_the_rule_finds_a_module_that_breaks_it(rule: Rule, path: str, source: str) -> None:
    assert list(rule(path, source))


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (
            points_the_wrong_way,
            "api/app.py",
            "import re\nimport rag\nfrom corpus.types import Span",
        ),
        (points_the_wrong_way, "evals/speed.py", "from corpus.embed import MiniLM"),
        (is_imported_elsewhere, "corpus/vectors.py", "from chromadb.config import Settings"),
        (is_imported_elsewhere, "corpus/models/build_minilm.py", "import torch"),
        (reads_the_environment, "rag/settings.py", "import os\nos.environ['HOME']"),
        (reads_the_environment, "corpus/vectors.py", "import os\nos.getpid()"),
        (is_too_long, "rag/answer.py", "x = 1\n" * MAX_LINES),
        (has_an_empty_name, "api/webhooks.py", ""),
        (has_no_docstring, "rag/answer.py", '"""Answers."""'),
    ],
)
def test_the_rule_lets_pass_what_keeps_it(rule: Rule, path: str, source: str) -> None:
    assert not list(rule(path, source))


def test_the_public_surface_of_rag_is_sorted_and_can_be_imported() -> None:
    rag = importlib.import_module("rag")
    assert rag.__all__ == sorted(rag.__all__)
    assert [name for name in rag.__all__ if not hasattr(rag, name)] == []


def test_the_public_surface_of_rag_is_complete() -> None:
    rag = importlib.import_module("rag")
    source = (ROOT / "rag/__init__.py").read_text(encoding="utf-8")
    names = {name.rpartition(".")[2] for name in imported(source)}
    assert {name for name in names if not name.startswith("_")} == set(rag.__all__) - {
        "__version__"
    }
