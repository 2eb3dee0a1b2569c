"""The composite values of the model: a number never stands without its unit, currency or zone."""

from datetime import datetime
from decimal import Decimal
from typing import NewType

from pydantic import BaseModel, ConfigDict

Code = NewType("Code", str)
"""A value of a code list, by its canonical code."""

Ref = NewType("Ref", str)
"""The code by which a source names a party, item or location; resolved to a golden identity by the store."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quantity(_Value):
    """An amount of something.

    Attributes:
        value: Scale 6, at most 18 digits before the point.
        unit: UN/ECE Recommendation 20 or 21 code ("KGM", "XCT").
        source_unit: The unit as the source wrote it ("箱").
    """

    value: Decimal
    unit: str
    source_unit: str


class Money(_Value):
    """An amount of money: scale 6, at most 18 digits before the point, and its ISO 4217 code."""

    amount: Decimal
    currency: str


class Instant(_Value):
    """A moment.

    Attributes:
        at: Aware, in UTC.
        offset_minutes: Offset from UTC at which the source stated it.
        tz_assumed: True where the source gave no zone and the source's setting was taken.
    """

    at: datetime
    offset_minutes: int
    tz_assumed: bool
