"""Canonical tables in partitions, one for each source: what it states is loaded, read and looked up by itself."""

import hashlib

from alembic import op
from sqlalchemy import text

from crossdock.store import views

revision = "0009"
down_revision = "0008"

_TABLES = """
SELECT c.relname, ARRAY(
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid AND NOT i.indisprimary ORDER BY 1)
FROM pg_class c WHERE c.relnamespace = 'canonical'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition ORDER BY 1
"""

_GRANTS = """
SELECT format('GRANT %s ON canonical.%I TO %s%s', a.privilege_type, c.relname,
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'canonical'::regnamespace AND c.relkind = 'r' AND a.grantee <> c.relowner ORDER BY 1
"""


def upgrade() -> None:
    """Makes each table anew in partitions and moves its rows, which are written again; who may read it still may.

    Raises:
        StoreError (XD-STO-006): Views that are not ours read the tables.
    """
    connection = op.get_bind()
    views.refuse_others(connection, "canonical", "facts")
    op.execute("DROP SCHEMA IF EXISTS facts CASCADE")  # they are made anew after each migration
    grants = connection.scalars(text(_GRANTS)).all()
    for name, indexes in connection.execute(text(_TABLES)).all():
        before = f"canonical.{name}_before"
        op.execute(f"ALTER TABLE canonical.{name} RENAME TO {name}_before")
        op.execute(f"CREATE TABLE canonical.{name} (LIKE {before}) PARTITION BY LIST (source)")
        for source in connection.scalars(text(f"SELECT DISTINCT source FROM {before} ORDER BY 1")).all():
            partition = f"canonical.{_partition(name, source)} PARTITION OF canonical.{name}"
            op.execute(f"CREATE TABLE {partition} FOR VALUES IN ('{source}') WITH (fillfactor = 95)")
        op.execute(f"INSERT INTO canonical.{name} SELECT * FROM {before}")
        op.execute(f"DROP TABLE {before}")
        op.execute(f"ALTER TABLE canonical.{name} ADD CONSTRAINT pk_{name} PRIMARY KEY (key, source)")
        for index in indexes:
            op.execute(index)
    for grant in grants:
        op.execute(grant)


def _partition(table: str, source: str) -> str:
    name = f"{table}__{source}"
    return name if len(name) <= 63 else f"{name[:51]}{hashlib.sha256(name.encode()).hexdigest()[:12]}"
