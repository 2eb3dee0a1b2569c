"""Which column is which field: by name, by meaning, by spelling, checked against the values; never a guess taken as sure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.language import Text
from canonical_model.text import half_width
from mappings.columns import normalise_header
from mappings.suggest.values import Sample, contradicts, doubts, proves, speaks_for
from mappings.suggest.words import DOUBTFUL, HEADS, SENSES, concepts

ACCEPTED = 0.8
"""Confidence from which a suggestion is taken; below it is only shown."""
MENTIONED = 0.45
"""Confidence from which an alternative is worth a mention."""
LINE = "line_number"
"""The field that makes an entity a line."""
UNIT, CURRENCY = "unit", "currency"
"""Targets beside the fields: the columns that give quantities their unit and amounts their currency."""

_EXACT, _ALIAS, _SAME, _FUZZY, _PROVEN = 1.0, 0.97, 0.94, 0.86, 0.82
_TIE = 0.02
_SECOND_CHOICE = 0.05
_SPELT_ALIKE = 90
_ALTERNATIVES = 3
_MONEY_AND_QUANTITY = (Kind.MONEY, Kind.QUANTITY)
_HEADER_UNIT = re.compile(r"^(.*?)[(（\[【]\s*([^()（）\[\]【】]+?)\s*[)）\]】]$")


@dataclass(frozen=True)
class Target:
    """What a column may be: a field of one or more of the entities, or a unit or currency.

    Attributes:
        name: The field's name, or `unit` or `currency`.
        entities: The entities that take it from the column.
        field: Its declaration.
        names: What it goes by.
    """

    name: str
    entities: tuple[str, ...]
    field: FieldSpec
    names: tuple[str, ...]

    @cached_property
    def meanings(self) -> tuple[frozenset[str], ...]:
        """What its names mean."""
        return tuple(dict.fromkeys(concepts(name) for name in self.names))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One field that a column may be.

    Attributes:
        target: The field.
        confidence: 0 to 1.
        reason: Why.
    """

    target: Target
    confidence: float
    reason: Text


@dataclass(frozen=True, slots=True)
class ColumnSuggestion:
    """What is suggested for one column.

    Attributes:
        column: Its header.
        accepted: The field that it is taken for; None where nothing is sure enough.
        candidates: What it may be, likeliest first.
        header_unit: Unit that the header states in brackets, as in 数量(吨); empty for none.
    """

    column: str
    accepted: Candidate | None
    candidates: tuple[Candidate, ...]
    header_unit: str = ""

    @property
    def first(self) -> Candidate | None:
        """What is taken, else the likeliest."""
        return self.accepted or next(iter(self.candidates), None)


def family(entity: str) -> tuple[str, ...]:
    """The entities that one flat sheet about `entity` states: itself and its lines, one of which stands in each row."""
    return (entity, *(name for name, spec in SPECS.items() if spec.parent == entity and LINE in spec.key))


def document_of(entity: str) -> str:
    """The entity itself, or for a line the document that it is a line of."""
    parent = SPECS[entity].parent
    return document_of(parent) if parent else entity


def suggest(entity: str, columns: Mapping[str, Sequence[str | None]]) -> list[ColumnSuggestion]:
    """What each column is, for a sheet about `entity`; no field is given to two columns.

    Args:
        entity: Name of the entity.
        columns: Header -> values, in the order of the sheet.
    """
    targets = _targets(entity)
    topic = _topic(entity)
    samples = {name: Sample.of(values) for name, values in columns.items()}
    found = {
        name: sorted(
            filter(None, (_candidate(name, sample, target, topic) for target in targets)),
            key=lambda one: -one.confidence,
        )
        for name, sample in samples.items()
    }
    _doubt_codes(found, samples)
    taken = _assign(found)
    by_target = {candidate.target.name: column for column, candidate in taken.items()}
    sure: dict[str, list[str]] = {}
    for name, listed in found.items():
        for one in listed:
            if one.confidence >= ACCEPTED:
                sure.setdefault(one.target.name, []).append(name)
    return [
        ColumnSuggestion(
            column=name,
            accepted=taken.get(name),
            candidates=tuple(
                _with_owner(one, name, by_target, [other for other in sure.get(one.target.name, []) if other != name])
                for one in candidates[:_ALTERNATIVES]
            ),
            header_unit=header_unit(name),
        )
        for name, candidates in found.items()
    ]


def header_unit(header: str) -> str:
    """The unit that a header states in brackets, in the words of the header; empty for none."""
    found = _HEADER_UNIT.match(half_width(header))
    return found[2] if found and Sample.of([found[2]]).listed("unit") else ""


def _without_unit(header: str) -> str:
    found = _HEADER_UNIT.match(half_width(header))
    return found[1] if found and header_unit(header) else header


def _targets(entity: str) -> list[Target]:
    """What the columns of a sheet about `entity` may be; a field of header and line is the line's, but for keys."""
    specs = [SPECS[name] for name in family(entity)]
    has_lines = len(specs) > 1
    found: dict[str, Target] = {}
    for spec in reversed(specs):  # lines first: a name that header and line share is the line's
        for field in spec.fields.values():
            if has_lines and spec is specs[0] and field.kind in _MONEY_AND_QUANTITY:
                continue  # the total of a document would stand on each of its lines
            there = found.get(field.name)
            if there is None:
                lines = {name for other in found.values() if spec.name not in other.entities for name in other.names}
                names = tuple(name for name in (field.label.zh, field.label.en, *field.aliases) if name not in lines)
                if names:
                    found[field.name] = Target(field.name, (spec.name,), field, names)
            elif field.is_required and field.name in spec.key:
                found[field.name] = Target(field.name, (spec.name, *there.entities), there.field, there.names)
    kinds = {target.field.kind for target in found.values()}
    if Kind.QUANTITY in kinds:
        found[UNIT] = _helper(UNIT, ("单位", "计量单位", "unit", "uom"))
    if Kind.MONEY in kinds and CURRENCY not in found:
        found[CURRENCY] = _helper(CURRENCY, ("币种", "币别", "currency"))
    order = [name for spec in specs for name in spec.fields]
    return sorted(found.values(), key=lambda one: order.index(one.name) if one.name in order else len(order))


def _helper(name: str, names: tuple[str, ...]) -> Target:
    label = Text(names[0], name.capitalize())
    field = FieldSpec(name, Kind.CODE, label, codes=name)
    return Target(name, (), field, names)


def _topic(entity: str) -> frozenset[str]:
    """What may be left out of a header since the whole sheet is about it."""
    words = frozenset().union(*(concepts(SPECS[name].label.zh) for name in family(entity)))
    parties = frozenset({"SUPPLIER", "CUSTOMER", "PARTY"})
    return (
        (words - SENSES - HEADS - {"LINE"})
        | (words & {"RECEIVED", "SHIPPED", "SALES"})
        | (parties if entity == "party" else frozenset())
    )


def _candidate(header: str, sample: Sample, target: Target, topic: frozenset[str]) -> Candidate | None:
    said = _without_unit(header) if target.field.kind is Kind.QUANTITY else header
    confidence, reason = _by_name(said, target, topic)
    meant = concepts(header)
    is_both = "/" in header and meant >= {"NAME", "CODE"}
    if (meant in DOUBTFUL or is_both) and confidence >= ACCEPTED:
        confidence, reason = (
            ACCEPTED - 0.1,
            _join(reason, Text("各系统用法不同", "systems differ in what they mean by it")),
        )
    if confidence >= MENTIONED and (spoken := speaks_for(target.field, sample)):
        confidence = max(confidence, min(confidence + 0.1, _EXACT), _PROVEN if confidence >= 0.6 else 0)
        reason = _join(reason, spoken)
    if confidence < ACCEPTED and (proof := proves(target.field, sample)):
        confidence, reason = _PROVEN, _join(reason if confidence >= MENTIONED else None, proof)
    against = contradicts(target.field, sample)
    if against is None and confidence < _ALIAS - _TIE:
        against = doubts(target.field, sample)
    if against:
        confidence, reason = min(confidence, ACCEPTED - 0.1) * 0.8, _join(reason, against)
    return Candidate(target, round(confidence, 2), reason) if confidence >= MENTIONED and reason else None


def _join(one: Text | None, other: Text) -> Text:
    return Text(f"{one.zh}；{other.zh}", f"{one.en}; {other.en}") if one and one.zh else other


def _by_name(header: str, target: Target, topic: frozenset[str]) -> tuple[float, Text]:
    """How well the header names the field, and why."""
    plain = _plain(header)
    for name in target.names:
        if plain == _plain(name):
            confidence = _EXACT if name in target.field.label else _ALIAS
            if header == name:
                return confidence, Text("与名称一致", "exactly its name")
            return confidence - 0.01, Text(f"写法同“{name}”", f"spelt like “{name}”")
    meant = concepts(header)
    best, alike = max(((_likeness(meant, meaning, topic), name) for meaning, name in _named(target)), default=(0.0, ""))
    spelt, near = max((fuzz.ratio(plain, _plain(name)), name) for name in target.names)
    if spelt >= _SPELT_ALIKE and best < _FUZZY and len(plain) > 3 and _senses(meant) == _senses(concepts(near)):
        return _FUZZY, Text(f"与“{near}”只差一两个字母", f"a letter or two from “{near}”")
    if best >= ACCEPTED:
        return best, Text(f"意思同“{alike}”", f"means the same as “{alike}”")
    return best, Text(f"与“{alike}”相近", f"close to “{alike}”")


def _named(target: Target) -> Iterable[tuple[frozenset[str], str]]:
    return ((concepts(name), name) for name in target.names)


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", normalise_header(header))


def _senses(meant: frozenset[str]) -> frozenset[str]:
    return meant & SENSES


def _likeness(one: frozenset[str], other: frozenset[str], topic: frozenset[str]) -> float:
    """How near two meanings are: 0.94 for the same, less for what only one of them says; a sense apart is far."""
    if not one or not other:
        return 0.0
    apart = one ^ other
    if (apart & SENSES) - topic:
        return 0.3
    confidence = _SAME
    shared = one & other
    if not shared:
        return 0.0
    for concept in apart:
        confidence -= _cost(concept, topic, one | other)
    return max(confidence, 0.0)


def _cost(concept: str, topic: frozenset[str], all_said: frozenset[str]) -> float:
    is_partners = bool(all_said & {"SUPPLIER", "CUSTOMER"}) and "SHIPPED" not in all_said
    if concept in {"DOCUMENT", "ORDER"} and is_partners and not all_said >= {"DOCUMENT", "ORDER"}:
        return 0.25  # a partner's code is not the number of its document
    if concept in topic or concept in {"PURCHASE", "DOCUMENT", "SOURCE", "KG", "RELATED"}:
        return 0.03
    if concept == "MANAGE":
        return 0.15
    if concept in {"CODE", "USE", "QUALITY", "DAYS", "PLACE"}:
        return 0.05
    if concept == "SUPPLIER" and all_said & {"PROMISED", "ANSWERED", "CONFIRMED", "SHIPPED"}:
        return 0.05
    if concept == "UNIT" and "WEIGHT" in all_said:
        return 0.05
    if concept == "LINE" and all_said & {"REMARK", "STATUS"}:
        return 0.05
    if concept in HEADS and concept != "NAME":
        return 0.12 if concept == "QTY" else 0.3
    if concept == "NAME":
        return 0.05 if all_said & {"PERSON", "DRIVER", "UNIT", "CURRENCY", "BRAND", "CATEGORY", "PROJECT"} else 0.22
    return 0.25


def _doubt_codes(found: dict[str, list[Candidate]], samples: Mapping[str, Sample]) -> None:
    """Holds back a code of a party, item or place that has many more values than the name beside it.

    In some sheets “vendor code” is the vendor's own number of the item.
    """
    sure: dict[str, list[str]] = {}
    for column, listed in found.items():
        for one in listed:
            if one.target.field.kind is Kind.REF and one.confidence >= ACCEPTED:
                sure.setdefault(one.target.name, []).append(column)
    for name, columns in sure.items():
        names = [column for column in columns if "CODE" not in concepts(column) and samples[column].values]
        for column in columns:
            many = len(set(samples[column].values))
            few = [other for other in names if many > 2 * len(set(samples[other].values)) + 2]
            if column in names or not few:
                continue
            why = Text(f"值比“{few[0]}”多得多", f"it has many more values than “{few[0]}”")
            found[column] = sorted(
                (
                    Candidate(one.target, ACCEPTED - 0.1, _join(one.reason, why)) if one.target.name == name else one
                    for one in found[column]
                ),
                key=lambda one: -one.confidence,
            )


def _assign(found: Mapping[str, Sequence[Candidate]]) -> dict[str, Candidate]:
    """The surest pairs of column and field first; of two columns equally sure of one field, neither.

    A column whose field is another's gets its second choice only where that is nearly as likely. Of a code and a
    name of the same thing the code is the reference.
    """
    pairs = sorted(
        (
            (candidate, column)
            for column, listed in found.items()
            for candidate in listed
            if candidate.confidence >= max(ACCEPTED, listed[0].confidence - _SECOND_CHOICE)
        ),
        key=lambda pair: -pair[0].confidence,
    )
    coded = {one.target.name for one, column in pairs if "CODE" in concepts(column)}
    pairs = [
        (one, column)
        for one, column in pairs
        if one.target.field.kind is not Kind.REF or one.target.name not in coded or "CODE" in concepts(column)
    ]
    taken: dict[str, Candidate] = {}
    given: set[str] = set()
    for candidate, column in pairs:
        name = candidate.target.name
        if column in taken or name in given:
            continue
        given.add(name)
        rivals = [
            other
            for other, its_column in pairs
            if other.target.name == name and its_column != column and its_column not in taken
        ]
        if all(candidate.confidence - other.confidence >= _TIE for other in rivals):
            taken[column] = candidate
    return taken


def _with_owner(one: Candidate, column: str, owners: Mapping[str, str], rivals: Sequence[str]) -> Candidate:
    """The candidate with the reason why it was not taken, where that is another column."""
    owner = owners.get(one.target.name)
    if owner == column:
        return one
    if owner is not None:
        return Candidate(one.target, one.confidence, _join(one.reason, Text(f"已给“{owner}”", f"taken by “{owner}”")))
    if one.confidence >= ACCEPTED and rivals:
        listed = "、".join(f"“{rival}”" for rival in rivals)
        return Candidate(
            one.target, one.confidence, _join(one.reason, Text(f"{listed}也一样像", f"{listed} just as much"))
        )
    return one
