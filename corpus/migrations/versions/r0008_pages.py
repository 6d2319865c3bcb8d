"""Where the pages of a document stand in its text."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the pages; what is there was read from formats without any."""
    op.add_column("versions", sa.Column("pages", sa.JSON, nullable=False, server_default="[]"))
