"""No read and no write of a tenant reaches what is another's."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text as sql

import corpus
from corpus import (
    aging,
    answers,
    changes,
    deliveries,
    embedders,
    schedule_runs,
    schedules,
    schema,
    search,
    searchable,
    selection,
    snapshots,
    summaries,
    webhooks,
)
from corpus.chunk import chunk
from corpus.errors import NotFound
from corpus.ingest import Upload, add, index
from corpus.library import Draft, Library
from corpus.parse import parse_text
from corpus.schedule_runs import RunDraft, RunStatus
from corpus.schedules import ScheduleDraft
from corpus.types import DeliveryStatus, Outcome
from corpus.vectors import VectorIndex

Count = Callable[[str], int]

# Of the house's own, for all tenants: no request gets there.
OF_ALL_TENANTS = {
    "Library": {"close"},
    "VectorIndex": {"close", "indexes"},
    "deliveries": {"due"},
    # Of a snapshot that was read, and of a connection whose rows have been found.
    "schedule_runs": {"insert_run"},
    "snapshots": {"json_of_snapshot", "snapshot_of_json"},
    "embedders": {"take_over", "start_over", "change_over", "drop_stale_indexes", "require_turn"},
}
ATTEMPT = deliveries.Attempt("2026-01-01T00:00:00.000Z", 500, "It answered 500.", 0.1)
VECTOR = np.ones(4, np.float32)


def _embed(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.ones((len(texts), 4), np.float32)


class Two:
    """A store in which tenant "a" has a document, and "b" one of the same name and content."""

    def __init__(self, library: Library, vectors: VectorIndex, count_tokens: Count) -> None:
        self.library, self.vectors = library, vectors
        for tenant in ("a", "b"):
            for text in ("Herring is cheap.", "Plaice is dear."):
                upload = Upload(text, "text/plain", "a.txt", "news", external_id="x")
                add(library, tenant, upload, count_tokens=count_tokens)
                index(library, vectors, _embed)
        add(library, "a", Upload("Cod.", "text/plain", "b", "archive"), count_tokens=count_tokens)
        index(library, vectors, _embed)
        answers.keep(library, "a", "ans_a", "{}", answers.Claim("key", "0"))
        summaries.keep(library, "a", "sum_a", "{}")
        summaries.note_reply(library, "a", "job_a", "0", "reply")
        self.webhook = webhooks.add(library, "a", "https://a.example/", "whsec_a").id
        for name in ("evt_a", "evt_over"):
            deliveries.add(library, "a", self.webhook, name, "{}")
        deliveries.record(library, "a", "evt_over", ATTEMPT, DeliveryStatus.FAILED)
        self.plan = ScheduleDraft(
            name="daily",
            cron="0 7 * * *",
            timezone="UTC",
            enabled=True,
            plan="{}",
            next_run_at="2026",
        )
        self.schedule = schedules.create(library, "a", self.plan)
        self.run = schedules.add_run(library, "a", self.schedule.id, RunDraft(None))
        schedule_runs.finish(library, "a", self.run.id, RunStatus.DONE)
        self.later = schedules.add_run(library, "a", self.schedule.id, RunDraft(None))
        schedule_runs.note_changes(library, "a", self.run.id, "{}", '{"x":[1,"x"]}')
        sole = Upload("Sole.", "text/plain", "c", "gone")
        self.deleted = add(library, "a", sole, count_tokens=count_tokens).id
        library.delete("a", self.deleted)
        index(library, vectors, _embed)
        (document,), _ = library.documents("a", "news", 9)
        self.document = document.id
        self.chunk = library.chunks("a", document.id)[0].id
        parsed = parse_text("Sole.", "text/plain")
        self.draft = Draft(
            collection="news",
            external_id="x",
            uri=None,
            title="a.txt",
            media_type="text/plain",
            metadata={},
            content_hash="0",
            text=parsed.text,
            chunks=chunk(parsed, count_tokens),
        )

    def of_a(self) -> list[Any]:
        """All that tenant "a" has, as SQL and Chroma hold it."""
        found: list[Any] = []
        with self.library.engine.connect() as connection:
            for query in (
                "SELECT * FROM documents WHERE tenant = 'a' ORDER BY id",
                "SELECT * FROM versions WHERE document_id = :id ORDER BY version",
                "SELECT * FROM chunks WHERE document_id = :id ORDER BY id",
                "SELECT * FROM files WHERE tenant = 'a' ORDER BY sha256",
                "SELECT * FROM collections WHERE tenant = 'a'",
                "SELECT * FROM answers WHERE tenant = 'a'",
                "SELECT * FROM webhooks WHERE tenant = 'a'",
                "SELECT * FROM deliveries WHERE tenant = 'a' ORDER BY event_id",
                "SELECT * FROM schedules WHERE tenant = 'a'",
                "SELECT * FROM schedule_runs WHERE tenant = 'a' ORDER BY seq",
                "SELECT * FROM summaries WHERE tenant = 'a'",
                "SELECT * FROM replies WHERE tenant = 'a'",
                "SELECT * FROM stale_vectors WHERE tenant = 'a'",
                "SELECT rowid, heading, body FROM chunks_text WHERE rowid = :chunk",
            ):
                values = {"id": self.document, "chunk": self.chunk}
                values = {name: one for name, one in values.items() if f":{name}" in query}
                found.append([tuple(row) for row in connection.execute(sql(query), values)])
        return [*found, self.vectors.ids("a", "news")]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def two(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    count_tokens: Count,
) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("two")
    is_file = request.param == "sqlite"
    database = folder / "library.db" if is_file else request.getfixturevalue("postgres")()
    library, vectors = Library(database, "model-1"), VectorIndex(folder, "model-1")
    yield Two(library, vectors, count_tokens)
    library.close()
    vectors.close()


def delete_collection(two: Two, tenant: str) -> None:
    changes.delete_collection(two.library, tenant, "news")


def keep_with_the_key_of_a(two: Two) -> bool:
    answers.keep(two.library, "b", "ans_b", "{}", answers.Claim("key", "0"))
    kept = answers.kept_for(two.library, "b", "key")
    answers.forget(two.library, "b", "9999")
    return kept is not None and kept.id == "ans_b"


def hold_webhook(two: Two) -> None:
    with two.library.writer.begin() as connection:
        webhooks.hold(connection, "b", two.webhook)


def add_the_event_of_a(two: Two) -> bool:
    with pytest.raises(NotFound):
        deliveries.add(two.library, "b", two.webhook, "evt_b", "[]")
    webhook = webhooks.add(two.library, "b", "https://b.example/", "whsec_b")
    added = deliveries.add(two.library, "b", webhook.id, "evt_a", "[]")
    webhooks.remove(two.library, "b", webhook.id)
    deliveries.forget(two.library, "b", "9999")
    return (added.url, added.body) == (webhook.url, "[]")


def create_of_the_same_name(two: Two) -> bool:
    made = schedules.create(two.library, "b", two.plan)
    schedules.remove(two.library, "b", made.id)
    return made.id != two.schedule.id


def first_open_of_a(two: Two) -> bool:
    with two.library.engine.connect() as connection:
        return schedule_runs.first_open(connection, "b", two.schedule.id) is None


def keep_under_the_name_of_a(two: Two) -> None:
    summaries.keep(two.library, "b", "sum_a", "[]")
    summaries.kept(two.library, "b", "sum_a")


def note_a_reply_to_the_job_of_a(two: Two) -> bool:
    summaries.note_reply(two.library, "b", "job_a", "0", "other")
    found = summaries.reply_to(two.library, "b", "job_a", "0")
    summaries.forget_replies(two.library, "b", "job_a")
    return found == "other"


def deleted_of_a(two: Two) -> bool:
    return snapshots.deleted_at(two.library, "b", [two.deleted]) == {}


# What tenant "b" gets for what is of tenant "a", by the name of the function.
TRIED: Mapping[str, Callable[[Two], Any]] = {
    "Library.all_documents": lambda two: (
        {one.tenant for one in two.library.all_documents("b", None)} <= {"b"}
    ),
    "Library.accept": lambda two: two.library.accept("b", two.draft).id != two.document,
    "Library.chunks": lambda two: two.library.chunks("b", two.document),
    "Library.collections": lambda two: (
        "archive" not in [one.name for one in two.library.collections("b")]
    ),
    "Library.counts": lambda two: two.library.counts("b")[0] < two.library.counts("a")[0],
    "Library.current_version": lambda two: two.library.current_version("b", two.document),
    "Library.delete": lambda two: two.library.delete("b", two.document),
    "Library.document": lambda two: two.library.document("b", two.document, 1),
    "Library.documents": lambda two: (
        {one.tenant for one in two.library.documents("b", None, 9)[0]} <= {"b"}
    ),
    "Library.original": lambda two: two.library.original("b", two.document),
    "Library.was_deleted": lambda two: not two.library.was_deleted("b", two.document),
    "Library.was_purged": lambda two: not two.library.was_purged("b", two.document, 1),
    "aging.remove_older": lambda two: (
        aging.remove_older(two.library, "b", schema.answers, "9999") == 0
    ),
    "answers.forget": lambda two: answers.forget(two.library, "b", "9999") == 0,
    "answers.keep": keep_with_the_key_of_a,
    "answers.kept": lambda two: answers.kept(two.library, "b", "ans_a"),
    "answers.kept_for": lambda two: answers.kept_for(two.library, "b", "key") is None,
    "answers.kept_page": lambda two: (
        "ans_a" not in [one.id for one in answers.kept_page(two.library, "b", 9)[0]]
    ),
    "changes.change_metadata": lambda two: changes.change_metadata(
        two.library, "b", two.document, {"by": "b"}
    ),
    "changes.delete_collection": lambda two: delete_collection(two, "b"),
    "deliveries.add": add_the_event_of_a,
    "deliveries.claim": lambda two: deliveries.claim(two.library, "b", "evt_a", 9),
    "deliveries.forget": lambda two: deliveries.forget(two.library, "b", "9999") == 0,
    "deliveries.get": lambda two: deliveries.get(two.library, "b", "evt_a"),
    "deliveries.page": lambda two: (
        two.webhook not in [one.webhook_id for one in deliveries.page(two.library, "b", 9)[0]]
        and deliveries.page(two.library, "b", 9, webhook_id=two.webhook)[0] == []
    ),
    "deliveries.record": lambda two: deliveries.record(
        two.library, "b", "evt_over", ATTEMPT, DeliveryStatus.DELIVERED
    ),
    "embedders.incomplete": lambda two: embedders.incomplete(two.library, "b") == [],
    "embedders.is_complete": lambda two: embedders.is_complete(two.library, "b", "news"),
    "schedule_runs.about_to_be_seen": lambda two: schedule_runs.about_to_be_seen(
        two.library, "b", two.run.id
    ),
    "schedule_runs.finish": lambda two: (
        not schedule_runs.finish(two.library, "b", two.later.id, RunStatus.DONE)
    ),
    "schedule_runs.first_open": first_open_of_a,
    "schedule_runs.forget": lambda two: schedule_runs.forget(two.library, "b", "9999") == 0,
    "schedule_runs.last_done": lambda two: (
        schedule_runs.last_done(two.library, "b", two.later) is None
    ),
    "schedule_runs.note_changes": lambda two: schedule_runs.note_changes(
        two.library, "b", two.run.id, "[]", "{}"
    ),
    "schedule_runs.note_job": lambda two: schedule_runs.note_job(
        two.library, "b", two.later.id, "job_b"
    ),
    "schedule_runs.note_summary": lambda two: schedule_runs.note_summary(
        two.library, "b", two.run.id, "sum_b", "{}"
    ),
    "schedule_runs.note_under_way": lambda two: schedule_runs.note_under_way(
        two.library, "b", two.later.id
    ),
    "schedule_runs.open_runs": lambda two: schedule_runs.open_runs(two.library, "b") == [],
    "schedule_runs.read_run": lambda two: schedule_runs.read_run(two.library, "b", two.run.id),
    "schedule_runs.run_page": lambda two: (
        schedule_runs.run_page(two.library, "b", two.schedule.id, 9)[0] == []
    ),
    "schedules.add_run": lambda two: schedules.add_run(
        two.library, "b", two.schedule.id, RunDraft(None)
    ),
    "schedules.change": lambda two: schedules.change(
        two.library, "b", two.schedule.id, {"name": "b"}
    ),
    "schedules.claim": lambda two: schedules.claim(
        two.library, "b", two.schedule, None, RunDraft("2026")
    ),
    "schedules.create": create_of_the_same_name,
    "schedules.due_by": lambda two: schedules.due_by(two.library, "b", "9999") == [],
    "schedules.page": lambda two: schedules.page(two.library, "b", 9)[0] == [],
    "schedules.read": lambda two: schedules.read(two.library, "b", two.schedule.id),
    "schedules.remove": lambda two: schedules.remove(two.library, "b", two.schedule.id),
    "schedules.see": lambda two: schedules.see(two.library, "b", two.run),
    "schedules.seen": lambda two: schedules.seen(two.library, "b", two.schedule.id),
    "search.by_words": lambda two: (
        two.chunk not in search.by_words(two.library, "b", "news", ["plaice"], 9)
    ),
    "search.found_chunks": lambda two: (
        search.found_chunks(two.library, "b", "news", [two.chunk]) == {}
    ),
    "search.places_near": lambda two: (
        search.places_near(two.library, "b", "news", [two.chunk], 1) == []
    ),
    "searchable.searchable_versions": lambda two: (
        two.document
        not in [name for name, _ in searchable.searchable_versions(two.library, "b", None)]
    ),
    "selection.chunk_ids": lambda two: selection.chunk_ids(two.library, "b", [two.document]) == [],
    "selection.selected_documents": lambda two: (
        two.document not in selection.selected_documents(two.library, "b", "news", ())
    ),
    "summaries.forget": lambda two: summaries.forget(two.library, "b", "9999") == 0,
    "summaries.forget_replies": lambda two: summaries.forget_replies(two.library, "b", "job_a"),
    "summaries.keep": keep_under_the_name_of_a,
    "summaries.kept": lambda two: summaries.kept(two.library, "b", "sum_a"),
    "summaries.kept_page": lambda two: summaries.kept_page(two.library, "b", 9)[0] == [],
    "summaries.note_reply": note_a_reply_to_the_job_of_a,
    "summaries.reply_to": lambda two: summaries.reply_to(two.library, "b", "job_a", "0") is None,
    "webhooks.add": lambda two: webhooks.add(two.library, "b", "https://b.example/", "").id > "",
    "webhooks.disable": lambda two: webhooks.disable(two.library, "b", two.webhook, "b"),
    "webhooks.enable": lambda two: webhooks.enable(two.library, "b", two.webhook),
    "webhooks.get": lambda two: webhooks.get(two.library, "b", two.webhook),
    "webhooks.hold": hold_webhook,
    "webhooks.remove": lambda two: webhooks.remove(two.library, "b", two.webhook),
    "snapshots.deleted_at": deleted_of_a,
    "snapshots.snapshot": lambda two: (
        two.document not in snapshots.snapshot(two.library, "b", snapshots.Selection())
    ),
    "VectorIndex.copy": lambda two: two.vectors.copy("b", "news", {999: two.chunk}) == set(),
    "VectorIndex.count": lambda two: two.vectors.count("b", "archive") == 0,
    "VectorIndex.delete": lambda two: two.vectors.delete("b", "news", [two.chunk]),
    "VectorIndex.drop": lambda two: two.vectors.drop("b", "news", "model-1"),
    "VectorIndex.ids": lambda two: two.chunk not in two.vectors.ids("b", "news"),
    "VectorIndex.search": lambda two: two.chunk not in two.vectors.search("b", "news", VECTOR, 9),
    "VectorIndex.upsert": lambda two: two.vectors.upsert("b", "news", [two.chunk], VECTOR[None]),
}


def _public(room: type | ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of a class or module, by their names with its own."""
    name = room.__name__.rpartition(".")[2]
    for function, value in vars(room).items():
        is_own = inspect.isfunction(value) and value.__module__ == getattr(
            room, "__module__", room.__name__
        )
        if is_own and not function.startswith("_") and function not in OF_ALL_TENANTS.get(name, ()):
            yield f"{name}.{function}", value


PUBLIC = dict(
    one
    for room in (
        *(Library, VectorIndex, aging, answers, changes, deliveries, embedders),
        *(schedule_runs, schedules, search, searchable, selection, snapshots, summaries, webhooks),
    )
    for one in _public(room)
)


def test_every_function_of_the_storage_is_tried() -> None:
    assert set(TRIED) == set(PUBLIC)


def test_no_function_of_a_tenant_is_anywhere_else() -> None:
    modules = [
        importlib.import_module(f"corpus.{one.name}")
        for one in pkgutil.iter_modules(corpus.__path__)
        if not one.ispkg
    ]
    found = {
        name
        for module in modules
        for name, function in _public(module)
        if {"library", "tenant"} <= inspect.signature(function).parameters.keys()
    }
    assert found - set(PUBLIC) == {"ingest.add"}, "whose two documents are told apart below"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_the_storage_can_not_be_called_without_a_tenant(name: str) -> None:
    parameters = list(inspect.signature(PUBLIC[name]).parameters.values())[1:]
    assert parameters[0].name == "tenant"
    assert parameters[0].default is inspect.Parameter.empty


@pytest.mark.parametrize("name", sorted(TRIED))
def test_another_tenant_neither_sees_nor_changes_anything(two: Two, name: str) -> None:
    before = two.of_a()
    assert all(before[:12])
    with suppress(NotFound):
        assert TRIED[name](two) in (True, None)
    index(two.library, two.vectors, _embed)
    assert two.of_a() == before


def test_the_same_upload_of_two_tenants_is_two_documents(two: Two) -> None:
    theirs = two.library.accept("b", two.draft)
    assert theirs.outcome in {Outcome.CREATED, Outcome.UNCHANGED}
    assert theirs.id != two.document
    two.library.delete("b", theirs.id)
    assert two.library.original("a", two.document).data == b"Plaice is dear."
