"""The mapping file that a suggestion amounts to: what is sure as fields, what is not as comments to decide on."""

from collections.abc import Iterator, Sequence

import yaml

from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from mappings.compiled import quote_name, quote_text
from mappings.suggest.match import CURRENCY, UNIT, Candidate, ColumnSuggestion, family

_CALLS = {Kind.QUANTITY: ("quantity", UNIT), Kind.MONEY: ("money", CURRENCY)}
_EXAMPLES = {UNIT: "个", CURRENCY: "CNY"}


def write_mapping(
    name: str,
    entity: str,
    suggestions: Sequence[ColumnSuggestion],
    *,
    title: str = "",
    constants: dict[str, str] | None = None,
) -> str:
    """The YAML of a mapping: complete where every required field has its column.

    Args:
        name: Name of the mapping.
        entity: The entity that the sheet is about.
        suggestions: What each column is.
        title: Name of the file, for the comment at the top.
        constants: `unit` and `currency` that hold for the whole sheet where it has no column of them.
    """
    return "\n".join([*_lines(name, entity, suggestions, _one_line(title), constants or {}), ""])


def missing_fields(entity: str, suggestions: Sequence[ColumnSuggestion]) -> list[str]:
    """Required fields, as entity.field, for which no column was taken."""
    taken = {one.accepted.target.name for one in suggestions if one.accepted}
    return [
        f"{each}.{field.name}"
        for each in stated_entities(entity, suggestions)
        for field in SPECS[each].fields.values()
        if field.is_required and field.name not in taken
    ]


def stated_entities(entity: str, suggestions: Sequence[ColumnSuggestion]) -> list[str]:
    """The entities that the sheet states: the one it is about, and its lines where a column is theirs alone."""
    theirs = {each for one in suggestions if one.accepted for each in one.accepted.target.entities[-1:]}
    return [each for each in family(entity) if each == entity or each in theirs]


def _lines(
    name: str, entity: str, suggestions: Sequence[ColumnSuggestion], title: str, constants: dict[str, str]
) -> Iterator[str]:
    yield f"# 由 crossdock mapping suggest 按 {title or '表头'} 建议；请核对，特别是带 ? 和 ! 的行。"
    yield "# Suggested by crossdock mapping suggest; check it, the lines with ? and ! above all."
    yield f"mapping: {_scalar(name)}"
    yield "entities:"
    by_field = {one.accepted.target.name: one for one in suggestions if one.accepted}
    for each in stated_entities(entity, suggestions):
        yield f"  {each}:"
        yield "    fields:"
        for field in SPECS[each].fields.values():
            one = by_field.get(field.name)
            if one and one.accepted and each in one.accepted.target.entities:
                yield _field(field, one, by_field, constants)
            elif field.is_required:
                yield f"      {field.name}: {_scalar(field.label.zh)}  # ! 必填，没有找到这一列 · required, no column was found"
    for one in suggestions:
        if one.accepted is None:
            yield f"# ? {_one_line(one.column)} → {_maybe(one.candidates)}"


def _field(
    field: FieldSpec, one: ColumnSuggestion, by_field: dict[str, ColumnSuggestion], constants: dict[str, str]
) -> str:
    why = f"  # {_percent(one.accepted)} {one.accepted.reason.zh if one.accepted else ''}"
    if field.kind not in _CALLS:
        return f"      {field.name}: {_scalar(one.column)}{_one_line(why)}"
    function, helper = _CALLS[field.kind]
    column = by_field.get(helper)
    if one.header_unit and helper == UNIT:
        second = quote_text(one.header_unit)
    elif column:
        second = _operand(column.column)
    elif helper in constants:
        second = quote_text(constants[helper])
    else:
        said = "单位" if helper == UNIT else "币种"
        sample = f"{field.name}: {function}({_operand(one.column)}, {quote_text(_EXAMPLES[helper])})"
        return f"      # ! {_one_line(sample)}  # 表里没有{said}列，填上后去掉 # · no column of the {helper}: fill it in, take out the #"
    return f"      {field.name}: {_scalar(f'{function}({_operand(one.column)}, {second})')}{_one_line(why)}"


def _operand(column: str) -> str:
    """The column inside an expression: in double quotes unless it is a plain Chinese word."""
    return column if column.isidentifier() and not column[0].isascii() else quote_name(column)


def _scalar(text: str) -> str:
    """The text as a YAML value that reads back as itself."""
    try:
        is_plain = "#" not in text and yaml.safe_load(f"a: {text}") == {"a": text}
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else yaml.safe_dump(text, allow_unicode=True, default_style='"', width=10_000).strip()


def _maybe(candidates: Sequence[Candidate]) -> str:
    listed = [f"{one.target.name}（{_percent(one)}，{one.reason.zh}）" for one in candidates]
    return f"maybe {'；'.join(map(_one_line, listed))}" if listed else "没有相近的字段 · no field is like it"


def _percent(one: Candidate | None) -> str:
    return f"{round(one.confidence * 100)}%" if one else ""


def _one_line(text: str) -> str:
    """The text as a YAML comment can hold it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
