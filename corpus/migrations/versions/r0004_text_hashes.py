"""What is embedded of a chunk, as a hash, so that an update can take vectors over."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the hash; chunks that are there have none, and are embedded anew once more."""
    op.add_column("chunks", sa.Column("text_hash", sa.String))
    op.create_index("chunks_by_text", "chunks", ["document_id", "text_hash"])
