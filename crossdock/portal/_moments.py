"""Days and instants as a person reads them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from canonical_model.language import Language

_WEEKDAYS = "一二三四五六日"
_SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(on: date, language: Language) -> str:
    """The day with its weekday: "2026-03-05（周四）" or "5 Mar 2026 (Thu)"."""
    if language is Language.ZH:
        return f"{on.isoformat()}（周{_WEEKDAYS[on.weekday()]}）"
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year} ({_SHORT[on.weekday()]})"


def moment(at: datetime, zone: ZoneInfo, language: Language, *, with_year: bool = False) -> str:
    """The instant in `zone` to the minute: "11月22日 09:30" or "22 Nov 09:30", with its year where that is asked for."""
    local = at.astimezone(zone)
    if language is Language.ZH:
        year = f"{local.year}年" if with_year else ""
        return f"{year}{local.month}月{local.day}日 {local:%H:%M}"
    year = f" {local.year}" if with_year else ""
    return f"{local.day} {_MONTHS[local.month - 1]}{year} {local:%H:%M}"
