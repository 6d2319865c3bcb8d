"""The tables of the library, as the migrations leave them, and which of their rows count."""

import json
from collections.abc import Collection

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    any_,
    cast,
    func,
    select,
    text,
)

metadata = MetaData()

# One row a document. `version` is what searches see, 0 until the first one is embedded; `latest`
# is the newest that was accepted. A deleted document keeps its row, without its text.
documents = Table(
    "documents",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("external_id", String),
    Column("version", Integer, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("deleted_at", String),
    Index("documents_by_content", "content_hash", "tenant", "collection"),
)

versions = Table(
    "versions",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("uri", String),
    Column("title", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("pages", JSON, nullable=False),
    Column("file_sha256", String),  # none for what Pincite 0.1 read
    Column("file_name", String),
    Column("purged_at", String),  # since when nothing of it is left but that it was
    Index("versions_by_file", "file_sha256"),
)

files = Table(
    "files",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("heading_path", JSON, nullable=False),
    Column("units", JSON, nullable=False),
    Column("embedded", Boolean, nullable=False),
    Column("text_hash", String),  # of the text that is embedded; none for what Pincite 0.1 read
    Index("chunks_by_text", "document_id", "text_hash"),
    Index("chunks_by_document", "document_id", "version", "ordinal"),
    Index(
        "chunks_to_embed",
        "id",
        sqlite_where=text("embedded = 0"),
        postgresql_where=text("NOT embedded"),
    ),
    sqlite_autoincrement=True,  # an id is never used twice, so an old vector can not answer for it
)

# Vectors that are to be removed from the index, until they are.
stale_vectors = Table(
    "stale_vectors",
    metadata,
    Column("chunk_id", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String, nullable=False),
    Column("collection", String, nullable=False),
)

# A collection is searched by the vectors of `embedder`, or by words only in a process that has
# another. The row is also what a transaction holds to be the only one that adds documents there.
collections = Table(
    "collections",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("embedder", String, nullable=False),  # "" while all is made anew
)

# Indexes that are to be removed, until they are.
stale_indexes = Table(
    "stale_indexes",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("collection", String, primary_key=True),
    Column("embedder", String, primary_key=True),
)

# Answers as they were given; `content` is their JSON. A request that has an idempotency key is told
# from others with the same key by its hash.
answers = Table(
    "answers",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("idempotency_key", String),
    Column("request_sha256", String),
    UniqueConstraint("tenant", "idempotency_key"),
    Index("answers_by_time", "tenant", "created_at"),
)

# Where events are sent. The secret signs them, so it is kept as it is.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("url", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("disabled_at", String),
    Column("disabled_because", String),
)

# Events on their way to a webhook, and how each attempt went. `claimed_until` is till when nobody
# but the process that set it makes an attempt.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("webhook_id", String, nullable=False),
    Column("url", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("next_attempt_at", String),
    Column("claimed_until", String),
    UniqueConstraint("tenant", "event_id"),
    Index("deliveries_by_webhook", "webhook_id", "seq"),
    Index(
        "deliveries_to_make",
        "next_attempt_at",
        sqlite_where=text("status = 'pending'"),
        postgresql_where=text("status = 'pending'"),
    ),
)

# Summaries as they were made; `content` is their JSON.
summaries = Table(
    "summaries",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("content", Text, nullable=False),
    Index("summaries_by_time", "tenant", "created_at"),
)

# What a model has replied to a job that is under way, so that it is not asked, and paid, twice.
replies = Table(
    "replies",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("job_id", String, primary_key=True),
    Column("prompt_sha256", String, primary_key=True),
    Column("created_at", String, nullable=False),
    Column("content", Text, nullable=False),
)

# `plan` is the JSON of what is summarized and how. `next_run_at` is none while the schedule is
# paused or has no time left. `seen` is the JSON of the document versions that the last run spoke
# of, which was the one of `seen_run`; a run that fails leaves it as it is.
schedules = Table(
    "schedules",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("name", String, nullable=False),
    Column("cron", String, nullable=False),
    Column("timezone", String, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("plan", Text, nullable=False),
    Column("next_run_at", String),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("seen", Text, nullable=False),
    Column("seen_run", Integer, nullable=False),
    UniqueConstraint("tenant", "name"),
    Index("schedules_by_next_run", "tenant", "next_run_at"),
)

# `tick` is the time for which a run was made, of which there is one run only; none of a run that
# somebody triggered. `seen` is what the run is about to have spoken of, until it has.
schedule_runs = Table(
    "schedule_runs",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("schedule_id", String, nullable=False),
    Column("tick", String),
    Column("missed_since", String),
    Column("status", String, nullable=False),
    Column("reason", Text),
    Column("job_id", String),
    Column("summary_id", String),
    Column("changes", Text),
    Column("seen", Text),
    Column("created_at", String, nullable=False),
    Column("finished_at", String),
    UniqueConstraint("schedule_id", "tick"),
    Index("schedule_runs_by_status", "tenant", "status"),
)

# Processes that work on the jobs of one database, and when each last said that it lives.
workers = Table(
    "workers",
    metadata,
    Column("id", String, primary_key=True),
    Column("seen_at", String, nullable=False),
)

# `embedder` is whose vectors the chunks have, or wait for.
properties = Table(
    "properties",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)


def alive_in(tenant: str) -> ColumnElement[bool]:
    """Holds for documents of a tenant that were not deleted."""
    return and_(documents.c.tenant == tenant, documents.c.deleted_at.is_(None))


def current() -> ColumnElement[bool]:
    """Holds for chunks, joined with their documents, of the version that is searched."""
    return chunks.c.version == documents.c.version


def current_in(tenant: str) -> ColumnElement[bool]:
    """Holds for chunks, joined with their documents, that a tenant's searches see."""
    return and_(alive_in(tenant), current())


def among(
    connection: Connection, column: ColumnElement[str], values: Collection[str]
) -> ColumnElement[bool]:
    """Holds for values of a column that are among these, in one parameter however many they are."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(cast(list(values), ARRAY(String)))
