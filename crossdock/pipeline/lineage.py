"""The lineage of what a run stored: kept once for each mapping and header, named by the batches that it served."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from crossdock.store import tables
from mappings.lineage import FieldLineage, lineage, lineage_digest
from mappings.plan import Plan


def keep_lineage(connection: Connection, plan: Plan) -> str:
    """Keeps the plan's lineage where it is not known yet.

    Returns:
        Its digest, for the column `lineage` of the batches that the plan is applied to.
    """
    listed = lineage(plan)
    digest = lineage_digest(listed)
    rows = [
        {"digest": digest, "mapping": plan.spec.mapping, "entity": one.entity, "field": one.field,
         "expression": one.expression, "columns": list(one.columns)}
        for one in listed
    ]  # fmt: skip
    connection.execute(insert(tables.mapping_lineage).values(rows).on_conflict_do_nothing())
    return digest


def lineage_of_run(connection: Connection, run: int, mapping: str) -> list[FieldLineage]:
    """What each field was made of that a run stored by a mapping, as mapping and header were then; nothing where it took none."""
    kept, landed = tables.mapping_lineage, tables.batch
    digests = select(landed.c.lineage).where(landed.c.applied_run == run)
    fields = select(kept.c.entity, kept.c.field, kept.c.expression, kept.c.columns).distinct()
    mine = fields.where(kept.c.mapping == mapping, kept.c.digest.in_(digests))
    rows = connection.execute(mine.order_by(kept.c.entity, kept.c.field, kept.c.expression, kept.c.columns))
    return [FieldLineage(row.entity, row.field, row.expression, tuple(row.columns)) for row in rows]
