"""Which source columns each field was made of."""

from alembic import op

revision = "0004"
down_revision = "0003"

_LINEAGE = """
CREATE TABLE crossdock.mapping_lineage (
    digest TEXT NOT NULL,
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    mapping TEXT NOT NULL,
    expression TEXT NOT NULL,
    columns JSONB NOT NULL,
    CONSTRAINT pk_mapping_lineage PRIMARY KEY (digest, entity, field)
);
COMMENT ON TABLE crossdock.mapping_lineage IS
    'Which source columns each field was made of; `lineage` of a batch names the digest that its run went by.';
ALTER TABLE crossdock.batch ADD COLUMN lineage TEXT;
"""


def upgrade() -> None:
    """Makes the table, and the column by which a batch names its lineage."""
    op.execute(_LINEAGE)
