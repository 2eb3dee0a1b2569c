"""`crossdock replay`: what was landed, judged again with today's mapping."""

from typing import Annotated

import typer

from canonical_model.language import Text
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, session
from crossdock.cli._words import entity_label
from crossdock.cli.sync import ShownRun

_SHOWN = 10


def replay(
    source: Annotated[str, typer.Argument(metavar="数据源", help="数据源 · source", show_default=False)],
    stream: Annotated[str, typer.Argument(metavar="数据流", help="数据流 · stream", show_default=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只比较，不写入 · only compare, write nothing")] = False,
    rekey: Annotated[
        bool, typer.Option("--rekey", help="按映射现在的 key 从头重做 · make the records anew, under the key of today")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """用今天的映射把落地区的内容重判一遍，不发提醒 · judge all that was landed again with today's mapping, quietly.

    先 --dry-run 看差别，再去掉它正式重放；只回得到还保留着的落地文件 · look with --dry-run, then do it without; it
    reaches back as far as landed files are kept.

    例 · examples:  crossdock replay erp orders --dry-run    crossdock replay erp orders    crossdock replay erp orders --rekey
    """
    with session(home, as_json) as one:
        one.home.stream(source, stream)
        with one.store() as engine:
            from crossdock.pipeline.replay import replay as judge_again

            with one.screen.busy(Text(f"正在重放 {source}.{stream} …", f"Replaying {source}.{stream} …")):
                report = judge_again(one.home, engine, source, stream, rekey=rekey, dry_run=dry_run)
            one.screen.document |= ShownRun(one.screen, engine, report.run).run()
        differences: list[Document] = []
        for difference in report.differences:
            label = entity_label(difference.entity)
            counts = f"+{difference.added} −{difference.removed} ≠{difference.changed} ={difference.same}"
            one.screen.say(Text(f"{label.zh}：{counts}", f"{label.en}: {counts}"), indent=2)
            for key, fields in difference.sample[:_SHOWN]:
                one.screen.say(f"{key}  {fields if fields else ''}", style="dim", indent=4)
            differences.append(
                {
                    "entity": difference.entity,
                    "added": difference.added,
                    "removed": difference.removed,
                    "changed": difference.changed,
                    "same": difference.same,
                    "sample": [{"key": key, "fields": fields} for key, fields in difference.sample],
                }
            )
        one.screen.document |= {"differences": differences, "is_kept": report.is_kept, "bereft": dict(report.bereft)}
        for other, count in report.bereft.items():
            again = f"crossdock replay {source} {other}"
            one.screen.say(
                Text(
                    f"数据流 {other} 写过的字段，有 {count} 条记录不再有了；这次重放以后请运行 {again}，从落地内容里补回。",
                    f"What stream {other} had stated is gone from {count} records; after this replay run {again}, which takes it "
                    "from what was landed.",
                ),
                style="yellow",
                indent=2,
            )
        if not report.is_kept:
            one.screen.say(
                Text("以上只是比较，什么都没有写入。", "That was a comparison; nothing was written."), style="bold"
            )
