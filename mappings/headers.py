"""What a header says in brackets about its column: 重量(kg), 数量（箱）, 单价(元/kg), 金额(万元)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from canonical_model.text import half_width
from mappings.spec import MappingFile, code_table

_BRACKETS = re.compile(r"^(.+?)[(\[【]([^()\[\]【】]+)[)\]】][*:：]*$")
_FACTORS = {"百万": 10**6, "千万": 10**7, "千": 10**3, "万": 10**4, "亿": 10**8}
PERCENT = "P1"
_OWN_UNITS = {"_kg": "KGM", "_days": "DAY", "tax_rate": PERCENT, "discount_rate": PERCENT}


_WITHOUT_TAX = re.compile(
    r"不含?(?:\d+%)?(?:增值)?税|未税|无税|除税|税前|(?i:excl\w*\W*(?:of\W+)?(?:tax|vat)|(?:tax|vat)\W*excl|(?:net|ex)\W+(?:of\W+)?(?:tax|vat))"
)
_WITH_TAX = re.compile(
    r"含(?:\d+%)?(?:增值)?税|税后|带税|价税|(?i:incl\w*\W*(?:of\W+)?(?:tax|vat)|(?:tax|vat)\W*incl|gross)"
)


def says_tax_included(header: str) -> bool | None:
    """Whether a price below `header` has tax in it: 含税单价 yes, 未税单价 no, 单价 does not say (None)."""
    text = half_width(header)
    return False if _WITHOUT_TAX.search(text) else True if _WITH_TAX.search(text) else None


def own_unit(field: str) -> str:
    """The unit that belongs to a number field, as its name says: gross_weight_kg is in kg; empty for none."""
    return next((unit for end, unit in _OWN_UNITS.items() if field.endswith(end)), "")


@dataclass(frozen=True, slots=True)
class Measure:
    """A header's words about its numbers.

    Attributes:
        base: The header without its brackets.
        unit: The unit as written, empty where there is none.
        currency: The currency as written, empty where there is none.
        factor: What its numbers are multiplied by: 10000 for 万.
    """

    base: str
    unit: str = ""
    currency: str = ""
    factor: int = 1


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
        """What `header` says in its last brackets, None where that is no unit, currency or power of ten."""
        found = _BRACKETS.match("".join(half_width(header).split()))
        if not found:
            return None
        base, words = found[1], re.sub(r"^单位[:：]?", "", found[2].lower())
        for word, factor in (("", 1), *_FACTORS.items()):
            if not words.startswith(word):
                continue
            rest = words.removeprefix(word)
            if word and not rest:
                return Measure(base, factor=factor)
            if rest in self._units:
                return Measure(base, unit=rest, factor=factor)
            if (money := rest.partition("/")[0]) in self._currencies:
                return Measure(base, currency=money, factor=factor)
        return None

    def contradicts(self, header: str, field: str) -> bool:
        """Whether a header names another unit than the one that belongs to a number field."""
        measure, own = self.read(header), own_unit(field)
        return bool(measure and measure.unit and own and self._units[measure.unit] != (own, "1"))

    def code(self, unit: str) -> tuple[str, str]:
        """(code, factor) of a unit that `read` gave."""
        return self._units[unit]
