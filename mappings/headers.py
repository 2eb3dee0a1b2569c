"""What a header says in brackets about its column: 重量(kg), 数量（箱）, 单价(元/kg), 金额(万元)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from canonical_model.codes import is_many
from canonical_model.text import half_width, simplified
from mappings.functions import POWERS
from mappings.spec import MappingFile, code_table

_BRACKETED = re.compile(r"^(.+?)\s*[(\[【]([^()\[\]【】]+)[)\]】]$")
_PRICED = re.compile(r"^(.*[^\s:])(?:\s+|\s*:\s*)([^\s/:]+/[^\s/]+)$")
_UPPER = re.compile(r"^([^()\[\]【】]+?)\s*[(\[【]([^()\[\]【】]+)[)\]】]\s+([^()\[\]【】]+)$")
"""重量(g) 毛重: a header in two rows, of which the upper one says the unit."""
_FORMS = (
    _BRACKETED,
    re.compile(r"^(.*[^\s/-])\s*[/-]\s*([^\s/-]+)$"),
    re.compile(r"^(.*\S)\s+(\S+)$"),
    re.compile(r"^(.+?)([¥$€£])$"),
    re.compile(r"^(.*[\u3400-\u9fff])((?i:rmb|cny|usd|eur|hkd|jpy|gbp))$"),
)
"""数量(箱), 数量/kg and 数量-箱, 数量 箱, 单价¥, 单价RMB; 单价 元/箱 and 单价:元/箱 are read before."""
_SIZE = re.compile(r".*(?:尺码|码数|号型|(?i:\bsizes?))\W*(?i:\d{0,2}x*[sml])\W*")
"""尺码 L and Size M are of clothes: no litres, no metres."""
_PERCENT = r"(?:\d+(?:\.\d+)?[%％])"
_TAX = re.compile(
    rf"(?:不?含|未|无|带){_PERCENT}?(?:增值)?税价?{_PERCENT}?|税[前后]价?|{_PERCENT}(?:增值税|税|专票|普票)?|不?含[运邮]费?"
    r"|(?:格式[:：]?)?(?:yyyy|yy|年)[-/.年]?(?:mm?|月)[-/.月]?(?:dd?|日)?日?(?:t?hh?:mm(?::ss)?)?"
    r"|(?:incl|excl|ex)\.? ?(?:tax|vat)|由?(?:供应商|供方|厂商|厂家|卖方|乙方|贵司)填写?|必填|选填|可选|(?:例?如|例|格式|e\.g\.)[:：]?.+"
)
_EACH = re.compile(r"/\s*([^\s/()\[\]【】]+)")
_SEVERAL = re.compile(r"0*(?:[1-9]\d+|[2-9])")
_THOUSAND = frozenset({"k", "m"})
"""Letters that stand for a thousand pieces."""
_BARE = frozenset(
    [
        "pcs",
        "pc",
        "ea",
        "kg",
        "g",
        "t",
        "m",
        "cm",
        "mm",
        "l",
        "ml",
        "m2",
        "m3",
        "cny",
        "rmb",
        "usd",
        "eur",
        "hkd",
        "jpy",
        "gbp",
    ]
)
"""Units and currencies that stand behind a name without brackets; other letters may be a word."""
_NO_UNIT = frozenset({"unit", "units", "单位", "一", "one"})
_FACTORS = {"百万": 10**6, "千万": 10**7, "百": 10**2, **POWERS}
PERCENT = "P1"
_OWN_UNITS = {
    "_kg": "KGM",
    "_mm": "MMT",
    "celsius": "CEL",
    "_days": "DAY",
    "_seconds": "SEC",
    "tax_rate": PERCENT,
    "discount_rate": PERCENT,
    "_percent": PERCENT,
}
_INTO: Mapping[str, Mapping[str, str]] = {
    "KGM": {"MGM": "0.000001", "GRM": "0.001", "TNE": "1000"},
    "MMT": {"CMT": "10", "DMT": "100", "MTR": "1000", "INH": "25.4", "FOT": "304.8"},
    "DAY": {"WEE": "7"},
    "SEC": {"MIN": "60", "HUR": "3600"},
}
"""How many of a unit another is, where that is exact."""
_OF_ONE_KIND = {"CEL": {"CEL", "FAH", "KEL"}, "SEC": {"SEC", "MIN", "HUR", "DAY", "WEE", "MON", "ANN"}}
"""Units of what a field holds, where its header often says something else in brackets."""


_WITHOUT_TAX = re.compile(
    r"不含?(?:\d+%)?(?:增值)?税|未税|无税|除税|税前"
    r"|(?i:\bexcl\w*\W*(?:of\W+)?(?:tax|vat)\b|\b(?:tax|vat)\W*excl\w*|\b(?:net|ex)\W+(?:of\W+)?(?:tax|vat)\b)"
)
_WITH_TAX = re.compile(
    r"含(?:\d+%)?(?:增值)?税|税后|带税|价税|(?i:\bincl\w*\W*(?:of\W+)?(?:tax|vat)\b|\b(?:tax|vat)\W*incl)"
)


def says_tax_included(header: str) -> bool | None:
    """Whether a price below `header` has tax in it: 含税单价 yes, 未税单价 no; 单价 and 含税/未税 do not say (None)."""
    rest, without = _WITHOUT_TAX.subn("", simplified(half_width(header)))
    has_tax = bool(_WITH_TAX.search(rest))
    return None if has_tax == bool(without) else has_tax


def own_unit(field: str) -> str:
    """The unit that belongs to a number field, as its name says: gross_weight_kg is in kg; empty for none."""
    return next((unit for end, unit in _OWN_UNITS.items() if field.endswith(end)), "")


def into(own: str) -> Mapping[str, str]:
    """Unit -> how many of the unit `own` it is, for all of which that is known; itself among them."""
    return {own: "1", **_INTO.get(own, {})}


@dataclass(frozen=True, slots=True)
class Measure:
    """A header's words about its numbers.

    Attributes:
        base: The header without its brackets.
        unit: The unit as written, empty where there is none.
        currency: The currency as written, empty where there is none.
        factor: What its numbers are multiplied by: 10000 for 万.
        each: The unit of which one costs so much, as written in 元/箱; empty where it is none that is known.
    """

    base: str
    unit: str = ""
    currency: str = ""
    factor: int = 1
    each: str = ""


def says_measure(measure: Measure | None) -> bool:
    """Whether a header says a unit, a currency or a power of ten."""
    return measure is not None and bool(measure.unit or measure.currency or measure.factor != 1)


class HeaderReader:
    """Reads the units and currencies in headers; what it does not know it leaves alone, and never guesses.

    Args:
        spec: The mapping, whose own spellings count too.
    """

    def __init__(self, spec: MappingFile) -> None:
        self._units = code_table(spec, "unit", "unit")[1]
        self._currencies = code_table(spec, "currency", "currency")[1]
        self.read = lru_cache(maxsize=None)(self._read)

    def _read(self, header: str) -> Measure | None:
        """What `header` says in its last brackets, or behind a blank or sign; None where that is no unit, currency or power of ten."""
        text = simplified(half_width(header)).rstrip("*:：")
        if _SIZE.fullmatch(text):
            return None
        priced = _PRICED.match(text)
        if priced and (measure := self._measure("".join(priced[1].split()), priced[2], is_bracketed=False)):
            return measure
        upper = _UPPER.match(text)
        if upper and (measure := self._measure("".join((upper[1] + upper[3]).split()), upper[2], is_bracketed=True)):
            return measure
        for form in _FORMS:
            if found := form.match(text):
                base, words = "".join(found[1].split()), "".join(found[2].split())
                if form is not _BRACKETED and "/" in text and self._is_packing(base, words):
                    return None
                if form is not _BRACKETED and words.isascii() and words.isalnum() and words.lower() not in _BARE:
                    return None  # 净重 Net, 单价 Case
                return self._measure(base, words, is_bracketed=form is _BRACKETED)
        return None

    def _is_packing(self, base: str, words: str) -> bool:
        """Whether 数量/箱 is how many there are in a box; 数量/kg names the unit, and so does 单价/箱."""
        code = self._units.get(words.lower(), ("", ""))[0]
        return "价" not in base and (code.startswith("X") or words in {"件", "套"})

    def _measure(self, base: str, words: str, *, is_bracketed: bool) -> Measure | None:
        said = [re.sub(r"^单位[:：]?", "", word.lower()) for word in re.split("[,，、;；]", words)]
        said = [word for word in said if not _TAX.fullmatch(word)]
        if not said and is_bracketed:
            return Measure(base)
        if len(said) != 1:
            return None
        if is_bracketed and said[0] in _FACTORS:
            return Measure(base, factor=_FACTORS[said[0]])
        for word, factor in (("", 1), *_FACTORS.items()) if is_bracketed else (("", 1),):
            if not said[0].startswith(word):
                continue
            rest = said[0].removeprefix(word)
            if word and not rest:
                return Measure(base, factor=factor)
            if rest in self._units and rest not in _NO_UNIT:
                return Measure(base, unit=rest, factor=factor)
            money, _, each = rest.partition("/")
            if money in self._currencies and not self.is_many(each):  # 元/千个 is another price
                return Measure(base, currency=money, factor=factor, each=each if each in self._units else "")
        return None

    def is_many(self, unit: str) -> bool:
        """Whether a price is for many pieces at once: 千个, kpcs, 打."""
        return unit in _THOUSAND or is_many(unit, self._units.get(unit, ("", ""))[0])

    def is_for_many(self, header: str) -> bool:
        """Whether a price below `header` is for many pieces at once, wherever that stands: 单价(元/千个) 未税, 单价(元/100个)."""
        each = (found[1].lower() for found in _EACH.finditer(simplified(half_width(header))))
        return any(self.is_many(one) or _SEVERAL.match(one) for one in each)

    def priced_by(self, header: str) -> tuple[str, str]:
        """(code, factor) of the unit of which one costs what stands below a price's header: 单价(元/箱), 单价/箱; empty where none is said."""
        measure = self.read(header)
        unit = (measure.each or measure.unit) if measure else ""
        return self._units[unit] if unit and unit not in _NO_UNIT else ("", "")

    def into(self, header: str, own: str) -> str | None:
        """How many of the unit `own` is what `header` names, as 0.001 for 毛重(g); None where that is no such unit."""
        measure = self.read(header)
        code, factor = self._units[measure.unit] if measure and measure.unit else (own, "1")
        if own in _OF_ONE_KIND and code not in _OF_ONE_KIND[own]:
            code, factor = own, "1"  # 温度(度), 标准工时(件): another kind of thing says nothing here
        known = into(own).get(code)
        return known and f"{Decimal(known) * Decimal(factor):f}"

    def code(self, unit: str) -> tuple[str, str]:
        """(code, factor) of a unit that `read` gave."""
        return self._units[unit]
