"""What the values of a column say about the field that it may be: for, against, or nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from canonical_model.codes import code_list, forms
from canonical_model.declaration import FieldSpec, Kind
from canonical_model.language import Text
from canonical_model.text import half_width
from canonical_model.validity import SCHEMES

_NUMBER = re.compile(r"[-+(]?[¥￥$€£]?\s?(\d{1,3}([, ]\d{3})+|\d+)([.,]\d+)?\s?[%万亿元]?[-)]?")
_DATE = re.compile(
    r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?([ T].*)?|\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3})[-/. ]\d{4}([ T].*)?"
    r"|(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])|[2-7]\d{4}(\.\d+)?"
)
_SIGNED_DATE = re.compile(r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}.*")
_FRACTION = re.compile(r"\d+\.\d+")
_PARTY = re.compile(r"公司|集团|厂$|商行|经营部|\b(ltd|inc|gmbh|co|corp|llc|s\.a|bv)\b\.?", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FLAGS = frozenset(
    ["是", "否", "有", "无", "y", "n", "yes", "no", "true", "false", "1", "0", "√", "×", "t", "f", "启用", "停用"]
)
_MOST, _SOME, _FEW = 0.9, 0.6, 0.3
_ENOUGH = 3
_OWN_WORD = frozenset({"unit", "currency", "country", "incoterm"})
"""Lists whose values are told from those of any other column."""


@dataclass(frozen=True)
class Sample:
    """The values of one column, those that are not empty.

    Attributes:
        values: As received.
    """

    values: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[str | None]) -> "Sample":
        """The sample of a column's values."""
        return cls(tuple(half_width(value) for value in values if value and value.strip()))

    def share(self, pattern: re.Pattern[str]) -> float:
        """How much of it the pattern describes as a whole."""
        return self._share([bool(pattern.fullmatch(value)) for value in self.values])

    def listed(self, name: str) -> float:
        """How much of it is a code, name or spelling of a code list."""
        spellings = code_list(name).spellings
        return self._share([any(form in spellings for form in forms(value)) for value in self.values])

    def valid(self, scheme: str) -> float:
        """How much of it has a right check digit."""
        return self._share([SCHEMES[scheme](value) for value in self.values])

    @cached_property
    def numbers(self) -> float:
        """How much of it is numbers."""
        return self.share(_NUMBER)

    @cached_property
    def dates(self) -> float:
        """How much of it is dates, in any spelling that may be one."""
        return self.share(_DATE)

    @cached_property
    def counts(self) -> bool:
        """Whether it counts 1, 2, 3 or 10, 20, 30 like the lines of a document."""
        if len(self.values) < _ENOUGH or not all(value.isdecimal() for value in self.values):
            return False
        steps = [int(b) - int(a) for a, b in pairwise(self.values)]
        return sum(step in {1, 10, 100} for step in steps) >= _MOST * len(steps)

    @cached_property
    def flags(self) -> bool:
        """Whether it says yes or no."""
        return {value.lower() for value in self.values} <= _FLAGS

    @cached_property
    def parties(self) -> float:
        """How much of it is names of companies."""
        return self._share([bool(_PARTY.search(value)) for value in self.values])

    @cached_property
    def mails(self) -> float:
        """How much of it is addresses of electronic mail."""
        return self.share(_MAIL)

    def _share(self, is_so: list[bool]) -> float:
        return sum(is_so) / len(is_so) if is_so else 0.0


def contradicts(field: FieldSpec, sample: Sample) -> Text | None:
    """Why the values cannot be those of the field; None where they may be."""
    if not sample.values:
        return None
    match field.kind:
        case Kind.DAY | Kind.INSTANT if sample.dates < _SOME:
            return Text("值不像日期", "the values are no dates")
        case Kind.QUANTITY | Kind.MONEY | Kind.NUMBER | Kind.INTEGER if sample.numbers < _SOME:
            return Text("值不像数字", "the values are no numbers")
        case Kind.INTEGER if sample.share(_FRACTION) > _FEW:
            return Text("值有小数", "the values have fractions")
        case Kind.CODE if field.codes in _OWN_WORD and sample.listed(field.codes) < _SOME:
            return Text(f"值不在代码表 {field.codes} 里", f"the values are not in the list {field.codes}")
        case Kind.FLAG if not sample.flags:
            return Text("值不像是/否", "the values are not yes or no")
        case Kind.REF | Kind.TEXT | Kind.CODE if sample.share(_SIGNED_DATE) > _SOME:
            return Text("值是日期", "the values are dates")
        case Kind.REF | Kind.TEXT if sample.counts and not field.name.endswith(("line_number", "_number")):
            return Text("值像行号", "the values count lines")
        case Kind.REF if sample.share(_FRACTION) > _SOME:
            return Text("值有小数，不像编码", "the values have fractions and are no codes")
    if field.scheme and sample.valid(field.scheme) < _SOME:
        return Text("校验位不对", "the check digits are wrong")
    return None


def doubts(field: FieldSpec, sample: Sample) -> Text | None:
    """Why the values make one hesitate where the header is not the field's very name; None for nothing."""
    if field.kind is Kind.CODE and field.codes and sample.values and not sample.listed(field.codes):
        return Text(f"值都不在代码表 {field.codes} 里", f"no value is in the list {field.codes}")
    return None


def proves(field: FieldSpec, sample: Sample) -> Text | None:
    """Why the values can hardly be those of another field, whatever the header says; None where they may."""
    distinct = len(set(sample.values))
    if field.scheme and distinct >= _ENOUGH and sample.valid(field.scheme) >= _MOST:
        return Text(f"校验位都对（{field.scheme}）", f"the check digits are right ({field.scheme})")
    is_told = field.kind is Kind.CODE and field.codes in _OWN_WORD and sample.values and sample.numbers < _FEW
    return speaks_for(field, sample) if is_told else None


def speaks_for(field: FieldSpec, sample: Sample) -> Text | None:
    """What in the values makes the field likelier among others of a like name; None for nothing."""
    if field.kind is Kind.CODE and field.codes and sample.values and sample.listed(field.codes) >= _MOST:
        return Text(f"值都在代码表 {field.codes} 里", f"the values are in the list {field.codes}")
    if field.kind is Kind.FLAG and sample.values and sample.flags:
        return Text("值是是/否", "the values are yes or no")
    if field.name.endswith("email") and sample.mails >= _MOST:
        return Text("值是邮箱", "the values are e-mail addresses")
    if field.name == "name" and sample.parties >= _SOME:
        return Text("值是公司名称", "the values are names of companies")
    return None
