"""The facts of an incident as a table for people: labels and code names from the canonical model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from canonical_model.codes import code_list
from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.language import Language, Text
from canonical_model.text import JsonValue
from crossdock.portal._moments import day, moment

_FIRST = ("purchase_order_line", "purchase_order")  # their labels hold where several entities name a field alike
_ENTITIES = (*_FIRST, *(name for name in SPECS if name not in _FIRST))
_HIDDEN = {"subject", "key", "sources", "problem_zh", "problem_en"}  # the title and the sentence say them in words
_PART_SUFFIXES = ("_unit", "_currency", "_id", "_offset", "_tz_assumed", "_source", "_source_unit")
_BEFORE = "_before"
_UNIT = "unit"  # beside several quantities of one row
_PLAIN = {
    "source": (Text("数据来源", "Source"), None),
    "stream": (Text("数据流", "Stream"), Kind.TEXT),
    "run": (Text("运行", "Run"), Kind.TEXT),
    "asked_at": (Text("停下的时间", "Asked at"), None),
    "days": (Text("天数", "Days"), Kind.INTEGER),
    "days_late": (Text("延误天数", "Days late"), Kind.INTEGER),
    "reason": (Text("原因", "Reason"), Kind.TEXT),
    "short": (Text("短缺数量", "Short by"), Kind.QUANTITY),
    "unit": (Text("单位", "Unit"), Kind.TEXT),
}
_LEAD = ("order_number", "line_number", "supplier", "buyer_contact", "item", "description")
_ORDER = (*_LEAD, *(field for name in _ENTITIES for field in SPECS[name].fields), *_PLAIN)
_RANK = {name: rank for rank, name in reversed(list(enumerate(_ORDER)))}  # the store keeps no order of its own


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the table; `before` is the former value where it was another one."""

    label: str
    value: str
    is_known: bool
    before: str = ""


@dataclass(frozen=True, slots=True)
class FactReader:
    """Words facts for one reader.

    Attributes:
        language: The reader's.
        zone: Zone of instants.
        sources: Source id -> what people call it.
        unknown: The word for a value that nobody stated.
    """

    language: Language
    zone: ZoneInfo
    sources: Mapping[str, str]
    unknown: str

    def table(self, facts: Mapping[str, JsonValue]) -> list[Fact]:
        """The facts that a person can read, in the order of the model.

        Units and currencies stand beside their numbers, and a former value (`ordered_before`) beside the present one.
        """
        return [self._fact(name, facts) for name in sorted(facts, key=_rank) if not _is_part(name, facts)]

    def _fact(self, name: str, facts: Mapping[str, JsonValue]) -> Fact:
        label, spec, kind = _label(name)
        value, before = (self._value(name, side, spec, kind, facts) for side in (name, name + _BEFORE))
        return Fact(label.get(self.language), value or self.unknown, bool(value), before if before != value else "")

    def _value(
        self, name: str, column: str, spec: FieldSpec | None, kind: Kind | None, facts: Mapping[str, JsonValue]
    ) -> str:
        raw = _plain(facts.get(column))
        if not raw:
            return ""
        if name == "source":
            return self.sources.get(raw) or raw
        match kind:
            case Kind.QUANTITY:
                unit = self._code("unit", facts.get(f"{name}_unit") or facts.get(_UNIT))
                return f"{_number(raw)} {unit}".strip()
            case Kind.MONEY:
                return f"{_number(raw)} {_plain(facts.get(f'{name}_currency'))}".strip()
            case Kind.NUMBER | Kind.INTEGER:
                return _number(raw)
            case Kind.CODE:
                return self._code(spec.codes if spec else None, raw)
            case Kind.FLAG:
                return {"true": Text("是", "yes"), "false": Text("否", "no")}.get(raw, Text(raw, raw)).get(
                    self.language
                )
            case Kind.TEXT | Kind.REF:
                return raw
        return self._time(raw)

    def _code(self, codes: str | None, value: JsonValue) -> str:
        raw = _plain(value)
        named = code_list(codes).entries.get(raw) if codes else None
        return named.get(self.language) if named else raw

    def _time(self, raw: str) -> str:
        """`raw` as a day or an instant where it is one by its form."""
        try:
            if len(raw) == len("2026-03-01"):
                return day(date.fromisoformat(raw), self.language)
            at = datetime.fromisoformat(raw) if len(raw) > len("2026-03-01T") else None
        except ValueError:
            return raw
        return moment(at, self.zone, self.language, with_year=True) if at and at.tzinfo else raw


def _is_part(name: str, facts: Mapping[str, JsonValue]) -> bool:
    """Whether the column is said beside another one, or says nothing to a person."""
    if name in _HIDDEN or (name.endswith(_BEFORE) and name.removesuffix(_BEFORE) in facts):
        return True
    if name == _UNIT:
        return any(_label(other)[2] is Kind.QUANTITY for other in facts)
    owners = (name.removesuffix(suffix) for suffix in _PART_SUFFIXES if name.endswith(suffix))
    return _find(name) is None and any(_find(owner) for owner in owners)


def _label(name: str) -> tuple[Text, FieldSpec | None, Kind | None]:
    spec = _find(name)
    if spec:
        return spec.label, spec, spec.kind
    if name in _PLAIN:
        return _PLAIN[name][0], None, _PLAIN[name][1]
    if name.endswith(_BEFORE):
        label, spec, kind = _label(name.removesuffix(_BEFORE))
        return Text(f"原{label.zh}", f"{label.en} before"), spec, kind
    words = name.replace("_", " ")
    return Text(words, words.capitalize()), None, None


def _find(name: str) -> FieldSpec | None:
    return next((SPECS[entity].fields[name] for entity in _ENTITIES if name in SPECS[entity].fields), None)


def _rank(name: str) -> tuple[int, str]:
    return _RANK.get(name, len(_ORDER)), name


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "、".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return "；".join(f"{name} {_plain(part)}" for name, part in value.items())
    return "" if value is None else str(value)


def _number(raw: str) -> str:
    """`raw` without the zeros that the store's six decimals add, in groups of three."""
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if not value.is_finite():
        return raw
    whole, _, fraction = f"{value:,f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
