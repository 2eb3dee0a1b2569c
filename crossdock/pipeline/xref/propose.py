"""Proposing: pairs of codes become proposals, each code beside an anchor whose golden identity it would take."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, insert, select

from canonical_model.clock import Clock, utc_now
from canonical_model.text import parse_json
from crossdock.pipeline.xref import pairs
from crossdock.pipeline.xref.pairs import Code, Pair
from crossdock.store.database import dump_json, lock, translate_errors
from crossdock.store.partitions import make_partition
from crossdock.store.tables import canonical

OWN = "crossdock"
"""The source under which our own decisions stand in `canonical.code_xref`."""

_NAMESPACE = UUID("6e1f1c1e-7c2b-4f0e-9b52-6a1f0c5b7d10")
_XREF = canonical["code_xref"]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A pair that is not proposed: both codes have a strong key, and they differ."""

    entity: str
    codes: tuple[Code, Code]
    method: str
    key: str
    values: tuple[str, str]


@dataclass(slots=True)
class Proposals:
    """What one search found.

    Attributes:
        made: Entity and method -> new proposals.
        blocked: Pairs that contradict themselves.
    """

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    blocked: list[Blocked] = field(default_factory=list)


def own_key(entity: str, code: Code, golden: str) -> str:
    """Key of our own row about `code`: one code may be proposed for several identities."""
    return "|".join((entity, code.system, "internal", code.raw, golden))


def envelope(at: datetime) -> dict[str, object]:
    """The rest of a row that no landing brought."""
    return {"stream": "xref", "batch_id": 0, "row_number": 0, "created_run": 0, "changed_run": 0,
            "created_at": at, "changed_at": at}  # fmt: skip


def propose(engine: Engine, entities: Iterable[str] = tuple(pairs.MASTERS), *, clock: Clock = utc_now) -> Proposals:
    """Looks through all that is stored for codes that mean one thing, and writes what is new as proposals.

    A pair that was rejected once is never proposed again, nor one that is decided or waits.
    """
    found = Proposals()
    with translate_errors(), engine.begin() as connection:
        lock(connection, ["entity:code_xref"])
        for entity in entities:
            _Search(connection, entity, clock(), found).run()
    return found


class _Search:
    def __init__(self, connection: Connection, entity: str, at: datetime, found: Proposals) -> None:
        self._connection, self._entity, self._at, self._found = connection, entity, at, found
        rows = connection.execute(
            select(_XREF.c.system, _XREF.c.raw_code, _XREF.c.golden_id, _XREF.c.state, _XREF.c.evidence).where(
                _XREF.c.entity_type == entity, _XREF.c.deleted_at.is_(None)
            )
        ).all()
        self._golden = {Code(r.system, r.raw_code): r.golden_id for r in rows if r.state == "confirmed"}
        self._known = {(Code(r.system, r.raw_code), r.golden_id) for r in rows}
        self._told = {
            frozenset((Code(r.system, r.raw_code), anchor)) for r in rows for anchor in anchors_of(r.evidence)
        }
        self._parents: dict[Code, Code] = {}
        first: dict[str, Code] = {}
        for row in rows:
            code = Code(row.system, row.raw_code)
            if row.state == "confirmed":
                self._join(code, first.setdefault(row.golden_id, code))
            if row.state == "proposed":
                for anchor in anchors_of(row.evidence):
                    self._join(code, anchor)
        self._taken: set[Code] = set()
        self._rows: list[dict[str, object]] = []

    def run(self) -> None:
        codes = pairs.used_codes(self._connection, self._entity)
        self._sizes = Counter(code.system for code in codes)
        keys = pairs.strong_keys(self._connection, self._entity)
        open_codes = codes - set(self._golden)
        self._add(pairs.by_strong_key(keys), keys)
        self._add(pairs.by_document(self._connection, self._entity, codes), keys)
        self._add(pairs.by_prior_pair(open_codes, self._golden), keys)
        anchors = set(self._golden) | {code for code in codes if code.system == self._largest()}
        names = pairs.known_names(self._connection, self._entity)
        self._add(pairs.by_name(names, open_codes - self._taken - anchors, anchors), keys)
        if self._rows:
            make_partition(self._connection, _XREF, OWN)
            self._connection.execute(insert(_XREF), self._rows)

    def _largest(self) -> str:
        return max(self._sizes, key=lambda system: (self._sizes[system], system), default="")

    def _add(self, found: Iterator[Pair], keys: Mapping[Code, Mapping[str, set[str]]]) -> None:
        """Proposes what no earlier proposal says already; codes that many know first, so that others join them."""
        for pair in sorted(found, key=lambda pair: self._rank(self._order(pair)[1]), reverse=True):
            code, anchor = self._order(pair)
            golden = self._golden.get(anchor) or str(uuid5(_NAMESPACE, f"{self._entity}|{anchor.system}|{anchor.raw}"))
            is_decided = pair.codes in self._told or (code, golden) in self._known or code in self._golden
            if is_decided or self._root(code) == self._root(anchor):
                continue
            if wrong := pairs.contradiction(keys, pair.codes):
                self._block(pair, code, anchor, wrong)
                continue
            self._join(code, anchor)
            self._taken.add(code)
            self._found.made[self._entity, pair.method] += 1
            self._rows.append(self._row(pair, code, anchor, golden))

    def _root(self, code: Code) -> Code:
        """The code that stands for all that are, or are proposed to be, the same as `code`."""
        while code in self._parents:
            code = self._parents[code]
        return code

    def _join(self, code: Code, other: Code) -> None:
        if self._root(code) != self._root(other):
            self._parents[self._root(code)] = self._root(other)

    def _block(self, pair: Pair, code: Code, anchor: Code, wrong: tuple[str, str, str]) -> None:
        name, *values = wrong
        ordered = (code, anchor) if code < anchor else (anchor, code)
        blocked = Blocked(self._entity, ordered, pair.method, name, (values[0], values[1]))
        if blocked not in self._found.blocked:
            self._found.blocked.append(blocked)

    def _order(self, pair: Pair) -> tuple[Code, Code]:
        """The code that would take an identity, and the one that has it or whose source knows more codes."""
        code, anchor = sorted(pair.codes, key=self._rank)
        return code, anchor

    def _rank(self, code: Code) -> tuple[bool, int, Code]:
        return code in self._golden, self._sizes[code.system], code

    def _row(self, pair: Pair, code: Code, anchor: Code, golden: str) -> dict[str, object]:
        evidence = {**pair.evidence, "anchor": {"system": anchor.system, "code": anchor.raw}}
        return {
            "source": OWN, "key": own_key(self._entity, code, golden), "entity_type": self._entity, "system": code.system,
            "scheme": "internal", "raw_code": code.raw, "norm_code": pairs.norm(code.raw), "golden_id": golden,
            "state": "proposed", "method": pair.method, "score": pair.score, "evidence": dump_json(evidence),
            **envelope(self._at),
        }  # fmt: skip


def anchors_of(evidence: str | None) -> Iterator[Code]:
    """The other code of a pair that we proposed; nothing for a row that a source stated."""
    try:
        told = parse_json(evidence or "null")
    except ValueError:
        return
    anchor = told.get("anchor") if isinstance(told, dict) else None
    if isinstance(anchor, dict):
        yield Code(str(anchor["system"]), str(anchor["code"]))
