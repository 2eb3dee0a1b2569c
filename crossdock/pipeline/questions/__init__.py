"""What is asked before a table goes in: what tells its records apart may not be in each row, or its codes may be no codes."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from canonical_model.language import Text
from crossdock.pipeline.questions import columns, constants, records, values
from crossdock.pipeline.questions.called_off import called_off
from crossdock.pipeline.questions.measures import unit_said_apart
from crossdock.pipeline.questions.question import Question, Table
from crossdock.pipeline.questions.unusable import unusable_stock
from mappings.plan import Plan

__all__ = ["Question", "Table", "question_about"]

_SEVERAL = 2
_QUESTIONS = (
    columns.above_the_table,
    columns.currency_said_above,
    unit_said_apart,
    columns.price_of_many,
    constants.unit_left,
    constants.currency_left,
    constants.price_base_left,
    columns.sheet_of_a_place,
    columns.title_of_a_place,
    columns.sheets_of_periods,
    columns.sheet_of_all_places,
    columns.sheets_of_copies,
    columns.returns,
    columns.not_in_force,
    columns.line_called_off,
    values.written_once,
    values.list_apart,
    values.total_among,
    values.total_left,
    values.total_of_lots,
    columns.without_quantity,
    values.blank_column,
    columns.without_item,
    columns.without_price,
    columns.without_day,
    columns.revised,
    columns.in_parts,
    values.running_numbers,
    called_off,
    unusable_stock,
    values.codes_as_decimals,
    records.several_numbers,
    records.number_with_more,
    records.groups_among_items,
    records.others_among_parties,
    records.day_far_off,
)


def question_about(table: Table, plan: Plan, accepted: Collection[str] = ()) -> Question | None:
    """All that the table leaves open under the plan as one question, since it is approved as one; None where it is nothing.

    Args:
        table: What was read.
        plan: The mapping that it takes.
        accepted: Names of questions that are answered for good.
    """
    asked = [
        replace(question, names=(ask.__name__,))
        for ask in _QUESTIONS
        if ask.__name__ not in accepted and (question := ask(table, plan)) is not None
    ]
    if len(asked) < _SEVERAL:
        return asked[0] if asked else None
    remedies = _listed([one.remedy for one in asked], "；", "; ")
    otherwise = ("，".join(one.otherwise.zh for one in asked), ", ".join(one.otherwise.en for one in asked))
    return Question(
        _listed([one.fact for one in asked], "", " "),
        Text(f"改法：{remedies.zh}", f"What to write: {remedies.en}"),
        Text(f"都不用改（{otherwise[0]}）", f"if nothing is to be changed ({otherwise[1]})"),
        tuple(name for one in asked for name in one.names),
    )


def _listed(texts: Sequence[Text], zh: str, en: str) -> Text:
    """The texts with their numbers, and what stands between two of them."""
    return Text(
        zh.join(f"（{number}）{one.zh}" for number, one in enumerate(texts, 1)),
        en.join(f"({number}) {one.en}" for number, one in enumerate(texts, 1)),
    )
