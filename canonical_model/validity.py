"""What makes a value bad, said once in Python; `mappings/checks.py` says the same set-wise, and a test compares."""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from stdnum import ean
from stdnum.cn import uscc

from canonical_model.codes import code_list
from canonical_model.values import Instant, Money, Quantity

if TYPE_CHECKING:
    from canonical_model.declaration import FieldSpec

STEP = Decimal("0.000001")
"""Scale of every number; further digits are rounded half away from zero."""

LIMIT = Decimal(10) ** 18
"""Numbers of this size and above do not fit numeric(24,6)."""


def is_gtin(text: str) -> bool:
    """Whether `text` is a GTIN-8, -12, -13 or -14 with a right check digit (GS1 General Specifications 7.9)."""
    return text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14) and ean.is_valid(text)


def is_restricted_gtin(text: str) -> bool:
    """Whether the GTIN `text` is for use within one company only, so that two companies' equal ones mean nothing.

    Source: GS1 General Specifications 1.4: prefixes 02, 04 and 20 to 29; of GTIN-8 those that begin with 0 or 2.
    """
    if len(text) == 8:
        return text[0] in "02"
    return text.zfill(14)[1:3] in {"02", "04", *(str(prefix) for prefix in range(20, 30))}


def is_gln(text: str) -> bool:
    """Whether `text` is a 13-digit GLN with a right check digit."""
    return len(text) == 13 and is_gtin(text)


def is_uscc(text: str) -> bool:
    """Whether `text` is an 18-character 统一社会信用代码 with a right check character (GB 32100)."""
    return text.isascii() and text.isalnum() and len(text) == 18 and bool(uscc.is_valid(text))


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its usual form of 36 characters (RFC 9562)."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


SCHEMES: Mapping[str, Callable[[str], bool]] = {"gtin": is_gtin, "gln": is_gln, "uscc": is_uscc, "uuid": is_uuid}


def first_problem(spec: "FieldSpec", value: object) -> str | None:
    """The issue code of the first thing wrong with `value`, None when it is fine or absent."""
    match value:
        case None | bool() | Instant():
            return None
        case Quantity(value=amount, unit=unit, source_unit=source_unit):
            return (
                _number_problem(spec, amount)
                or (None if unit in code_list("unit").entries else "XD-UNT-001")
                or ("XD-TXT-002" if "\x00" in source_unit else None)
            )
        case Money(amount=amount, currency=currency):
            return _number_problem(spec, amount) or (
                None if currency in code_list("currency").entries else "XD-COD-001"
            )
        case Decimal() | int():
            return _number_problem(spec, Decimal(value))
        case str():
            return _text_problem(spec, value)
    return None


def _number_problem(spec: "FieldSpec", value: Decimal) -> str | None:
    if not value.is_finite() or abs(value) >= LIMIT:
        return "XD-NUM-002"
    value = value.quantize(STEP, ROUND_HALF_UP)
    if abs(value) >= LIMIT:
        return "XD-NUM-002"
    if spec.minimum is not None and value < spec.minimum:
        return "XD-NUM-003"
    return None


def _text_problem(spec: "FieldSpec", value: str) -> str | None:
    if spec.is_required and not value:
        return "XD-REQ-001"
    if len(value) > spec.max_length and not spec.scheme:  # whose length is checked with its digits
        return "XD-TXT-001"
    if "\x00" in value:
        return "XD-TXT-002"
    if spec.codes and value not in code_list(spec.codes).entries:
        return "XD-COD-001"
    if spec.scheme and not SCHEMES[spec.scheme](value):
        return "XD-CHK-001"
    return None
