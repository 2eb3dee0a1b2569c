"""Deciding: what waits, and what a confirmation or rejection does to everything that is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, parse_json
from crossdock.pipeline.merge import resolve_references
from crossdock.pipeline.xref import pairs
from crossdock.pipeline.xref.pairs import Code
from crossdock.pipeline.xref.propose import OWN, anchors_of, envelope, own_key
from crossdock.store import tables
from crossdock.store.database import AnyRow, ensure_partitions, lock, translate_errors

_XREF = tables.canonical["code_xref"]
_ID = func.substr(func.md5(_XREF.c.source + "|" + _XREF.c.key), 1, 8)


@dataclass(frozen=True, slots=True)
class Reference:
    """One row of the cross-reference, as a person decides it.

    Attributes:
        id: Eight letters by which commands name it.
        stated_by: The source that states it; "crossdock" for our own proposals and decisions.
        same_as: The code that it was proposed beside, as "system code"; empty where nobody said.
    """

    id: str
    entity: str
    system: str
    code: str
    same_as: str
    golden_id: str
    state: str
    method: str | None
    score: Decimal | None
    evidence: JsonValue
    decided_by: str | None
    stated_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision changed.

    Attributes:
        decided: The references, as they stand now.
        resolved: References of stored records that now have an identity.
        superseded: Other proposals for the same codes that fell away.
    """

    decided: tuple[Reference, ...]
    resolved: int = 0
    superseded: int = 0


def listed(
    engine: Engine, *, state: str | None = "proposed", entity: str | None = None, system: str | None = None
) -> list[Reference]:
    """The cross-reference, best evidence first; `state` None for all of it."""
    wanted = select(_XREF, _ID.label("id")).where(_XREF.c.deleted_at.is_(None))
    for column, value in ((_XREF.c.state, state), (_XREF.c.entity_type, entity), (_XREF.c.system, system)):
        if value is not None:
            wanted = wanted.where(column == value)
    order = (_XREF.c.entity_type, _XREF.c.score.desc().nulls_last(), _XREF.c.system, _XREF.c.raw_code, _XREF.c.key)
    with translate_errors(), engine.connect() as connection:
        return [_reference(row) for row in connection.execute(wanted.order_by(*order))]


def _reference(row: AnyRow) -> Reference:
    try:
        evidence = parse_json(row.evidence or "null")
    except ValueError:
        evidence = row.evidence  # words of a person
    same_as = next((f"{anchor.system} {anchor.raw}" for anchor in anchors_of(row.evidence)), "")
    return Reference(
        row.id, row.entity_type, row.system, row.raw_code, same_as, row.golden_id, row.state, row.method, row.score,
        evidence, row.decided_by, row.source, row.changed_at,
    )  # fmt: skip


def confirm(engine: Engine, ids: Sequence[str], decided_by: str, *, clock: Clock = utc_now) -> Decision:
    """Confirms proposals and gives the identity, in the same transaction, to every stored record that uses the codes.

    Raises:
        ConfigError (XD-XRF-001): There is no proposal of ours with such an id.
        ConfigError (XD-XRF-002): The code already stands for another thing.
        ConfigError (XD-XRF-003): The two codes have strong keys that differ.
    """
    with translate_errors(), engine.begin() as connection:
        lock(connection, [f"entity:{name}" for name in SPECS])
        at = clock()
        ensure_partitions(connection, at)
        superseded, systems = 0, set()
        keys = {row.entity_type: pairs.strong_keys(connection, row.entity_type) for row in _found(connection, ids)}
        for row in _found(connection, ids):
            codes = [Code(row.system, row.raw_code), *anchors_of(row.evidence)]
            _refuse_contradiction(row, keys[row.entity_type], codes)
            for code in codes:
                _refuse_second_identity(connection, row, code)
            _set_state(connection, row, "confirmed", decided_by, at)
            for anchor in codes[1:]:
                _anchor(connection, row, anchor, decided_by, at)
            superseded += _supersede(connection, row, decided_by, at)
            systems |= {code.system for code in codes}
        resolved = sum(
            resolve_references(connection, spec, system) for spec in SPECS.values() for system in sorted(systems)
        )
        return Decision(_read(connection, ids), resolved, superseded)


def reject(engine: Engine, ids: Sequence[str], decided_by: str, *, clock: Clock = utc_now) -> Decision:
    """Rejects proposals; the same pair is never proposed again.

    Raises:
        ConfigError (XD-XRF-001): There is no proposal of ours with such an id.
    """
    with translate_errors(), engine.begin() as connection:
        lock(connection, ["entity:code_xref"])
        at = clock()
        ensure_partitions(connection, at)
        for row in _found(connection, ids):
            _set_state(connection, row, "rejected", decided_by, at)
        return Decision(_read(connection, ids))


def _found(connection: Connection, ids: Sequence[str]) -> list[AnyRow]:
    """The proposals with these ids, all of them."""
    wanted = select(_XREF, _ID.label("id")).where(
        _ID.in_(ids), _XREF.c.state == "proposed", _XREF.c.source == OWN, _XREF.c.deleted_at.is_(None)
    )
    rows = connection.execute(wanted.order_by(_XREF.c.key)).all()
    if missing := sorted(set(ids) - {row.id for row in rows}):
        raise ConfigError(
            Text(
                f"没有待确认的对照 {'、'.join(missing)}。",
                f"No cross-reference {', '.join(missing)} waits for a decision.",
            ),
            hint=Text(
                "crossdock xref list 列出待确认的编号。", "crossdock xref list shows the ids of those that wait."
            ),
            code="XD-XRF-001",
        )
    return list(rows)


def _read(connection: Connection, ids: Sequence[str]) -> tuple[Reference, ...]:
    rows = connection.execute(select(_XREF, _ID.label("id")).where(_ID.in_(ids)).order_by(_XREF.c.key))
    return tuple(_reference(row) for row in rows)


def _refuse_second_identity(connection: Connection, row: AnyRow, code: Code) -> None:
    other = connection.scalar(
        select(_XREF.c.golden_id).where(
            _XREF.c.entity_type == row.entity_type, _XREF.c.system == code.system, _XREF.c.raw_code == code.raw,
            _XREF.c.state == "confirmed", _XREF.c.golden_id != row.golden_id, _XREF.c.deleted_at.is_(None),
        ).limit(1)
    )  # fmt: skip
    if other is not None:
        raise ConfigError(
            Text(
                f"{code.system} 的编码“{code.raw}”已确认为另一个对象 {other}。",
                f"The code “{code.raw}” of {code.system} is already confirmed as another thing, {other}.",
            ),
            where=row.id,
            hint=Text(
                f"若是同一个，先在提供它的数据源里改正；否则：crossdock xref reject {row.id}",
                f"Correct it where it was stated, or: crossdock xref reject {row.id}",
            ),
            code="XD-XRF-002",
        )


def _refuse_contradiction(row: AnyRow, keys: dict[Code, dict[str, set[str]]], codes: Sequence[Code]) -> None:
    if wrong := pairs.contradiction(keys, codes):
        name, one, other = wrong
        raise ConfigError(
            Text(
                f"两个编码的{name.upper()}不同（{one}、{other}），不会是同一个对象。",
                f"The two codes have different {name.upper()}s ({one}, {other}); they cannot be one thing.",
            ),
            where=f"{row.id}: {' = '.join(f'{code.system} {code.raw}' for code in codes)}",
            hint=Text("先在源系统里改正错的那个。", "Correct the wrong one in its system first."),
            code="XD-XRF-003",
        )


def _set_state(connection: Connection, row: AnyRow, state: str, decided_by: str, at: datetime) -> None:
    mine = (_XREF.c.source == row.source, _XREF.c.key == row.key)
    connection.execute(update(_XREF).where(*mine).values(state=state, decided_by=decided_by, changed_at=at))
    fields = {"state": [row.state, state], "decided_by": [row.decided_by, decided_by]}
    change = {"at": at, "run_id": 0, "entity": "code_xref", "source": row.source, "key": row.key, "fields": fields,
              "batch_id": 0, "row_number": 0}  # fmt: skip
    connection.execute(insert(tables.change).values(change))


def _anchor(connection: Connection, row: AnyRow, anchor: Code, decided_by: str, at: datetime) -> None:
    """The code beside which another one was proposed stands for the same thing."""
    there = select(func.count()).select_from(_XREF).where(
        _XREF.c.entity_type == row.entity_type, _XREF.c.system == anchor.system, _XREF.c.raw_code == anchor.raw,
        _XREF.c.state == "confirmed", _XREF.c.deleted_at.is_(None),
    )  # fmt: skip
    if connection.scalar(there):
        return
    values = {
        "source": OWN, "key": own_key(row.entity_type, anchor, row.golden_id), "entity_type": row.entity_type,
        "system": anchor.system, "scheme": "internal", "raw_code": anchor.raw, "norm_code": pairs.norm(anchor.raw),
        "golden_id": row.golden_id, "state": "confirmed", "method": row.method, "score": row.score,
        "decided_by": decided_by, **envelope(at),
    }  # fmt: skip
    statement = upsert(_XREF).values(values)
    again = {"state": "confirmed", "decided_by": decided_by, "changed_at": at}
    connection.execute(statement.on_conflict_do_update(index_elements=["source", "key"], set_=again))


def _supersede(connection: Connection, row: AnyRow, decided_by: str, at: datetime) -> int:
    """Takes back the other proposals for a code that is now confirmed; gives their number."""
    others = select(_XREF).where(
        _XREF.c.source == OWN, _XREF.c.entity_type == row.entity_type, _XREF.c.system == row.system,
        _XREF.c.raw_code == row.raw_code, _XREF.c.state == "proposed", _XREF.c.golden_id != row.golden_id,
    )  # fmt: skip
    rows = connection.execute(others).all()
    for other in rows:
        _set_state(connection, other, "superseded", decided_by, at)
    return len(rows)
