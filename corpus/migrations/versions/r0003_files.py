"""The original files, by what they contain, and which version came from which."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of files; versions that are there have none."""
    op.create_table(
        "files",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.add_column("versions", sa.Column("file_sha256", sa.String))
    op.add_column("versions", sa.Column("file_name", sa.String))
    op.create_index("versions_by_file", "versions", ["file_sha256"])
