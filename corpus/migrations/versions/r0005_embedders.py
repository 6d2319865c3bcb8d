"""Which embedder's vectors each collection is searched by, and which indexes are to be removed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make both tables; the collections that are there have one embedder, the library's."""
    op.create_table(
        "collections",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("embedder", sa.String, nullable=False),
    )
    op.create_table(
        "stale_indexes",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("collection", sa.String, primary_key=True),
        sa.Column("embedder", sa.String, primary_key=True),
    )
    op.execute(
        "INSERT INTO collections (tenant, name, embedder) "
        "SELECT DISTINCT documents.tenant, documents.collection, properties.value "
        "FROM documents JOIN properties ON properties.name = 'embedder'"
    )
