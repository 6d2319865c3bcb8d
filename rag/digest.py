"""What changed since the last run of a schedule."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from pydantic import TypeAdapter

from corpus.errors import NotFound
from corpus.library import Library
from corpus.snapshots import Edition, Snapshot, deleted_at
from corpus.types import DocumentVersion, Span
from rag.citations import citation_id
from rag.layout import Item, Quotes, Section, date_of
from rag.material import read_source, text_of
from rag.novelty import taken_out

_SHOWN = 3  # sentences or rows of a document that are quoted as new, and as taken out


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence or table row, as it stands at `span` in a version of a document.

    `id` is the citation's, by which it can be looked up as any other.
    """

    id: str
    version: int
    span: Span
    quote: str


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that was not there, or not selected, at the last run."""

    document_id: str
    title: str
    version: int
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedDocument:
    """A document whose searched version is another than at the last run.

    `new_sentences` counts the sentences and table rows that the version before does not have, and
    `removed_sentences` those that only that one has; both are None when its text is gone, and then
    the whole of the new version counts as new. `added` and `removed` quote the first of each.
    """

    document_id: str
    title: str
    version: int
    version_before: int
    new_sentences: int | None
    uri: str | None = None
    removed_sentences: int | None = None
    added: tuple[Excerpt, ...] = ()
    removed: tuple[Excerpt, ...] = ()


@dataclass(frozen=True, slots=True)
class GoneDocument:
    """A document that is gone since the last run.

    `deleted_at` is None when it was not deleted but is not selected any more. Title, version and
    address are those of the last run.
    """

    document_id: str
    title: str
    version: int
    deleted_at: str | None
    uri: str | None = None


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
    gone = before.keys() - now.keys()
    deleted = deleted_at(library, tenant, gone) if gone else {}
    return Changes(
        new=tuple(
            NewDocument(name, one.title, one.version, one.uri)
            for name, one in now.items()
            if name not in before
        ),
        changed=tuple(
            _changed(library, tenant, name, before[name], one)
            for name, one in now.items()
            if name in before and before[name].version != one.version
        ),
        gone=tuple(
            GoneDocument(name, one.title, one.version, deleted.get(name), one.uri)
            for name, one in before.items()
            if name not in now
        ),
    )


def _changed(
    library: Library, tenant: str, name: str, before: Edition, now: Edition
) -> ChangedDocument:
    changed = ChangedDocument(name, now.title, now.version, before.version, None, now.uri)
    old_text = text_of(library, tenant, (name, before.version))
    if old_text is None:
        return changed
    try:
        source = read_source(library, tenant, (name, now.version), before.version)
    except NotFound:  # changed again or deleted just now, which is seen when it is summarized
        return changed
    new = [one for at, one in enumerate(source.evidence) if at not in source.aside]
    removed = taken_out(old_text, source.document.text)
    return replace(
        changed,
        new_sentences=len(source.evidence),
        removed_sentences=len(removed),
        added=tuple(
            _excerpt(name, now.version, one.spans[0], source.document.text) for one in new[:_SHOWN]
        ),
        removed=tuple(_excerpt(name, before.version, one, old_text) for one in removed[:_SHOWN]),
    )


def _excerpt(document_id: str, version: int, span: Span, text: str) -> Excerpt:
    return Excerpt(citation_id(document_id, version, span), version, span, span.of(text))


def counts_of(changes: Changes) -> str:
    """How many documents changed, as in "Documents: 2 new, 1 changed, 1 deleted."."""
    deleted = sum(one.deleted_at is not None for one in changes.gone)
    numbers = {
        "new": len(changes.new),
        "changed": len(changes.changed),
        "deleted": deleted,
        "not selected any more": len(changes.gone) - deleted,
    }
    said = [f"{count:,} {what}" for what, count in numbers.items() if count]
    return f"Documents: {', '.join(said) or 'none changed'}."


def notes_on(changes: Changes) -> list[str]:
    """The changes in plain lines, each with the document that it is of."""
    lines = [f"New: {one.title} (version {one.version})." for one in changes.new]
    for changed in changes.changed:
        versions = f"version {changed.version_before} to {changed.version}"
        lines.append(f"Changed: {changed.title} ({versions}): {what_changed(changed)}.")
    for gone in changes.gone:
        what = "Not selected any more" if gone.deleted_at is None else "Deleted"
        lines.append(f"{what}: {gone.title} (version {gone.version}).")
    return lines


def what_changed(changed: ChangedDocument) -> str:
    """What became of a document's sentences and table rows, in a few words."""
    if changed.new_sentences is None:
        return f"the text of version {changed.version_before} is gone, so all counts as new"
    counts = (("new", changed.new_sentences), ("taken out", changed.removed_sentences))
    said = [f"{count:,} {what}" for what, count in counts if count]
    if not said:
        return "no sentence of it is new or gone"
    return f"sentences and table rows: {', '.join(said)}"


def sections_of(changes: Changes, zone: tzinfo) -> list[Section]:
    """The changes as a file shows them: changed, new and gone documents, with times in a zone."""
    changed = [
        Item(
            one.title,
            f"version {one.version_before} to {one.version}; {what_changed(one)}",
            one.uri,
            (one.document_id, one.version),
            (*_quotes("New in", one.added), *_quotes("Only in", one.removed)),
        )
        for one in changes.changed
    ]
    new = [
        Item(one.title, f"version {one.version}", one.uri, (one.document_id, one.version))
        for one in changes.new
    ]
    deleted = [
        Item(one.title, f"version {one.version}, deleted on {_day(one.deleted_at, zone)}", one.uri)
        for one in changes.gone
        if one.deleted_at is not None
    ]
    left = [
        Item(one.title, f"version {one.version}", one.uri)
        for one in changes.gone
        if one.deleted_at is None
    ]
    named = {"Changed": changed, "New": new, "Deleted": deleted, "Not selected any more": left}
    return [
        Section(f"{name} ({len(items):,})", tuple(items)) for name, items in named.items() if items
    ]


def _quotes(label: str, excerpts: tuple[Excerpt, ...]) -> Iterator[Quotes]:
    if excerpts:
        yield Quotes(f"{label} version {excerpts[0].version}", tuple(one.quote for one in excerpts))


def _day(iso: str, zone: tzinfo) -> str:
    return date_of(datetime.fromisoformat(iso).astimezone(zone))
