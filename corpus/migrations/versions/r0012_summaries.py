"""Summaries as they were made, and the replies of a model to jobs that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables of summaries and of replies."""
    op.create_table(
        "summaries",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("summaries_by_time", "summaries", ["tenant", "created_at"])
    op.create_table(
        "replies",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("job_id", sa.String, primary_key=True),
        sa.Column("prompt_sha256", sa.String, primary_key=True),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
