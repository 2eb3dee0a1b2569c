"""Identities of what records refer to by codes, as confirmed cross-references tell them."""

from sqlalchemy import Connection, text

from canonical_model.declaration import EntitySpec
from canonical_model.entities import SPECS
from crossdock.pipeline.work import Work

CODES = "code_xref"
"""The entity that tells them."""
_CONFIRMED = (
    "(SELECT raw_code, min(golden_id) AS golden_id FROM canonical.code_xref WHERE system = :source "
    "AND entity_type = :kind AND state = 'confirmed' AND deleted_at IS NULL "
    "GROUP BY raw_code HAVING count(DISTINCT golden_id) = 1) x"
)
"""Codes that all who confirm them understand in one way."""


def resolve_everywhere(work: Work) -> None:
    """Newly confirmed codes resolve what has long been stored, and codes that are confirmed no more do not."""
    systems = work.connection.execute(
        text(
            f"SELECT system FROM canonical.{CODES} WHERE source = :source UNION SELECT fields->'system'->>0 "
            "FROM crossdock.change WHERE run_id = :run AND entity = :entity AND fields->'system'->>0 IS NOT NULL"
        ),
        {"source": work.source, "run": work.run_id, "entity": CODES},
    )
    for system in systems.scalars().all():
        for spec in SPECS.values():
            withdraw_references(work.connection, spec, system)
            resolve_references(work.connection, spec, system)


def withdraw_references(connection: Connection, entity: EntitySpec, source: str) -> int:
    """Takes golden identities from references whose code is not confirmed any more; gives the number of rows touched.

    Args:
        connection: In a transaction that holds the entity's lock.
        entity: Entity whose references are looked at.
        source: Source whose codes they are.
    """
    touched = 0
    for spec in entity.fields.values():
        if spec.refers_to is None:
            continue
        touched += connection.execute(
            text(
                f"""UPDATE canonical.{entity.name} t SET "{spec.name}_id" = NULL
                WHERE t.source = :source AND t."{spec.name}_id" IS NOT NULL AND NOT EXISTS (
                    SELECT FROM {_CONFIRMED} WHERE x.raw_code = t."{spec.name}")"""
            ),
            {"source": source, "kind": spec.refers_to},
        ).rowcount
    return touched


def resolve_references(connection: Connection, entity: EntitySpec, source: str, *, among: str = "") -> int:
    """Fills the golden identities of references whose code has been confirmed; gives the number of rows touched.

    Args:
        connection: In a transaction that holds the entity's lock.
        entity: Entity whose references are resolved.
        source: Source whose codes they are.
        among: Table whose `key` column names the rows; empty for all of the source.
    """
    touched = 0
    for spec in entity.fields.values():
        values = {"source": source, "kind": spec.refers_to}
        if spec.refers_to is None or not connection.scalar(text(f"SELECT EXISTS (SELECT FROM {_CONFIRMED})"), values):
            continue
        only = f" AND t.key IN (SELECT key FROM {among})" if among else ""
        touched += connection.execute(
            text(
                f"""UPDATE canonical.{entity.name} t SET "{spec.name}_id" = x.golden_id::uuid
                FROM {_CONFIRMED}
                WHERE t.source = :source{only} AND x.raw_code = t."{spec.name}"
                    AND t."{spec.name}_id" IS DISTINCT FROM x.golden_id::uuid"""
            ),
            values,
        ).rowcount
    return touched
