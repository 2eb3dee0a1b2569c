"""Evidence that two codes mean one thing, found in what the sources have stated: pairs of codes, best evidence first."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, text

from canonical_model.declaration import Kind
from canonical_model.entities import SPECS
from canonical_model.text import half_width
from canonical_model.validity import SCHEMES, is_restricted_gtin

MASTERS: Mapping[str, str] = {"item": "item_number", "party": "party_number", "location": "location_number"}
"""Entity with a golden identity -> the field that is its code."""

STRONG: Mapping[str, tuple[str, ...]] = {"item": ("gtin",), "party": ("uscc", "gln"), "location": ("gln",)}
"""Entity -> the identifiers that one thing alone may have."""

SIMILAR = 85
"""Least likeness in percent of names for a fuzzy proposal."""

MOST_FUZZY = 2_000
"""Codes that one search compares by name; the rest waits for the next one."""

_SAME_LINE = (
    ("purchase_order_line", "line_number", "order_response_line", "line_number"),
    ("purchase_order_line", "line_number", "shipment_line", "order_line_number"),
    ("purchase_order_line", "line_number", "goods_receipt_line", "order_line_number"),
    ("purchase_order_line", "line_number", "invoice_line", "order_line_number"),
    ("sales_order_line", "line_number", "shipment_line", "order_line_number"),
    ("sales_order_line", "line_number", "invoice_line", "order_line_number"),
)
_LEGAL_FORMS = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团|\b(co|ltd|inc|llc|gmbh|corp|company|limited)\b|[（）().,，]"
)


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A code as one source uses it."""

    system: str
    raw: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two codes that seem to mean one thing.

    Attributes:
        codes: Both, of different systems.
        method: Code of the list xref_method.
        score: From 0 to 1.
        evidence: What speaks for it.
    """

    codes: frozenset[Code]
    method: str
    score: Decimal
    evidence: Mapping[str, str | int]


def norm(code: str) -> str:
    """The form in which codes are compared: half-width, upper case, without blanks and dashes."""
    return re.sub(r"[\s\-_/]+", "", half_width(code)).upper()


def used_codes(connection: Connection, entity: str) -> set[Code]:
    """Every code of `entity` that some source uses, in master data or as a reference."""
    selects = [f'SELECT source, "{MASTERS[entity]}" FROM canonical.{entity} WHERE deleted_at IS NULL']
    for spec in SPECS.values():
        selects += [
            f'SELECT source, "{field.name}" FROM canonical.{spec.name} WHERE deleted_at IS NULL'
            for field in spec.fields.values()
            if field.refers_to == entity
        ]
    found = connection.execute(text(" UNION ".join(selects)))
    return {Code(source, code) for source, code in found if code}


def strong_keys(connection: Connection, entity: str) -> dict[Code, dict[str, set[str]]]:
    """Code -> identifier -> its valid values, wherever a source states the two together."""
    found: dict[Code, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in STRONG[entity]:
        for spec in SPECS.values():
            code = MASTERS[entity] if MASTERS[entity] in spec.fields else "item" if entity == "item" else ""
            if name not in spec.fields or code not in spec.fields:
                continue
            rows = connection.execute(
                text(
                    f'SELECT DISTINCT source, "{code}", "{name}" FROM canonical.{spec.name} '
                    f"WHERE deleted_at IS NULL AND \"{code}\" <> '' AND \"{name}\" <> ''"
                )
            )
            for source, raw, value in rows:
                if SCHEMES[name](value) and not (name == "gtin" and is_restricted_gtin(value)):
                    found[Code(source, raw)][name].add(value.zfill(14) if name == "gtin" else value)
    return found


def by_strong_key(keys: Mapping[Code, Mapping[str, set[str]]]) -> Iterator[Pair]:
    """Codes of different systems that share a strong key which no third code of either system has."""
    holders: dict[tuple[str, str], list[Code]] = defaultdict(list)
    for code, named in keys.items():
        for name, values in named.items():
            for value in values:
                holders[name, value].append(code)
    for (name, value), codes in sorted(holders.items()):
        yield from _pairs_of(codes, "strong_key", Decimal(1), {name: value})


def _pairs_of(codes: Iterable[Code], method: str, score: Decimal, evidence: Mapping[str, str | int]) -> Iterator[Pair]:
    by_system: dict[str, list[Code]] = defaultdict(list)
    for code in sorted(codes):
        by_system[code.system].append(code)
    single = [codes[0] for codes in by_system.values() if len(codes) == 1]  # two of one system would be a guess
    for one, other in combinations(single, 2):
        yield Pair(frozenset((one, other)), method, score, evidence)


def contradiction(keys: Mapping[Code, Mapping[str, set[str]]], codes: Iterable[Code]) -> tuple[str, str, str] | None:
    """(identifier, one value, another) where two of the codes have strong keys that cannot be of one thing."""
    for one, other in combinations([keys.get(code, {}) for code in sorted(codes)], 2):
        for name in set(one) & set(other):
            if not one[name] & other[name]:
                return name, min(one[name]), min(other[name])
    return None


def by_prior_pair(codes: Iterable[Code], confirmed: Iterable[Code]) -> Iterator[Pair]:
    """Codes that another system's confirmed code equals letter for letter, but for spelling."""
    known: dict[str, list[Code]] = defaultdict(list)
    for code in confirmed:
        known[norm(code.raw)].append(code)
    for code in codes:
        for other in known.get(norm(code.raw), ()):
            if other.system != code.system and len(norm(code.raw)) > 3:
                yield Pair(frozenset((code, other)), "prior_pair", Decimal("0.8"), {"code": other.raw})


def by_document(connection: Connection, entity: str, codes: set[Code]) -> Iterator[Pair]:
    """Codes that stand for one thing on documents: both on one line, or each on its own statement of one order line."""
    found: list[_Together] = []
    if entity == "item":
        found += _both_on_one_line(connection, codes)
        for left, left_line, right, right_line in _SAME_LINE:
            order = f"b.order_number = a.order_number AND b.{right_line} = a.{left_line}"
            found += _side_by_side(connection, left, right, "item", order)
    if entity == "party":
        for right in ("order_response", "shipment", "goods_receipt"):
            order = "b.order_number = a.order_number"
            found += _side_by_side(connection, "purchase_order", right, "supplier", order)
    documents: dict[frozenset[Code], list[_Together]] = defaultdict(list)
    partners: dict[tuple[Code, str], set[Code]] = defaultdict(set)
    for one in found:
        documents[frozenset((one.left, one.right))].append(one)
        partners[one.left, one.right.system].add(one.right)
        partners[one.right, one.left.system].add(one.left)
    for pair, together in sorted(documents.items(), key=lambda item: sorted(item[0])):
        code, other = sorted(pair)
        rivals = max(len(partners[code, other.system]), len(partners[other, code.system]))
        evidence: dict[str, str | int] = {
            "documents": sum(one.count for one in together),
            "example": together[0].example,
        }
        yield Pair(pair, "doc_pair", (Decimal("0.95") / rivals).quantize(Decimal("0.01")), evidence)


@dataclass(frozen=True, slots=True)
class _Together:
    left: Code
    right: Code
    count: int
    example: str


def _side_by_side(connection: Connection, left: str, right: str, field: str, order: str) -> Iterator[_Together]:
    rows = connection.execute(
        text(
            f"SELECT a.source, a.{field}, b.source, b.{field}, count(*), min(a.key) FROM canonical.{left} a "
            f"JOIN canonical.{right} b ON {order} AND b.source <> a.source WHERE a.deleted_at IS NULL "
            f"AND b.deleted_at IS NULL AND a.{field} <> '' AND b.{field} <> '' GROUP BY 1, 2, 3, 4"
        )
    )
    for source, code, other_source, other, count, example in rows:
        yield _Together(Code(source, code), Code(other_source, other), count, example)


def _both_on_one_line(connection: Connection, codes: set[Code]) -> Iterator[_Together]:
    systems: dict[str, list[Code]] = defaultdict(list)
    for code in codes:
        systems[norm(code.raw)].append(code)
    for spec in SPECS.values():
        if {"item", "partner_item_number"} <= set(spec.fields) and spec.fields["item"].kind is Kind.REF:
            found = connection.execute(
                text(
                    f"SELECT source, item, partner_item_number, count(*), min(key) FROM canonical.{spec.name} "
                    "WHERE deleted_at IS NULL AND item <> '' AND partner_item_number <> '' GROUP BY 1, 2, 3"
                )
            )
            for source, item, theirs, count, example in found:
                others = (code for code in systems.get(norm(theirs), ()) if code.system != source)
                for code in others:
                    yield _Together(Code(source, item), code, count, example)


def by_name(names: Mapping[Code, str], open_codes: set[Code], anchors: set[Code]) -> Iterator[Pair]:
    """Codes whose names read alike; every number in them must be the same.

    Args:
        names: Code -> its name and specification, as `known_names` gives them.
        open_codes: Codes without an identity.
        anchors: Codes beside which they may be proposed.
    """
    choices: dict[tuple[str, ...], list[Code]] = defaultdict(list)
    for code in sorted(anchors & set(names)):
        choices[_numbers(names[code])].append(code)
    for code in sorted(open_codes & set(names))[:MOST_FUZZY]:
        others = [one for one in choices[_numbers(names[code])] if one.system != code.system]
        alike = [names[one] for one in others]
        best = process.extract(names[code], alike, scorer=fuzz.token_sort_ratio, score_cutoff=SIMILAR, limit=2)
        if not best or (len(best) > 1 and best[0][1] == best[1][1]):
            continue  # nothing, or two that are as good
        name, likeness, place = best[0]
        evidence: dict[str, str | int] = {code.system: names[code], others[place].system: name}
        yield Pair(frozenset((code, others[place])), "fuzzy", Decimal(str(round(likeness * 0.009, 2))), evidence)


def _numbers(name: str) -> tuple[str, ...]:
    """M8×20 and M8×25 look alike and are not."""
    return tuple(sorted(re.findall(r"\d+(?:\.\d+)?", name)))


def known_names(connection: Connection, entity: str) -> dict[Code, str]:
    """Code -> name and specification from master data, in the form in which names are compared."""
    parts: Sequence[str] = ("name", "specification") if entity == "item" else ("name",)
    shown = ", ".join(f"coalesce({part}, '')" for part in parts)
    rows = connection.execute(
        text(
            f"SELECT source, {MASTERS[entity]}, concat_ws(' ', {shown}) FROM canonical.{entity} "
            "WHERE deleted_at IS NULL AND name <> ''"
        )
    )
    return {Code(source, code): plain_name(name) for source, code, name in rows}


def plain_name(name: str) -> str:
    """`name` without capitals, full-width letters, punctuation and legal forms."""
    return " ".join(_LEGAL_FORMS.sub(" ", half_width(name).lower()).split())
