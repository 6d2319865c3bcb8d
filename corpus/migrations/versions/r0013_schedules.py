"""Schedules of summaries, the history of their runs, and the processes that are at work."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "schedules",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("cron", sa.String, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("next_run_at", sa.String),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("updated_at", sa.String, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("seen_run", sa.Integer, nullable=False),
        sa.UniqueConstraint("tenant", "name"),
    )
    op.create_index("schedules_by_next_run", "schedules", ["tenant", "next_run_at"])
    op.create_table(
        "schedule_runs",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("schedule_id", sa.String, nullable=False),
        sa.Column("tick", sa.String),
        sa.Column("missed_since", sa.String),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("job_id", sa.String),
        sa.Column("summary_id", sa.String),
        sa.Column("changes", sa.Text),
        sa.Column("seen", sa.Text),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String),
        sa.UniqueConstraint("schedule_id", "tick"),
    )
    op.create_index("schedule_runs_by_status", "schedule_runs", ["tenant", "status"])
    op.create_table(
        "workers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("seen_at", sa.String, nullable=False),
    )
