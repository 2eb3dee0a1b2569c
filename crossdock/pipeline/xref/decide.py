"""Deciding: what waits, and what a confirmation or rejection does to everything that is stored."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, parse_json
from crossdock.pipeline.references import resolve_references
from crossdock.pipeline.xref import pairs
from crossdock.pipeline.xref.pairs import Code
from crossdock.pipeline.xref.propose import OWN, anchors_of, envelope, own_key
from crossdock.store import tables
from crossdock.store.database import AnyRow, clock_of, lock, translate_errors
from crossdock.store.partitions import ensure_partitions, make_partition

_XREF = tables.canonical["code_xref"]
_ID = func.substr(func.md5(_XREF.c.source + "|" + _XREF.c.key), 1, 12)


@dataclass(frozen=True, slots=True)
class Reference:
    """One row of the cross-reference, as a person decides it.

    Attributes:
        id: Twelve letters by which commands name it.
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
        evidence, row.decided_by, row.changed_at,
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
        rows = _found(connection, ids)
        identities = _identities(connection)
        members: dict[str, set[Code]] = defaultdict(set)
        for (_, code), golden in identities.items():
            members[golden].add(code)
        keys = {entity: pairs.strong_keys(connection, entity) for entity in {row.entity_type for row in rows}}
        goldens: dict[str, str] = {}
        anchors: dict[tuple[str, Code], AnyRow] = {}
        for row in rows:
            codes = [Code(row.system, row.raw_code), *anchors_of(row.evidence)]
            known = {identities[row.entity_type, one] for one in codes if (row.entity_type, one) in identities}
            golden = goldens[row.id] = next(iter(known), row.golden_id)
            if len(known) > 1 or _rivals(codes, members[golden]):
                raise _second_identity(row, codes, _rivals(codes, members[golden]))
            _refuse_contradiction(row, keys[row.entity_type], codes, members[golden])
            anchors |= {(row.entity_type, one): row for one in codes[1:] if (row.entity_type, one) not in identities}
            identities |= {(row.entity_type, one): golden for one in codes}
            members[golden] |= set(codes)
        systems = {code.system for row in rows for code in (Code(row.system, row.raw_code), *anchors_of(row.evidence))}
        at = clock_of(connection, clock)()
        _set_state(connection, rows, "confirmed", decided_by, at, goldens)
        _confirm_anchors(connection, anchors, goldens, decided_by, at)
        fallen = [row for row in _waiting(connection) if _is_refuted(row, identities, members)]
        _set_state(connection, fallen, "superseded", decided_by, at)
        resolved = sum(
            resolve_references(connection, spec, system) for spec in SPECS.values() for system in sorted(systems)
        )
        return Decision(_read(connection, ids), resolved, len(fallen))


def reject(engine: Engine, ids: Sequence[str], decided_by: str, *, clock: Clock = utc_now) -> Decision:
    """Rejects proposals; the same pair is never proposed again.

    Raises:
        ConfigError (XD-XRF-001): There is no proposal of ours with such an id.
    """
    with translate_errors(), engine.begin() as connection:
        lock(connection, ["entity:code_xref"])
        _set_state(connection, _found(connection, ids), "rejected", decided_by, clock_of(connection, clock)())
        return Decision(_read(connection, ids))


def _waiting(connection: Connection) -> list[AnyRow]:
    """All proposals of ours."""
    wanted = select(_XREF, _ID.label("id")).where(
        _XREF.c.state == "proposed", _XREF.c.source == OWN, _XREF.c.deleted_at.is_(None)
    )
    return list(connection.execute(wanted.order_by(_XREF.c.key)).all())


def _identities(connection: Connection) -> dict[tuple[str, Code], str]:
    """Entity and code -> the identity that is confirmed, whoever said so."""
    confirmed = select(_XREF.c.entity_type, _XREF.c.system, _XREF.c.raw_code, _XREF.c.golden_id).where(
        _XREF.c.state == "confirmed", _XREF.c.deleted_at.is_(None)
    )
    return {(kind, Code(system, raw)): golden for kind, system, raw, golden in connection.execute(confirmed)}


def _found(connection: Connection, ids: Sequence[str]) -> list[AnyRow]:
    """The proposals with these ids, all of them."""
    rows = [row for row in _waiting(connection) if row.id in set(ids)]
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
    return rows


def _read(connection: Connection, ids: Sequence[str]) -> tuple[Reference, ...]:
    rows = connection.execute(select(_XREF, _ID.label("id")).where(_ID.in_(ids)).order_by(_XREF.c.key))
    return tuple(_reference(row) for row in rows)


def _rivals(codes: Sequence[Code], members: Collection[Code]) -> list[Code]:
    """Other codes by which the same systems already know the thing; within one system two codes are two things."""
    return sorted(one for one in members if one not in codes and one.system in {code.system for code in codes})


def _is_refuted(
    row: AnyRow, identities: Mapping[tuple[str, Code], str], members: Mapping[str, Collection[Code]]
) -> bool:
    """Whether a proposal is decided by what is confirmed: both codes have an identity, or one that another code took."""
    codes = [Code(row.system, row.raw_code), *anchors_of(row.evidence)]
    known = [identities[row.entity_type, code] for code in codes if (row.entity_type, code) in identities]
    return len(known) == len(codes) or any(_rivals(codes, members[golden]) for golden in known)


def _second_identity(row: AnyRow, codes: Sequence[Code], rivals: Sequence[Code]) -> ConfigError:
    both = " = ".join(f"{code.system} {code.raw}" for code in codes)
    if rivals:
        told = f"{rivals[0].system} {rivals[0].raw}"
        why = Text(f"这个对象在那里的编码已确认为 {told}", f"there it is already confirmed as {told}")
    else:
        why = Text("两个编码已分别确认为不同的对象", "the two codes are already confirmed as different things")
    return ConfigError(
        Text(f"{both} 不成立：{why.zh}。", f"{both} cannot be: {why.en}."),
        where=row.id,
        hint=Text(
            f"若确是同一个，先在提供它的数据源里改正；否则：crossdock xref reject {row.id}",
            f"Correct it where it was stated, or: crossdock xref reject {row.id}",
        ),
        code="XD-XRF-002",
    )


def _refuse_contradiction(
    row: AnyRow, keys: Mapping[Code, Mapping[str, set[str]]], codes: Sequence[Code], others: Collection[Code]
) -> None:
    found = (pairs.contradiction(keys, (one, other)) for one in codes for other in {*codes, *others} - {one})
    if wrong := next(filter(None, found), None):
        name, one, other = wrong
        raise ConfigError(
            Text(
                f"两个编码的{name.upper()}不同（{one}、{other}），不会是同一个对象。",
                f"The two codes have different {name.upper()}s ({one}, {other}); they cannot be one thing.",
            ),
            where=f"{row.id}: {' = '.join(f'{code.system} {code.raw}' for code in codes)}",
            hint=Text("先到提供它的数据源那里改正错的那个。", "Correct the wrong one in its system first."),
            code="XD-XRF-003",
        )


def _set_state(
    connection: Connection,
    rows: Sequence[AnyRow],
    state: str,
    decided_by: str,
    at: datetime,
    goldens: Mapping[str, str] | None = None,
) -> None:
    """Decides `rows`; those that `goldens` names by their id take the identity that their partner already has."""
    if not rows:
        return
    ensure_partitions(connection, at)
    mine = update(_XREF).where(_XREF.c.source == bindparam("of"), _XREF.c.key == bindparam("named"))
    decided = {"state": state, "decided_by": decided_by, "changed_at": at, "golden_id": bindparam("golden")}
    taken = goldens or {}
    named = [{"of": row.source, "named": row.key, "golden": taken.get(row.id, row.golden_id)} for row in rows]
    connection.execute(mine.values(decided), named)
    change = {"at": at, "run_id": 0, "entity": "code_xref", "batch_id": 0, "row_number": 0}
    fields = [{"state": [row.state, state], "decided_by": [row.decided_by, decided_by]} for row in rows]
    changes = [
        {**change, "source": row.source, "key": row.key, "fields": one} for row, one in zip(rows, fields, strict=True)
    ]
    connection.execute(insert(tables.change), changes)


def _confirm_anchors(
    connection: Connection,
    anchors: Mapping[tuple[str, Code], AnyRow],
    goldens: Mapping[str, str],
    decided_by: str,
    at: datetime,
) -> None:
    """The codes beside which others were proposed stand for the same things."""
    values = [
        {
            "source": OWN, "key": own_key(entity, code, goldens[row.id]), "entity_type": entity, "system": code.system,
            "scheme": "internal", "raw_code": code.raw, "norm_code": pairs.norm(code.raw), "golden_id": goldens[row.id],
            "state": "confirmed", "method": row.method, "score": row.score, "decided_by": decided_by, **envelope(at),
        }
        for (entity, code), row in anchors.items()
    ]  # fmt: skip
    if values:
        again = {"state": "confirmed", "decided_by": decided_by, "changed_at": at}
        make_partition(connection, _XREF, OWN)
        statement = upsert(_XREF).on_conflict_do_update(index_elements=["source", "key"], set_=again)
        connection.execute(statement, values)
