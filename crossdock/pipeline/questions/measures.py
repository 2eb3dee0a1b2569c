"""What is asked where words above or below a table say another unit or power of ten than the mapping takes: 单位：吨, 金额单位为万元."""

from collections.abc import Iterator

from canonical_model.language import Text
from canonical_model.text import clip, half_width
from connectors.formats import notes
from crossdock.pipeline.questions.question import Question, Table
from mappings.inspection import Units, plain_amounts, units_of
from mappings.plan import Plan

_KINDS = (
    frozenset({"KGM", "GRM", "MGM", "MC", "TNE", "DTN", "LBR", "ONZ", "STN", "LTN"}),
    frozenset({"MTR", "CMT", "MMT", "DMT", "KMT", "HMT", "FOT", "INH", "YRD"}),
    frozenset({"LTR", "MLT", "MTQ", "CMQ", "GLL"}),
    frozenset({"MTK", "CMK", "DMK", "MMK", "FTK"}),
)
"""Units of which one can be told in another."""
PIECES = {"C62": "H87", "EA": "H87", "NAR": "H87"}
"""Other codes of a piece."""
_OF_DRAWINGS = frozenset({"MMT", "CMT"})
"""Units in which sizes stand beside any quantity."""
_Unit = tuple[str, str]


def unit_said_apart(table: Table, plan: Plan) -> Question | None:
    """Above or below the table stands another unit than the mapping writes, or a power of ten that it does not heed."""
    return None if table.is_json else _other_unit(table, plan) or _power(table, plan)


def _notes(table: Table) -> Iterator[str]:
    """What stands around the table and is no column of it."""
    for label, values in table.labels.items():
        if label not in table.columns:
            yield from (f"{label}：{value}" if value else label for value in values)


def _other_unit(table: Table, plan: Plan) -> Question | None:
    """The question where a note says a unit and the mapping another: 单位：吨 over quantity(净重, 'kg')."""
    said = [(note, *notes.units_of(note)) for note in _notes(table)]
    units = units_of(plan) if any(words for *_, words in said) else None
    if units is None or not units.written:
        return None
    for note, of, words in said:
        named = [one for word in words if (one := _unit(word, units))]
        column = _contradicted(named, units, is_of_all=of.lower()[:1] in {"", "数", "q"})
        if column:
            shown, unit = clip(note, 30), clip(words[0], 10)
            return Question(
                Text(
                    f"表的上方或下方写着“{shown}”，映射却自己给“{column}”写了别的单位。",
                    f"Above or below the table stands “{shown}”, and the mapping itself writes another unit for “{column}”.",
                ),
                Text(
                    f"在映射里改成那个单位，如 quantity({column}, '{unit}')",
                    f"Write that unit in the mapping, such as quantity({column}, '{unit}')",
                ),
                Text("映射写的单位就是对的", "if the unit of the mapping is right"),
            )
    return None


def _unit(word: str, units: Units) -> _Unit | None:
    form = half_width(word).strip().lower()
    found = units.spellings.get(form) or units.spellings.get(form.removesuffix("s"))
    return found and (PIECES.get(found[0], found[0]), found[1])


def _contradicted(named: list[_Unit], units: Units, *, is_of_all: bool) -> str:
    """The column of which the unit that the mapping writes is none of those that a note names; empty where none is."""
    written = {(PIECES.get(code, code), factor): column for (code, factor), column in units.written.items()}
    known = {*written, *((PIECES.get(code, code), factor) for code, factor in units.named)}
    if not named or known.intersection(named):
        return ""
    kinds = [kind for kind in _KINDS if any(code in kind for code, _ in named)]
    alike = (column for (code, _), column in written.items() if any(code in kind for kind in kinds))
    is_all = is_of_all and units.is_whole and not any(code in _OF_DRAWINGS for code, _ in named)
    return next(alike, next(iter(written.values())) if is_all else "")


def _power(table: Table, plan: Plan) -> Question | None:
    """The question where a note says that amounts are in thousands, which the mapping takes as they stand."""
    note = next((one for one in _notes(table) if notes.power_of(one)), "")
    amounts = plain_amounts(plan) if note else []
    if not amounts:
        return None
    shown, column = clip(note, 30), amounts[0]
    return Question(
        Text(
            f"表的上方或下方写着“{shown}”，映射把“{column}”照数字收。",
            f"Above or below the table stands “{shown}”, and the mapping takes “{column}” as its numbers stand.",
        ),
        Text(
            f"在映射里乘上去，如 money(number({column}) * 10000, 'CNY')，或请对方写进列名，如 金额(万元)",
            f"Multiply in the mapping, such as money(number({column}) * 10000, 'CNY'), or have it put into the name of the column",
        ),
        Text("数字已经是元", "if the numbers stand for single units already"),
    )
