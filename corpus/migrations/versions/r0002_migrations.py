"""From here on Alembic keeps the schema's number; Pincite 0.1 must not open the file any more."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change the number that Pincite 0.1 looks at, which then refuses the file."""
    op.execute("DELETE FROM properties WHERE name = 'schema_version'")
    op.execute("INSERT INTO properties (name, value) VALUES ('schema_version', '2')")
