"""What changed since the last run of a schedule."""

from contextlib import suppress
from dataclasses import dataclass

from pydantic import TypeAdapter

from corpus.errors import NotFound
from corpus.library import Library
from corpus.snapshots import Edition, Snapshot, deleted_at
from corpus.types import DocumentVersion
from rag.material import read_source, text_of


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that was not there, or not selected, at the last run."""

    document_id: str
    title: str
    version: int


@dataclass(frozen=True, slots=True)
class ChangedDocument:
    """A document whose searched version is another than at the last run.

    `new_sentences` counts the sentences and table rows that the version before does not have; it is
    None when that one's text is gone, and then the whole of the new version counts as new.
    """

    document_id: str
    title: str
    version: int
    version_before: int
    new_sentences: int | None


@dataclass(frozen=True, slots=True)
class GoneDocument:
    """A document that is gone since the last run.

    `deleted_at` is None when it was not deleted but is not selected any more. Title and version are
    those of the last run.
    """

    document_id: str
    title: str
    version: int
    deleted_at: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of a selection of documents between two runs."""

    new: tuple[NewDocument, ...]
    changed: tuple[ChangedDocument, ...]
    gone: tuple[GoneDocument, ...]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.new or self.changed or self.gone)

    @property
    def news(self) -> tuple[DocumentVersion, ...]:
        """The versions that have something new to say, in order."""
        new = [(one.document_id, one.version) for one in self.new]
        changed = [one for one in self.changed if one.new_sentences != 0]
        return (*new, *((one.document_id, one.version) for one in changed))

    @property
    def since(self) -> tuple[DocumentVersion, ...]:
        """The versions before, of the changed documents."""
        return tuple((one.document_id, one.version_before) for one in self.changed)


_JSON = TypeAdapter(Changes)


def json_of_changes(changes: Changes) -> str:
    """The JSON from which `changes_of_json` makes equal changes."""
    return _JSON.dump_json(changes).decode()


def changes_of_json(text: str) -> Changes:
    """The changes that were written by `json_of_changes`."""
    return _JSON.validate_json(text)


def changes_between(library: Library, tenant: str, before: Snapshot, now: Snapshot) -> Changes:
    """What became of the documents of one snapshot in a later one."""
    gone = [name for name in before if name not in now]
    deleted = deleted_at(library, tenant, gone) if gone else {}
    return Changes(
        new=tuple(
            NewDocument(name, one.title, one.version)
            for name, one in now.items()
            if name not in before
        ),
        changed=tuple(
            _changed(library, tenant, name, before[name], one)
            for name, one in now.items()
            if name in before and before[name].version != one.version
        ),
        gone=tuple(
            GoneDocument(name, before[name].title, before[name].version, deleted.get(name))
            for name in gone
        ),
    )


def _changed(
    library: Library, tenant: str, name: str, before: Edition, now: Edition
) -> ChangedDocument:
    count = None
    if text_of(library, tenant, (name, before.version)) is not None:
        # One that has just been changed again, or deleted, is seen to be when it is summarized.
        with suppress(NotFound):
            source = read_source(library, tenant, (name, now.version), before.version)
            count = len(source.evidence)
    return ChangedDocument(name, now.title, now.version, before.version, count)


def notes_on(changes: Changes) -> list[str]:
    """The changes in plain lines, each with the documents that it is of."""
    lines = [f"New: {one.title} (version {one.version})." for one in changes.new]
    for changed in changes.changed:
        said = f"{changed.new_sentences} sentences or table rows are new"
        if changed.new_sentences is None:
            said = f"the text of version {changed.version_before} is gone, so all counts as new"
        elif not changed.new_sentences:
            said = "nothing is new in its text, but something was taken out or moved"
        versions = f"version {changed.version_before} to {changed.version}"
        lines.append(f"Changed: {changed.title} ({versions}): {said}.")
    for gone in changes.gone:
        how = "not selected any more" if gone.deleted_at is None else f"deleted {gone.deleted_at}"
        lines.append(f"Gone: {gone.title} (version {gone.version}), {how}.")
    return lines
