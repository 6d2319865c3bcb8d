"""When the text of an old version was removed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the time; the versions that are there have their text."""
    op.add_column("versions", sa.Column("purged_at", sa.String))
