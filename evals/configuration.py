"""What a run was made with: settings without secrets, versions, prompts, cases, documents."""

import hashlib
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import SecretStr

import corpus
import evals
import rag
from evals.cases import Case
from rag import Pipeline, Settings, prompts

_PACKAGES = ("chromadb", "langchain-core", "numpy", "onnxruntime", "openai", "tokenizers")
_OF_THE_MACHINE = {  # they change no answer
    *("data_dir", "digest_dir", "host", "log_level", "port", "summaries_at_once", "threads"),
    "webhook_allow_private",
}
_USER = re.compile(r"(?<=://)[^/@]*@")


def configuration(
    settings: Settings, cases: Sequence[Case], *, collection: str, documents: str | None, seed: int
) -> dict[str, Any]:
    """All that an answer may depend on, as JSON; `documents` is the hash of the collection."""
    return {
        "format": 1,
        "versions": versions(),
        "code": code_hash(),
        "settings": shown_settings(settings),
        "prompts": prompt_hashes(),
        "collection": None if documents is None else collection,
        "documents": documents,
        "cases": len(cases),
        "cases_sha256": _hash("\n".join(f"{one.id} {one.sha256}" for one in cases)),
        "seed": seed,
    }


def versions() -> dict[str, str | None]:
    """Version of Pincite, of the packages that answers depend on, and of Python."""
    found = {name: _version(name) for name in ("pincite", *_PACKAGES)}
    return found | {"python": platform.python_version()}


def code_hash() -> str:
    """Hash of the code that answers and scores, in which versions differ that have one number."""
    folders = (Path(next(iter(one.__path__))) for one in (corpus, rag, evals))
    return hash_of(path for folder in folders for path in folder.rglob("*.py"))


def hash_of(files: Iterable[Path]) -> str:
    """Hash of files, by their names and contents."""
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(path.name.encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def shown_settings(settings: Settings) -> dict[str, Any]:
    """The settings that may change an answer; of a secret only whether there is one."""
    shown: dict[str, Any] = {}
    for name, value in settings.model_dump(mode="json", exclude=_OF_THE_MACHINE).items():
        if isinstance(getattr(settings, name), SecretStr):
            shown[name] = "(set)"
        else:
            shown[name] = _USER.sub("", value) if isinstance(value, str) else value
    return shown


def prompt_hashes() -> dict[str, str]:
    """Hash of each prompt of Pincite, by its name."""
    folder = Path(prompts.__file__).parent
    return {path.stem: prompts.prompt(path.stem).hash for path in sorted(folder.glob("*.md"))}


async def documents_hash(pipeline: Pipeline, collection: str) -> str:
    """Hash of what a collection holds: its documents, their versions and contents."""
    held = [
        f"{one.id} {one.version} {one.content_hash}"
        async for one in pipeline.all_documents(collection)
    ]
    return _hash("\n".join(sorted(held)))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
