"""What a partner is told of a file that waits."""

import pytest

from canonical_model.language import Text
from crossdock.pipeline.questions import Question
from crossdock.returned.marks import public

FACT = Text(
    "没有读到数量，也许是列名不认识。没用到的列：箱数、Qty。",
    "No quantity was read, e.g. since its column is not known by its name. Unused columns: 箱数, Qty.",
)


@pytest.mark.parametrize(
    "problem",
    [
        Question(FACT, Text("在映射里写 split(甲, '.', 1)", "Write split(甲, '.', 1) in it"), Text("没有", "if none")).for_run(7),
        Text(
            f"{FACT.zh}请核对文件；要按新的列读：crossdock run approve 7；文件有误：crossdock run discard 7。",
            f"{FACT.en} Check the file; to read it as it is: crossdock run approve 7; if it is wrong: crossdock run discard 7.",
        ),
        Text(f"[XD-MAP-012] {FACT.zh}", f"[XD-MAP-012] {FACT.en}"),
        FACT,
    ],
)  # fmt: skip
def test_a_partner_reads_what_was_seen_and_no_command(problem: Text) -> None:
    assert public(problem, ["partner"]) == FACT
