"""What a mapping makes the keys of records of, and the question where that is no longer what it was."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from canonical_model.errors import MappingError
from canonical_model.language import Text
from crossdock.pipeline.work import Work
from crossdock.store import tables
from mappings.plan import EntityPlan, Plan


def changed_key(work: Work, plan: Plan) -> MappingError | None:
    """The question (XD-MAP-010) where records would stand beside the stored ones as if they were new, else None."""
    table = tables.stated_key
    mine = table.c.source == work.source, table.c.stream == work.stream, table.c.mapping == plan.spec.mapping
    stated = work.connection.execute(select(table.c.entity, table.c.expressions).where(*mine)).all()
    before = {row.entity: row.expressions for row in stated}
    for entity in plan.entities:
        name, made_of = entity.entity.name, _made_of(plan, entity)
        if before.get(name, made_of) == made_of:
            continue
        was, now = ", ".join(before[name]), ", ".join(made_of)
        command = f"crossdock replay {work.source} {work.stream} --rekey"
        return MappingError(
            Text(
                f"{name} 的键从（{was}）改成了（{now}），同一条记录会变成新的一条。",
                f"The key of {name} was ({was}) and is now ({now}); each record would become a new one.",
            ),
            where=f"mappings/{plan.spec.mapping}.yaml",
            hint=Text(
                f"不该改：改回原来的 key；该改：先看 {command} --dry-run，再运行 {command}。之后 crossdock sync 自动补上。",
                f"If it should not change, put the old key back; if it should, look with {command} --dry-run, then run "
                f"{command}. The next crossdock sync takes in what waits.",
            ),
            code="XD-MAP-010",
        )
    return None


def note_keys(work: Work, plan: Plan) -> None:
    """Keeps what the mapping makes keys of, where that is not known yet."""
    for entity in plan.entities:
        values = {"source": work.source, "stream": work.stream, "mapping": plan.spec.mapping}
        stated = {"entity": entity.entity.name, "expressions": _made_of(plan, entity)}
        work.connection.execute(insert(tables.stated_key).values(**values, **stated).on_conflict_do_nothing())


def _made_of(plan: Plan, entity: EntityPlan) -> Sequence[str]:
    return list(plan.spec.entities[entity.entity.name].key or entity.entity.key)
