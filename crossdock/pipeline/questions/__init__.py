"""What is asked before a table goes in: what tells its records apart may not be in each row, or its codes may be no codes."""

from crossdock.pipeline.questions import columns, values
from crossdock.pipeline.questions.question import Question, Table
from mappings.plan import Plan

__all__ = ["Question", "Table", "question_about"]

_QUESTIONS = (
    columns.above_the_table,
    columns.currency_said_above,
    columns.price_of_many,
    columns.sheet_of_a_place,
    columns.title_of_a_place,
    columns.sheets_of_periods,
    values.written_once,
    values.list_apart,
    values.sum_of_others,
    columns.without_quantity,
    values.blank_quantity,
    columns.without_price,
    columns.without_day,
    columns.revised,
    columns.in_parts,
    values.running_numbers,
    values.called_off,
    values.codes_as_decimals,
)


def question_about(table: Table, plan: Plan) -> Question | None:
    """The first question that the table leaves open under the plan; None where there is none."""
    asked = (ask(table, plan) for ask in _QUESTIONS)
    return next(filter(None, asked), None)
