"""Deletions: what a complete statement no longer holds. Records become tombstones of its version.

A read is complete where the stream says so (`complete: true`, for the values of its `scope:`), a document where it is
nested JSON or the stream says `complete: document`. A record that is in the file but was held is not missing; where
the key of a held row could not be read, nobody knows which record it is, and nothing of its entity is deleted. Nor does
a file say what is missing once a newer one of its scope was landed. A record that a later batch stated is not missing either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, text

from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError
from canonical_model.issues import Issue
from canonical_model.language import Text
from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.keys import changed_key
from crossdock.pipeline.land import fetch_rows
from crossdock.pipeline.late import Late, is_stated
from crossdock.pipeline.lookups import find_stored
from crossdock.pipeline.merge import Stage, are_equal, partner_of
from crossdock.pipeline.references import CODES, resolve_everywhere
from crossdock.pipeline.reuse import Reused
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.bulk import fill_temporary, make_findable
from crossdock.store.database import AnyRow, among
from mappings.engine import MappingRun, PresentKeys
from mappings.landed import LandedRows, PlacedIssue
from mappings.plan import EntityPlan, Plan

_ABSENT = "absent from the list of keys"


@dataclass(slots=True)
class _Missing:
    """What makes a stored record of one entity a missing one.

    Attributes:
        where: The entity in this stream.
        children: Entities of the mapping, lines among them.
        scope: Conditions that the read speaks for the record.
        absent: Conditions that none of its groups states it.
        groups: How many there were.
        values: Of the conditions.
        version: SQL of that of the statement, over the record `t`.
        spared_later: Condition that nothing newer has stated the record.
        unreadable: A held row of which nobody knows which record it is.
    """

    where: Stage
    children: Sequence[str]
    scope: list[str]
    absent: list[str] = field(default_factory=list)
    groups: int = 0
    values: dict[str, Sequence[object]] = field(default_factory=dict)
    version: str = "NULL"
    spared_later: list[str] = field(default_factory=list)
    unreadable: PlacedIssue | None = None


class CompleteRead:
    """One complete read, or complete documents; its sheets may have several headers and are merged group by group.

    Args:
        work: The run.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._missing: dict[str, _Missing] = {}
        self._batches: list[AnyRow] = []
        self._place = ""

    def gather(
        self,
        plan: Plan,
        stages: Mapping[str, Stage],
        mapped: MappingRun,
        batches: Sequence[AnyRow],
        *others: Reused | Late,
    ) -> None:
        """Takes in what a group, merged already, states of the entities in `stages`.

        Nothing is missing that `others` spare: documents of a reused number, and what newer files state.
        """
        complete, first = self._work.settings.complete, batches[0]
        self._batches += batches
        self._place = self._place or mapped.place(first.id, first.header_row)
        for entity in plan.entities:
            name = entity.entity.name
            if name not in stages:
                continue
            where, values = stages[name], dict[str, list[str]]()
            spared_later = []
            if complete is True and mapped.has_files:
                scope, values = _scope(self._work, plan, entity, where, mapped, first.parts)
                version = "NULL" if plan.version else self._time()
                # what is newer has stated the rest, also where it is held or fits no mapping today
                is_older = (
                    "t.batch_id <= :last" if version == "NULL" else f"(t.version IS NULL OR t.version <= {version})"
                )
                spared_later = [is_older]
            elif (entity.each is not None or complete == "document") and entity.parent:
                condition, version = _of_documents(self._work, entity, where, mapped, is_more=name in self._missing)
                scope = [condition]
            else:
                continue
            children = [one.entity.name for one in plan.entities]
            missing = self._missing.setdefault(name, _Missing(where, children, scope))
            missing.version, missing.spared_later = version, spared_later
            for parameter, listed in values.items():
                missing.values[parameter] = [*missing.values.get(parameter, ()), *listed]
            for spared, spares in (one.spares(where, missing.groups) for one in others):
                missing.absent += [spared] if spared else []
                missing.values |= spares
            self._note(entity, missing, mapped)

    def _time(self) -> str:
        """SQL of the newest time of the files, which is the version of what they state."""
        times = [row.modified_at.timestamp() for row in self._batches if row.modified_at]
        return f"{max(times):.6f}" if times else "NULL"

    def bury_missing(self) -> None:
        """Makes tombstones of the stored records of the stream that the read should hold but does not."""
        is_read = self._work.settings.complete is True
        if self._missing and is_read and (why := self._says_nothing()):
            first = self._batches[0]
            issue = Issue(why, next(iter(self._missing)), "", "", self._place, first.name)
            self._work.write_issues([PlacedIssue(first.id, first.header_row, issue)])
            return
        evidence = "complete read" if is_read else "complete document"
        for missing in self._missing.values():
            if missing.unreadable:
                self._work.write_issues([missing.unreadable])
                continue
            conditions = [
                *missing.scope,
                *missing.absent,
                "t.batch_id <> ALL(:batches)",
                *missing.spared_later,
                "NOT EXISTS (SELECT FROM crossdock.held_row h "
                "WHERE h.run_id = :run AND h.entity = :entity AND h.key = t.key)",
            ]
            batches = [row.id for row in self._batches]
            values = missing.values | {"batches": batches}
            make_tombstones(
                self._work,
                missing.where,
                conditions,
                evidence,
                max(batches),
                children=missing.children,
                values=values,
                version=missing.version,
            )

    def _note(self, entity: EntityPlan, missing: _Missing, mapped: MappingRun) -> None:
        """Adds the conditions that the group does not state a record."""
        connection, where, name = self._work.connection, missing.where, missing.where.name
        unreadable = next((row for row in mapped.held(entity) if not row.is_known), None)
        if unreadable is not None and missing.unreadable is None:
            place = mapped.place(unreadable.batch, unreadable.row)
            issue = Issue("XD-DEL-001", entity.entity.name, "", "", place, place)
            missing.unreadable = PlacedIssue(unreadable.batch, unreadable.row, issue)
        number = missing.groups = missing.groups + 1
        stated = f"stated_{name}_{number}"  # the next group fills the stage anew
        connection.execute(text(f"DROP TABLE IF EXISTS {stated}"))
        connection.execute(text(f"CREATE TEMP TABLE {stated} ON COMMIT DROP AS SELECT key FROM {where.name}"))
        missing.absent.append(f"NOT EXISTS (SELECT FROM {stated} s WHERE s.key = t.key)")
        unseen = mapped.unseen(entity)
        if unseen is None:
            return
        table = f"unseen_{name}_{number}"
        fill_temporary(connection, table, [where.target.c.source_hash], unseen, found_by="source_hash")
        is_unseen = f"SELECT FROM {table} u WHERE u.source_hash = t.source_hash"
        missing.absent.append(f"(t.source_hash IS NULL OR EXISTS ({is_unseen}))")

    def _says_nothing(self) -> str | None:
        """The issue that nothing is known to be missing: some of the file waits or went in before, or a newer one did."""
        batch, first = tables.batch, self._batches[0]
        mine = (batch.c.source == self._work.source, batch.c.stream == self._work.stream, batch.c.kind == "rows")
        others = (batch.c.landed_run == first.landed_run, batch.c.name == first.name, batch.c.sha256 == first.sha256)
        more = (batch.c.rows_read > 0, ~among(batch.c.id, [row.id for row in self._batches]))
        newer = (
            batch.c.status.in_(("applied", "landed", "expired")),
            is_stated(self._work, first.id),
            batch.c.parts == first.parts,
            batch.c.modified_at > first.modified_at,
        )
        for why, conditions in (("XD-DEL-003", (*others, *more)), ("XD-DEL-002", newer)):
            if self._work.connection.execute(select(batch.c.id).where(*mine, *conditions).limit(1)).first():
                return why
        return None


def delete_absent_keys(work: Work, chooser: MappingChooser, keys: AnyRow) -> None:
    """Makes tombstones of the stream's records whose keys a landed list of all present keys does not hold.

    Args:
        work: The run.
        chooser: The stream's mappings.
        keys: The landed list, a row of `crossdock.batch` of the kind "keys".

    Raises:
        ConfigError (XD-CFG-143): The listed columns are not those of the records' keys.
    """
    batch = tables.batch
    mine = (batch.c.source == work.source, batch.c.stream == work.stream, batch.c.kind == "rows", batch.c.rows_read > 0)
    last = work.connection.execute(select(batch).where(*mine).order_by(batch.c.id.desc()).limit(1)).one_or_none()
    plan = chooser.choose(header_of(last)) if last is not None else None
    if not isinstance(plan, Plan) or changed_key(work, plan):
        return  # every read lists the keys anew
    if not any(PresentKeys.can_tell(entity, keys.columns) for entity in plan.entities):
        given = work.settings.config.get("key")
        key = given if isinstance(given, list) else [given]
        is_of_today = [str(one).casefold() for one in key] == [one.casefold() for one in keys.columns]
        if work.kind == "replay" or work.settings.complete is not True or not is_of_today:
            return
        listed, names = ", ".join(keys.columns), ", ".join(entity.entity.name for entity in plan.entities)
        raise ConfigError(
            Text(
                f"complete: true 要从 key 列（{listed}）算出 {names} 的键，才知道少了哪些；映射 {plan.spec.mapping} 的键用了别的列。",
                f"For complete: true the keys of {names} have to be made of the key columns ({listed}), else nobody knows what "
                f"is missing; {plan.spec.mapping} makes them of other columns.",
            ),
            where=f"sources/{work.source}.yaml",
            hint=Text(
                "把数据流的 key 写成记录键的那些列，或在映射里写 key:，或去掉 complete。",
                "Let the stream's key be the columns of the record's key, or write key: in the mapping, or leave out complete.",
            ),
            code="XD-CFG-143",
        )
    landed = LandedRows(keys.id, fetch_rows(keys.data_url, work.folder), keys.rows_read, keys.name, "", {}, None)
    with PresentKeys(plan, [landed], lookups=lambda *asked: find_stored(work.connection, *asked)) as present:
        for entity in plan.entities:
            if not present.can_tell(entity, keys.columns):
                continue
            name = entity.entity.name
            where = Stage(entity.entity, entity.stated, work.source, work.stream)
            fill_temporary(work.connection, f"present_{name}", [where.target.c.key], present.keys(entity))
            is_present = f"EXISTS (SELECT FROM present_{name} p WHERE p.key = t.key)"
            children = [one.entity.name for one in plan.entities]
            conditions = [f"NOT {is_present}", "t.batch_id < :last"]
            make_tombstones(work, where, conditions, _ABSENT, keys.id, children=children)
            _undo_tombstones(work, where, is_present, children)
    if any(entity.entity.name == CODES for entity in plan.entities):
        resolve_everywhere(work)


_BATCH_BEFORE = (
    "(SELECT c.batch_id FROM crossdock.change c WHERE c.entity = :entity AND c.source = t.source AND c.key = t.key "
    "AND c.at = t.deleted_at ORDER BY c.id DESC LIMIT 1)"
)
"""SQL of the batch that stated a record `t` before its tombstone took that of the list without it, as its history tells."""


def _undo_tombstones(work: Work, where: Stage, condition: str, children: Sequence[str]) -> None:
    """Brings back, as they were, the records of a `condition` that an earlier list of keys did not hold, and their lines.

    The source may not send them anew.
    """
    name, raised = where.entity.name, f"raised_{where.entity.name}"
    values = {"source": work.source, "stream": work.stream, "run": work.run_id, "at": work.at, "evidence": _ABSENT}
    work.connection.execute(text(f"DROP TABLE IF EXISTS {raised}"))
    found = work.connection.execute(
        text(
            f"CREATE TEMP TABLE {raised} ON COMMIT DROP AS SELECT t.* FROM canonical.{name} t WHERE t.source = :source "
            f"AND t.stream = :stream AND t.deleted_evidence = :evidence AND t.deleted_at < :at AND {condition}"
        ),
        values,
    )
    if not found.rowcount:
        return
    make_findable(work.connection, raised, ", ".join(f'"{one}"' for one in where.entity.key))
    work.connection.execute(
        text(
            f"UPDATE canonical.{name} t SET deleted_at = NULL, deleted_evidence = NULL, changed_run = :run, changed_at = :at, "
            f"batch_id = coalesce({_BATCH_BEFORE}, t.batch_id) FROM {raised} r WHERE t.source = :source AND t.key = r.key"
        ),
        values | {"entity": name},
    )
    _note_changes(work, name, raised, before="deleted_at", after="NULL")
    work.count(name, {"read": found.rowcount, "updated": found.rowcount})
    for line, same in _lines(work, where, children, "r"):
        with_it = f"EXISTS (SELECT FROM {raised} r WHERE {same} AND r.deleted_at = t.deleted_at)"
        _undo_tombstones(work, line, with_it, children)


def _note_changes(work: Work, entity: str, table: str, *, before: str, after: str) -> None:
    """Notes the changes of `deleted_at` (SQL) of the records in a table."""
    fields = f"jsonb_build_object('deleted_at', jsonb_build_array({before}, {after}))"
    work.connection.execute(
        text(
            "INSERT INTO crossdock.change (at, run_id, entity, source, key, fields, batch_id, row_number) "
            f"SELECT :at, :run, :entity, :source, key, {fields}, batch_id, row_number FROM {table}"
        ),
        {"at": work.at, "run": work.run_id, "entity": entity, "source": work.source},
    )


def _lines(work: Work, where: Stage, children: Sequence[str], alias: str) -> Iterator[tuple[Stage, str]]:
    """The entities of its lines among `children`, each with the condition that a line `t` is one of the document `alias`."""
    for child in children:
        spec = SPECS[child]
        if spec.parent == where.entity.name:
            own = where.entity.key[: len(spec.parent_key)]
            same = are_equal(spec, zip(spec.parent_key, own, strict=True), "t", alias)
            partner = f" AND {partner_of('t')} = {partner_of(alias)}" if where.has_partner else ""
            yield Stage(spec, (), work.source, work.stream, has_partner=where.has_partner), same + partner


def make_tombstones(
    work: Work,
    where: Stage,
    conditions: Sequence[str],
    evidence: str,
    last: int,
    *,
    children: Sequence[str],
    values: Mapping[str, object] | None = None,
    version: str = "NULL",
) -> None:
    """Makes tombstones of the live records of the stream for which all `conditions` hold, and of their lines.

    They take the `version` (SQL over the record `t`) and the `last` batch of what no longer holds them, so that nothing
    older brings them back.
    """
    name = where.entity.name
    values = dict(values or {}) | {
        "last": last,
        "source": work.source,
        "stream": work.stream,
        "run": work.run_id,
        "at": work.at,
        "entity": name,
    }
    buried = f"buried_{name}"
    work.connection.execute(text(f"DROP TABLE IF EXISTS {buried}"))
    found = work.connection.execute(
        text(
            f"CREATE TEMP TABLE {buried} ON COMMIT DROP AS SELECT t.*, CAST({version} AS numeric) AS buried_version "
            f"FROM canonical.{name} t WHERE t.source = :source "
            f"AND t.stream = :stream AND t.deleted_at IS NULL AND {' AND '.join(conditions)}"
        ),
        values,
    )
    if not found.rowcount:
        return
    make_findable(work.connection, buried, ", ".join(f'"{one}"' for one in where.entity.key))
    deleted = work.connection.execute(
        text(
            f"UPDATE canonical.{name} t SET deleted_at = :at, deleted_evidence = :evidence, changed_run = :run, "
            "changed_at = :at, version = greatest(t.version, b.buried_version), "
            "batch_id = greatest(t.batch_id, :last), source_hash = NULL "
            f"FROM {buried} b WHERE t.source = :source AND t.key = b.key"
        ),
        values | {"evidence": evidence},
    ).rowcount
    _note_changes(work, name, buried, before="NULL", after="CAST(:at AS timestamptz)")
    work.count(name, {"deleted": deleted})
    for line, same in _lines(work, where, children, "b"):
        of_buried = f"FROM {buried} b WHERE {same}"
        latest = f"(SELECT max(b.buried_version) {of_buried})"
        make_tombstones(work, line, [f"EXISTS (SELECT {of_buried})"], evidence, last, children=children, version=latest)


def _scope(
    work: Work, plan: Plan, entity: EntityPlan, where: Stage, mapped: MappingRun, parts: Mapping[str, str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Conditions, with their values, that a stored record is one for which the complete read speaks.

    Raises:
        ConfigError (XD-CFG-141): A name of the scope is neither a part of the path nor a field of the record or its
            header.
    """
    conditions: list[str] = []
    values: dict[str, list[str]] = {}
    headers = {one.entity.name: one for one in plan.entities}
    header = headers.get(entity.entity.parent or "")
    for name in dict.fromkeys((*(["partner"] if where.has_partner else []), *work.settings.scope)):
        if name == "partner" and where.has_partner:
            conditions.append(f"{partner_of('t')} = ANY(:scope_partner)")
            values["scope_partner"] = [mapped.key_part(parts["partner"])]
        elif name in entity.fields:
            conditions.append(f't."{name}"::text = ANY(:scope_{name})')
            values[f"scope_{name}"] = mapped.values(entity, name)
        elif header is not None and name in header.fields:
            own = header.entity.key[: len(entity.entity.parent_key)]
            same = are_equal(header.entity, zip(own, entity.entity.parent_key, strict=True), "p", "t")
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


def _of_documents(
    work: Work, entity: EntityPlan, where: Stage, mapped: MappingRun, *, is_more: bool
) -> tuple[str, str]:
    """Condition that a stored line belongs to a document that the read holds whole and is not newer, and the document's version.

    `is_more` says that its documents come on top of those of earlier groups.
    """
    names = entity.entity.parent_key
    table = f"documents_{where.entity.name}"
    columns = [where.target.c[name] for name in (*names, "version", "key")]
    found_by = ", ".join(f'"{name}"' for name in names)
    fill_temporary(work.connection, table, columns, mapped.documents(entity), found_by=found_by, is_more=is_more)
    same = are_equal(entity.entity, zip(names, names, strict=True), "t", "d")
    partner = f" AND {partner_of('t')} = d.key" if where.has_partner else ""
    of_line = f"FROM {table} d WHERE {same}{partner}"
    is_newest = "(t.version IS NULL OR d.version IS NULL OR t.version <= d.version)"
    return f"EXISTS (SELECT {of_line} AND {is_newest})", f"(SELECT max(d.version) {of_line})"
