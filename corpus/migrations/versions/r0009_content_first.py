"""The index of contents starts with what is different in every document.

By tenant and collection, of which there are few, SQLite took it for joins of chunks with their
documents, and read all documents of a collection for every search.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Turn the columns of the index around."""
    op.drop_index("documents_by_content", "documents")
    op.create_index("documents_by_content", "documents", ["content_hash", "tenant", "collection"])
