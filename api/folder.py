"""Digests as files in a folder: Markdown and HTML, under names that sort by time."""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from corpus.errors import InvalidRequest
from rag.layout import Section
from rag.render import html_of, markdown_of
from rag.types import Answer, Summary

_LONGEST = 60  # characters of a slug
_READABLE = 0o644  # as files are by default; temporary ones are their owner's alone


def write_digest(
    folder: Path,
    tenant: str,
    digest_id: str,
    made: Summary | Answer | None,
    *,
    title: str,
    at: datetime,
    notes: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> tuple[Path, Path]:
    """Write a digest as Markdown and as HTML, in the tenant's own part of a folder.

    Each file is there as a whole or not at all. The same id and time make the same two names, so
    that writing a digest again changes nothing. Raises InvalidRequest where the folder
    can not be written to, or where a link leads out of it.
    """
    moment = at.astimezone(UTC)
    stem = f"{moment:%Y%m%dT%H%M%SZ}-{_slug(title)}-{_slug(digest_id)}"
    texts = {
        ".md": markdown_of(made, title=title, at=at, notes=notes, sections=sections),
        ".html": html_of(made, title=title, at=at, notes=notes, sections=sections),
    }
    try:
        inside = _inside(folder, _folder_name(tenant))
        markdown, html = (
            _write(inside / f"{stem}{ending}", text) for ending, text in texts.items()
        )
    except OSError as error:
        raise InvalidRequest(
            f"The digest can not be written to {folder}: {error.strerror or error}. "
            "Check PINCITE_DIGEST_DIR, that it is a folder, and that there is room."
        ) from error
    return markdown, html


def _inside(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    inside = folder / name
    inside.mkdir(exist_ok=True)
    if inside.resolve() != folder.resolve() / name:
        raise InvalidRequest(f"{inside} is a link to elsewhere. Remove it: digests stay in there.")
    return inside


def _write(path: Path, text: str) -> Path:
    """Write a whole file beside where it belongs, and then put it there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".digest-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_READABLE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _slug(text: str) -> str:
    """A text as a part of a file's name: letters, digits, "_" and "-", at least one."""
    kept = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", text).lower())
    shortened = kept.encode()[:_LONGEST].decode(errors="ignore")  # names are limited in bytes
    return shortened.strip("-_") or "digest"


def _folder_name(tenant: str) -> str:
    """A tenant's own folder, told from those whose names differ in what a slug leaves out."""
    slug = _slug(tenant)
    digest = hashlib.sha256(tenant.encode("utf-8", "backslashreplace")).hexdigest()
    return slug if slug == tenant else f"{slug}-{digest[:12]}"
