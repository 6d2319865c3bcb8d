"""Answers as they were given, and which request with an idempotency key each came from."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table of answers."""
    op.create_table(
        "answers",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.String),
        sa.Column("request_sha256", sa.String),
        sa.UniqueConstraint("tenant", "idempotency_key"),
    )
    op.create_index("answers_by_time", "answers", ["tenant", "created_at"])
