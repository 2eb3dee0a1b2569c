"""`crossdock demo`: one order's story from a workbook to a WeCom card and back."""

from typing import Annotated

import typer

from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._faults import UsageError
from crossdock.cli._session import JsonOption, session


def demo(
    *,
    airflow: Annotated[bool, typer.Option("--airflow", help="接着用 Airflow 再跑一遍 · then again by Airflow")] = False,
    once: Annotated[bool, typer.Option("--once", help="跑完就退出，不停在那里 · end after one round")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="删除演示留下的一切 · delete all that the demo made")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """一分钟演示：表格 → 统一数据 → 异常 → 企业微信卡片（模拟） · the whole story in a minute, with a simulated WeCom.

    不需要账号、数据库或 Docker · needs no account, database or Docker.

    例 · examples:  crossdock demo    crossdock demo --once    crossdock demo --remove
    """
    with session(None, as_json) as one:
        if remove and (airflow or once):
            raise UsageError(Text("--remove 不能和别的选项一起用。", "--remove goes with no other option."))
        with one.screen.out_of_the_way():
            from crossdock import demo as story

            if remove:
                story.remove()
            else:
                code = story.run(airflow=airflow, once=once)
                one.code = ExitCode.NOT_AS_EXPECTED if code == 1 else code
        one.screen.document["exit_code"] = int(one.code)
