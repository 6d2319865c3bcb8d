"""Webhooks, and the log of what is delivered to them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("disabled_at", sa.String),
        sa.Column("disabled_because", sa.String),
    )
    op.create_table(
        "deliveries",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("event_id", sa.String, nullable=False),
        sa.Column("webhook_id", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("attempts", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("next_attempt_at", sa.String),
        sa.Column("claimed_until", sa.String),
        sa.UniqueConstraint("tenant", "event_id"),
    )
    op.create_index("deliveries_by_webhook", "deliveries", ["webhook_id", "seq"])
    pending = sa.text("status = 'pending'")
    op.create_index(
        "deliveries_to_make",
        "deliveries",
        ["next_attempt_at"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
