"""Deletions: what a complete statement no longer holds. Records become tombstones, which keep their version.

A read is complete where the stream says so (`complete: true`, for the values of its `scope:`), a document where it is
nested JSON or the stream says `complete: document`. A record that is in the file but was held is not missing; where
the key of a held row could not be read, nobody knows which record it is, and nothing of its entity is deleted.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import MetaData, Table, select, text

from canonical_model.declaration import EntitySpec
from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError
from canonical_model.issues import Issue
from canonical_model.language import Text
from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.keys import changed_key
from crossdock.pipeline.land import fetch_rows
from crossdock.pipeline.lookups import look_up as find_stored
from crossdock.pipeline.merge import Stage
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.bulk import copy_rows
from crossdock.store.database import AnyRow
from mappings.engine import MappingRun, PresentKeys
from mappings.landed import LandedRows, PlacedIssue
from mappings.plan import EntityPlan, Plan


def delete_missing(
    work: Work, plan: Plan, entity: EntityPlan, where: Stage, mapped: MappingRun, parts: Mapping[str, str]
) -> None:
    """Makes tombstones of stored records of the stream that the mapped batches should hold but do not.

    Args:
        work: The run.
        plan: The mapping.
        entity: The entity, merged already.
        where: Its stage.
        mapped: The batches; of a complete read all of it.
        parts: Parts of the path of the batches.
    """
    complete = work.settings.complete
    is_whole = entity.each is not None or complete == "document"
    values: dict[str, object] = {}
    if complete is True and mapped.has_files:
        conditions, values = _scope(work, plan, entity, where, mapped, parts)
    elif is_whole and entity.parent:
        conditions = [_of_documents(work, entity, where, mapped)]
    else:
        return
    name = where.entity.name
    unreadable = [row for row in mapped.held(entity) if not row.is_known]
    if unreadable:
        first = unreadable[0]
        place = mapped.place(first.batch, first.row)
        work.issues.append(PlacedIssue(first.batch, first.row, Issue("XD-DEL-001", name, "", "", place, place)))
        return
    unseen = mapped.unseen(entity)
    if unseen is not None:
        unseen_table = Table(f"unseen_{name}", MetaData(), where.target.c.source_hash._copy())
        work.connection.execute(text(f"DROP TABLE IF EXISTS unseen_{name}"))
        work.connection.execute(text(f"CREATE TEMP TABLE unseen_{name} (source_hash uuid) ON COMMIT DROP"))
        if not copy_rows(work.connection, unseen_table, unseen):
            conditions.append("t.source_hash IS NULL")
        else:
            conditions.append(f"(t.source_hash IS NULL OR t.source_hash IN (SELECT source_hash FROM unseen_{name}))")
    conditions += [
        f"NOT EXISTS (SELECT FROM {where.name} s WHERE s.key = t.key)",
        "NOT EXISTS (SELECT FROM crossdock.held_row h WHERE h.run_id = :run AND h.entity = :entity AND h.key = t.key)",
    ]
    evidence = "complete document" if complete is not True else "complete read"
    bury(work, where, conditions, evidence, children=[one.entity.name for one in plan.entities], values=values)


def delete_absent_keys(work: Work, chooser: MappingChooser, keys: AnyRow) -> None:
    """Makes tombstones of the stream's records whose keys a landed list of all present keys does not hold.

    Args:
        work: The run.
        chooser: The stream's mappings.
        keys: The landed list, a row of `crossdock.batch` of the kind "keys".
    """
    batch = tables.batch
    mine = (batch.c.source == work.source, batch.c.stream == work.stream, batch.c.kind == "rows", batch.c.rows_read > 0)
    last = work.connection.execute(select(batch).where(*mine).order_by(batch.c.id.desc()).limit(1)).one_or_none()
    plan = chooser.choose(header_of(last)) if last is not None else None
    if not isinstance(plan, Plan) or changed_key(work, plan):
        return  # every read lists the keys anew
    landed = LandedRows(keys.id, fetch_rows(keys.data_url, work.folder), keys.rows_read, keys.name, "", {}, None)
    with PresentKeys(plan, [landed], lookups=lambda *asked: find_stored(work.connection, *asked)) as present:
        for entity in plan.entities:
            if not present.can_tell(entity, keys.columns):
                continue
            name = entity.entity.name
            where = Stage(entity.entity, entity.stated, work.source, work.stream)
            table = Table(f"present_{name}", MetaData(), where.target.c.key._copy())
            work.connection.execute(text(f'CREATE TEMP TABLE present_{name} (key text COLLATE "C") ON COMMIT DROP'))
            copy_rows(work.connection, table, present.keys(entity))
            work.connection.execute(text(f"ANALYZE present_{name}"))
            missing = f"NOT EXISTS (SELECT FROM present_{name} p WHERE p.key = t.key)"
            children = [one.entity.name for one in plan.entities]
            bury(work, where, [missing], "absent from the list of keys", children=children)
            work.connection.execute(text(f"DROP TABLE present_{name}"))


def bury(
    work: Work,
    where: Stage,
    conditions: Sequence[str],
    evidence: str,
    *,
    children: Sequence[str],
    values: Mapping[str, object] | None = None,
) -> None:
    """Makes tombstones of the live records of the stream for which all `conditions` hold, and of their lines."""
    name = where.entity.name
    values = dict(values or {}) | {
        "source": work.source,
        "stream": work.stream,
        "run": work.run_id,
        "at": work.at,
        "entity": name,
    }
    buried = f"buried_{name}"
    work.connection.execute(text(f"DROP TABLE IF EXISTS {buried}"))
    work.connection.execute(
        text(
            f"CREATE TEMP TABLE {buried} ON COMMIT DROP AS SELECT * FROM canonical.{name} t WHERE t.source = :source "
            f"AND t.stream = :stream AND t.deleted_at IS NULL AND {' AND '.join(conditions)}"
        ),
        values,
    )
    deleted = work.connection.execute(
        text(
            f"UPDATE canonical.{name} t SET deleted_at = :at, deleted_evidence = :evidence, changed_run = :run, "
            f"changed_at = :at FROM {buried} b WHERE t.source = :source AND t.key = b.key"
        ),
        values | {"evidence": evidence},
    ).rowcount
    work.connection.execute(
        text(
            "INSERT INTO crossdock.change (at, run_id, entity, source, key, fields, batch_id, row_number) "
            "SELECT :at, :run, :entity, :source, key, jsonb_build_object('deleted_at', jsonb_build_array(NULL, "
            f"CAST(:at AS timestamptz))), batch_id, row_number FROM {buried}"
        ),
        values,
    )
    if not deleted:
        return
    work.count(name, {"deleted": deleted})
    for child in children:
        spec = SPECS[child]
        if spec.parent == name:
            own = where.entity.key[: len(spec.parent_key)]
            same = _equal(spec, zip(spec.parent_key, own, strict=True), "t", "b")
            partner = " AND split_part(t.key, '|', 1) = split_part(b.key, '|', 1)" if where.has_partner else ""
            line = Stage(spec, (), work.source, work.stream, has_partner=where.has_partner)
            bury(work, line, [f"EXISTS (SELECT FROM {buried} b WHERE {same}{partner})"], evidence, children=children)


def _scope(
    work: Work, plan: Plan, entity: EntityPlan, where: Stage, mapped: MappingRun, parts: Mapping[str, str]
) -> tuple[list[str], dict[str, object]]:
    """Conditions, with their values, that a stored record is one for which the complete read speaks.

    Raises:
        ConfigError (XD-CFG-141): A name of the scope is neither a part of the path nor a field of the record or its
            header.
    """
    conditions: list[str] = []
    values: dict[str, object] = {}
    headers = {one.entity.name: one for one in plan.entities}
    header = headers.get(entity.entity.parent or "")
    for name in work.settings.scope:
        if name == "partner" and where.has_partner:
            conditions.append("split_part(t.key, '|', 1) = :scope_partner")
            values["scope_partner"] = mapped.key_part(parts["partner"])
        elif name in entity.fields:
            conditions.append(f't."{name}"::text = ANY(:scope_{name})')
            values[f"scope_{name}"] = mapped.values(entity, name)
        elif header is not None and name in header.fields:
            own = header.entity.key[: len(entity.entity.parent_key)]
            same = _equal(header.entity, zip(own, entity.entity.parent_key, strict=True), "p", "t")
            conditions.append(
                f"EXISTS (SELECT FROM canonical.{header.entity.name} p WHERE p.source = t.source AND {same} "
                f'AND p."{name}"::text = ANY(:scope_{name}))'
            )
            values[f"scope_{name}"] = mapped.values(header, name)
        else:
            raise ConfigError(
                Text(
                    f"scope 里的“{name}”，映射 {plan.spec.mapping} 的 {entity.entity.label.zh} 没有写这个字段。",
                    f"“{name}” in scope is no field that {plan.spec.mapping} states of {entity.entity.name}.",
                ),
                where=f"sources/{work.source}.yaml",
                hint=Text(
                    f"可用：{', '.join([*entity.fields, *parts])}。",
                    f"There are: {', '.join([*entity.fields, *parts])}.",
                ),
                code="XD-CFG-141",
            )
    return conditions, values


def _equal(spec: EntitySpec, pairs: Iterable[tuple[str, str]], one: str, other: str) -> str:
    """SQL that two rows name the same document; a part of its name that may be empty is then equal too."""
    compared = ((a, b, "=" if spec.fields[a].is_required else "IS NOT DISTINCT FROM") for a, b in pairs)
    return " AND ".join(f'{one}."{a}" {sign} {other}."{b}"' for a, b, sign in compared)


def _of_documents(work: Work, entity: EntityPlan, where: Stage, mapped: MappingRun) -> str:
    """Condition that a stored line belongs to a document that the batches hold whole, and is not newer than that."""
    names = entity.entity.parent_key
    table = f"documents_{where.entity.name}"
    columns = [where.target.c[name]._copy() for name in names]
    documents = Table(table, MetaData(), *columns, where.target.c.version._copy(), where.target.c.key._copy())
    listed = ", ".join(f'"{name}" text COLLATE "C"' for name in names)
    work.connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    work.connection.execute(text(f"CREATE TEMP TABLE {table} ({listed}, version numeric, key text) ON COMMIT DROP"))
    copy_rows(work.connection, documents, mapped.documents(entity))
    work.connection.execute(text(f"ANALYZE {table}"))
    same = _equal(entity.entity, zip(names, names, strict=True), "t", "d")
    partner = " AND split_part(t.key, '|', 1) = d.key" if where.has_partner else ""
    return (
        f"EXISTS (SELECT FROM {table} d WHERE {same}{partner} "
        "AND (t.version IS NULL OR d.version IS NULL OR t.version <= d.version))"
    )
