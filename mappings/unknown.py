"""Values that say that they are unknown: stored as NULL with their text beside, never as zero and never as blank."""

import re
from collections.abc import Iterable, Mapping

from canonical_model.text import half_width
from mappings.functions import HALF_TO_FULL

_WORDS = (
    *(
        "待定",
        "待确认",
        "待补",
        "未定",
        "不详",
        "未知",
        "不明",
        "暂无",
        "暂缺",
        "不适用",
        "无",
        "没有",
        "长期",
        "长期有效",
        "永久",
    ),
    *("待確認", "待補", "不詳", "暫無", "暫缺", "不適用", "無", "沒有", "長期", "長期有效"),
    *("N/A", "NA", "#N/A", "N.A.", "TBD", "TBA", "TBC", "unknown", "not available", "not applicable"),
    *("null", "(null)", "<null>", "NaN", "none", "nil", "\\N", "~", "/", "//", "\\", "-", "--", "---", "—", "——", "–"),
)
OPEN = "[待未](?:定|[确確][认認]|[补補])|(?i)tb[adc]"
"""RE2 of those words that say that somebody still decides."""
_NO_DATE = (
    r"(?:1900|1970|0001)(?:[-/.年]0?1[-/.月]0?1日?|0101)(?:[ T]0?[08]:00(?::00(?:\.0+)?)?)?"
    r"|(?:0000-00-00|1900[-/]0?1[-/]0)(?: 00:00:00)?|00:00:00|9999(?:[-/.年]12[-/.月]31日?|1231)(?:[ T]00:00:00)?"
)
"""What a system writes that has no date, or none that ends anything."""


def unknown_pattern(own: Iterable[str]) -> str:
    """A regular expression (RE2) for the words that say "unknown": ours, and those that a mapping adds."""
    words = dict.fromkeys(half_width(word).lower() for word in (*_WORDS, *own))
    return "(?i)(?:" + "|".join((*("".join(map(_character, word)) for word in words), _NO_DATE)) + ")"


def _character(letter: str) -> str:
    forms = re.escape(letter) if letter.isascii() else letter
    if letter == " ":
        return r"\s+"
    full = HALF_TO_FULL.get(letter.upper())
    return f"(?:{forms}|{full})" if full else forms


def unknown_object(fields: Mapping[str, str]) -> str:
    """SQL of a JSON object {field: text} of the fields that say so; NULL where none does.

    Args:
        fields: Field -> SQL of its text where it says that it is unknown, else NULL.
    """
    if not fields:
        return "CAST(NULL AS VARCHAR)"
    pairs = ", ".join(f"'{field}', {text}" for field, text in fields.items())
    any_of = f"coalesce({', '.join(fields.values())})"
    return f"CASE WHEN {any_of} IS NOT NULL THEN CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR) END"


def unknown_merged(filled: Mapping[str, str], *, rows: str) -> str:
    """SQL of what remains unknown of one record that stands on several rows: a field that one of them fills is known.

    Args:
        filled: Field -> SQL of its value over all rows.
        rows: SQL of the list of the rows' objects.
    """
    known = ", ".join(f"""CASE WHEN {value} IS NOT NULL THEN '"{field}":null' END""" for field, value in filled.items())
    merged = f"list_reduce({rows}, lambda a, b: json_merge_patch(a, b), '{{}}'::JSON)"
    patched = f"json_merge_patch({merged}, '{{' || concat_ws(',', {known}) || '}}')"
    return f"CASE WHEN {rows} IS NOT NULL THEN nullif(CAST({patched} AS VARCHAR), '{{}}') END"
