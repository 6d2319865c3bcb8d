"""Chunks are found by their neighbours' words too, and embedded without their headings."""

from alembic import op

revision = "0007"
down_revision = "0006"

_TOKENIZER = "tokenize = 'porter unicode61 remove_diacritics 2'"


def upgrade() -> None:
    """Index all chunks with what stands around them; they wait to be embedded again.

    Only SQLite files of Pincite 0.1 hold any: it knew no Postgres.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE chunks_text ADD COLUMN around text NOT NULL")
        return
    op.execute("ALTER TABLE chunks_text RENAME TO chunks_text_before")
    op.execute(f"CREATE VIRTUAL TABLE chunks_text USING fts5(heading, body, around, {_TOKENIZER})")
    op.execute(
        "INSERT INTO chunks_text (rowid, heading, body, around) "
        "SELECT old.rowid, old.heading, old.body, coalesce(("
        "  SELECT group_concat(near.body, char(10)) FROM chunks AS beside "
        "  JOIN chunks_text_before AS near ON near.rowid = beside.id "
        "  WHERE beside.document_id = chunks.document_id AND beside.version = chunks.version "
        "  AND beside.ordinal IN (chunks.ordinal - 1, chunks.ordinal + 1)), '') "
        "FROM chunks_text_before AS old JOIN chunks ON chunks.id = old.rowid"
    )
    op.execute("DROP TABLE chunks_text_before")
    op.execute("UPDATE chunks SET embedded = 0, text_hash = NULL")
