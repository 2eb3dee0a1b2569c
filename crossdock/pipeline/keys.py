"""What a mapping makes keys and versions of records of, and the question where that is no longer what it was."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from canonical_model.errors import MappingError
from canonical_model.language import Text
from crossdock.pipeline.work import Work
from crossdock.store import tables
from mappings.plan import Plan

_VERSION, _PARTNER = "version", "partner"
"""What else than keys of entities is kept: what versions are made of, and whether each key begins with the partner."""


def changed_key(work: Work, plan: Plan) -> MappingError | None:
    """The question (XD-MAP-010) where records would stand beside the stored ones as if they were new, else None."""
    before = _before(work, plan)
    for name, made_of in _stated(plan).items():
        was_of = next((one for one in before.get(name, ()) if one != made_of), None)
        if was_of is None:
            continue
        was, now = (", ".join(one) or "-" for one in (was_of, made_of))
        command = f"crossdock replay {work.source} {work.stream} --rekey"
        where = f"mappings/{plan.spec.mapping}.yaml"
        hint = Text(
            f"不该改：改回原来的写法；只是新文件的列换了名字、键的值还一样：把原来的映射也留在数据流的 mapping 里；"
            f"该改：先看 {command} --dry-run，再运行 {command}。之后 crossdock sync 自动补上。",
            "If it should not change, put the old one back; if new files only call the columns differently and the keys stay as "
            "they are, leave the old mapping among those of the stream, too; if it should change, look with "
            f"{command} --dry-run, then run {command}. The next crossdock sync takes in what waits.",
        )
        if name == _VERSION:
            return MappingError(
                Text(
                    f"version 从（{was}）改成了（{now}），和已存的版本没法比，新内容会被当成旧的。",
                    f"version was ({was}) and is now ({now}), which cannot be compared with what is stored: news would count "
                    "as old.",
                ),
                where=where,
                hint=hint,
                code="XD-MAP-010",
            )
        if name == _PARTNER:
            return MappingError(
                Text(
                    f"路径里的伙伴从（{was}）改成了（{now}），它是键的开头，同一条记录会变成新的一条。",
                    f"The partner in the path was ({was}) and is now ({now}); keys begin with it, so each record would become a "
                    "new one.",
                ),
                where=f"sources/{work.source}.yaml",
                hint=hint,
                code="XD-MAP-010",
            )
        return MappingError(
            Text(
                f"{name} 的键从（{was}）改成了（{now}），同一条记录会变成新的一条。",
                f"The key of {name} was ({was}) and is now ({now}); each record would become a new one.",
            ),
            where=where,
            hint=hint,
            code="XD-MAP-010",
        )
    return None


def _before(work: Work, plan: Plan) -> dict[str, list[list[str]]]:
    """Entity, or what else is kept -> what it was made of by this mapping; where it is new, by those that the stream has no more."""
    table = tables.stated_key
    mine = select(table).where(table.c.source == work.source, table.c.stream == work.stream)
    rows = work.connection.execute(mine).all()
    own = {row.entity: [row.expressions] for row in rows if row.mapping == plan.spec.mapping}
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        if row.mapping not in work.settings.mappings:
            found.setdefault(row.entity, []).append(row.expressions)
    found |= own
    files = work.settings.config.get("files")
    patterns = [files] if isinstance(files, str) else files if isinstance(files, list) else []
    named = {f"{{{_PARTNER}}}" in str(pattern) for pattern in patterns}
    if len(named) > 1:  # some keys begin with the partner, and others do not
        found.pop(_PARTNER, None)
    return found


def note_keys(work: Work, plan: Plan) -> None:
    """Keeps what the mapping makes keys and versions of, where that is not known yet."""
    for name, made_of in _stated(plan).items():
        values = {"source": work.source, "stream": work.stream, "mapping": plan.spec.mapping}
        stated = {"entity": name, "expressions": made_of}
        work.connection.execute(insert(tables.stated_key).values(**values, **stated).on_conflict_do_nothing())


def _stated(plan: Plan) -> dict[str, list[str]]:
    """Entity -> what its key is made of, and what versions are made of: nothing where they are the times of files."""
    mapped = plan.spec.entities
    keys = {one.entity.name: list(mapped[one.entity.name].key or one.entity.key) for one in plan.entities}
    return keys | {
        _VERSION: [str(plan.spec.version)] if plan.version else [],
        _PARTNER: list(plan.key_parts),
    }
