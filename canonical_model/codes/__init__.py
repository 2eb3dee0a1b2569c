"""Code lists: one tab-separated file each, with names in both languages and the spellings that sources use."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from canonical_model.language import Text
from canonical_model.text import half_width

MULTIPLES = frozenset({"MIL", "CEN", "DZN", "GRO"})
"""Codes of so many pieces."""
_MANY = re.compile(r"[百千万亿\d]")


@dataclass(frozen=True, slots=True)
class CodeList:
    """One code list.

    Attributes:
        name: Its name, as `code('currency', …)` in a mapping says it.
        source: The standard or page that it comes from.
        entries: Code -> name.
        spellings: Spelling (see `forms`) -> (code, factor). The factor is 1 but for units: a 斤 is
            0.5 of the code KGM.
    """

    name: str
    source: str
    entries: Mapping[str, Text]
    spellings: Mapping[str, tuple[str, Decimal]]


def normalise(spelling: str) -> str:
    """The form in which spellings are compared: half-width, trimmed, lower case."""
    return half_width(spelling).lower()


def forms(spelling: str) -> tuple[str, ...]:
    """The forms under which a spelling is found: normalised, and as written (㎡ beside m2) in lower case.

    The mapping engine lowers letters and halves the usual full-width signs, but knows no NFKC.
    """
    return tuple(dict.fromkeys((normalise(spelling), spelling.strip().lower())))


def is_many(unit: str, code: str) -> bool:
    """Whether a price for a unit is for many pieces at once: 千个, kpcs, 打; `code` is the unit's, empty for none."""
    return code in MULTIPLES if code else bool(_MANY.search(unit))


def list_names() -> list[str]:
    """The names of all code lists."""
    return sorted(path.name.removesuffix(".tsv") for path in files(__name__).iterdir() if path.name.endswith(".tsv"))


@cache
def code_list(name: str) -> CodeList:
    """The code list called `name`.

    Raises:
        KeyError: There is no such list.
    """
    path = files(__name__) / f"{name}.tsv"
    if not path.is_file():
        raise KeyError(name)
    source, *lines = path.read_text(encoding="utf-8").splitlines()
    entries: dict[str, Text] = {}
    spellings: dict[str, tuple[str, Decimal]] = {}
    for row in csv.DictReader(lines, delimiter="\t"):
        code = row["code"]
        entries[code] = Text(row["zh"], row["en"])
        for spelling in (code, row["zh"], row["en"], *filter(None, (row["spellings"] or "").split(";"))):
            word, _, factor = spelling.partition("*")
            for form in forms(word):
                spellings.setdefault(form, (code, Decimal(factor or 1)))
    return CodeList(name, source.removeprefix("# "), entries, spellings)
