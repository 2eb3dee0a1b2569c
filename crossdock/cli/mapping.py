"""`crossdock mapping`: tests mappings by the cases beside them, and shows where fields come from."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Text
from canonical_model.text import clip
from crossdock.cli._exits import ExitCode
from crossdock.cli._faults import UsageError, as_document
from crossdock.cli._screen import Document, Screen
from crossdock.cli._session import HomeOption, JsonOption, Session, session

if TYPE_CHECKING:
    from crossdock.pipeline.cases import CaseOutcome, Difference
    from mappings.lineage import FieldLineage

group = typer.Typer(
    help="映射：按文件建议、用样例测试、查来历 · mappings: suggested for a file, tested by cases, traced to columns",
    no_args_is_help=True,
)
case_group = typer.Typer(help="映射的样例 · cases of a mapping", no_args_is_help=True)

_SHOWN = 20
_CLIPPED = 120
_KINDS = {
    "record": Text("记录", "record"),
    "issue": Text("问题", "issue"),
    "account": Text("行数不平", "rows do not add up"),
    "file": Text("文件", "file"),
}


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[映射…]", help="默认全部 · all mappings by default", show_default=False),
    ] = None,
    *,
    regen: Annotated[
        bool, typer.Option("--regen", help="把现在的结果写成期望值 · take what comes now as what is expected")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """运行映射旁边的样例，逐条指出哪里不同 · run the cases beside mappings and show each difference.

    样例在 mappings/<映射>.cases/<样例>/：input.*、expected.jsonl、issues.json，需要时还有 stream.yaml。
    自己的和自带的都会运行；有不同时以 4 结束。Own and shipped cases are run; ends with 4 where one differs.

    例 · examples:  crossdock mapping test    crossdock mapping test hengyuan/orders --regen
    """
    with session(home, as_json) as one:
        wanted = names or []
        if regen:
            _check_regen(wanted)
        with one.screen.busy(Text("正在运行样例 …", "Running cases …")):
            from crossdock.pipeline.cases import find_cases, run_case, write_expected

            cases = find_cases(own_mappings(one), wanted)
            outcomes = [run_case(case) for case in cases]
        shown: list[Document] = []
        one.screen.document["cases"] = shown
        for outcome in outcomes:
            written = regen and not _cannot_run(outcome) and write_expected(outcome)
            shown.append(_show(one.screen, outcome, is_written=written))
        if not cases:
            raise _no_cases(wanted)
        failed = sum(not outcome.holds for outcome in outcomes)
        one.screen.document |= {"passed": len(cases) - failed, "failed": failed}
        one.screen.say()
        total = Text(
            f"样例 {len(cases)} 个：通过 {len(cases) - failed}，不同 {failed}",
            f"{len(cases)} cases: {len(cases) - failed} passed, {failed} failed",
        )
        one.screen.say(total, style="bold green" if not failed else "bold red")
        if failed and not regen:
            one.code = ExitCode.NOT_AS_EXPECTED
        elif any(_cannot_run(outcome) for outcome in outcomes):
            one.code = ExitCode.MISUSED


def add(
    file: Annotated[Path, typer.Argument(metavar="文件", help="真实的输入 · a real input", show_default=False)],
    *,
    mapping: Annotated[str, typer.Option("--mapping", metavar="映射", help="要测的映射 · the mapping to test")],
    name: Annotated[str, typer.Option("--name", metavar="样例", help="样例的名字 · name of the case")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """把一个文件做成样例：复制它，并把映射现在的结果写成期望值 · make a case of a file and of what the mapping gives now.

    文件原样复制，请先去掉不该留下的内容 · the file is copied as it is; take out what must not stay.

    例 · example:  crossdock mapping case add 问题文件.xlsx --mapping hengyuan/orders --name bad_dates
    """
    with session(home, as_json) as one:
        from crossdock.cli.preview import check_readable
        from crossdock.pipeline.cases import add_case

        check_readable(file)
        outcome = add_case(one.home.path / "mappings", mapping, name, file)
        counts = (outcome.records.count("\n"), outcome.issues.count('"code":'))
        one.screen.document |= {"folder": str(outcome.case.folder), "records": counts[0], "issues": counts[1]}
        one.screen.say(
            Text(
                f"已建立样例 {outcome.case.folder}：记录 {counts[0]} 条，问题 {counts[1]} 个。",
                f"Made the case {outcome.case.folder}: {counts[0]} records, {counts[1]} issues.",
            ),
            style="green",
        )
        one.screen.say(
            Text(
                "请核对 expected.jsonl 和 issues.json：写下的是现在的结果，不一定是对的。",
                "Check expected.jsonl and issues.json: they hold what comes now, which is not yet what is right.",
            )
        )


def lineage(
    name: Annotated[str, typer.Argument(metavar="映射", help="映射的名字 · name of the mapping", show_default=False)],
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="文件", help="按这个文件的表头 · by the header of this file")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="数据源", help="按最近收到的表头 · by the header received last"),
    ] = None,
    stream: Annotated[
        str | None, typer.Option("--stream", metavar="数据流", help="该数据源的哪条数据流 · of which stream")
    ] = None,
    run: Annotated[
        int | None, typer.Option("--run", metavar="编号", help="这次运行当时用的 · as a run took it at the time")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """每个字段来自哪些列、经过什么表达式 · which columns and expression each field comes from.

    都不给时，列名按映射里的写法 · without a file, stream or run, columns are called as the mapping calls them.

    例 · examples:  crossdock mapping lineage generic/purchase_order --file 采购订单.xlsx
               crossdock mapping lineage generic/purchase_order --source erp --stream purchase_orders
               crossdock mapping lineage generic/purchase_order --run 12
    """
    with session(home, as_json) as one:
        if (source is None) != (stream is None) or sum(each is not None for each in (file, source, run)) > 1:
            raise UsageError(
                Text(
                    "请给 --file，或 --run，或同时给 --source 和 --stream。",
                    "Give --file, or --run, or --source together with --stream.",
                ),
                hint=Text("用法见 crossdock mapping lineage --help。", "See crossdock mapping lineage --help."),
            )
        from mappings.lineage import lineage as lineage_of
        from mappings.lineage import lineage_without_header
        from mappings.plan import make_plan
        from mappings.spec import find_mapping

        spec = find_mapping(name, own_mappings(one))
        absent: list[tuple[str, str]] = []
        if run is not None:
            listed = _lineage_stored(one, run, name)
        elif file or source:
            columns, is_json = _header_of_file(file) if file else _header_landed(one, str(source), str(stream))
            plan = make_plan(spec, header=columns, is_json=is_json, timezone="UTC")
            listed = lineage_of(plan)
            absent = [(entity.entity.name, field) for entity in plan.entities for field in entity.absent]
        else:
            listed = lineage_without_header(spec)
        one.screen.rows(
            (Text("实体", "entity"), Text("字段", "field"), Text("表达式", "expression"), Text("来源列", "columns")),
            [
                (each.entity, each.field, each.expression, "、".join(each.columns) or Text("（常量）", "(constant)"))
                for each in listed
            ],
            indent=0,
        )
        if absent:
            names = "、".join(f"{entity}.{field}" for entity, field in absent)
            one.screen.say(
                Text(f"表里没有对应的列，不写：{names}", f"Not stated, since their columns are not there: {names}")
            )
        one.screen.document |= {"mapping": name, "fields": listed, "absent": [".".join(both) for both in absent]}


def _lineage_stored(one: Session, run: int, mapping: str) -> "list[FieldLineage]":
    """What the run stored by the mapping, as both were then.

    Raises:
        ConfigError (XD-CFG-074, XD-CFG-116): There is no such run, or it took nothing by the mapping.
    """
    from crossdock.cli.issues import check_run
    from crossdock.pipeline.lineage import lineage_of_run
    from crossdock.store.database import translate_errors

    with one.store() as engine, translate_errors(), engine.connect() as connection:
        check_run(connection, run)
        listed = lineage_of_run(connection, run, mapping)
    if not listed:
        raise ConfigError(
            Text(
                f"运行 {run} 没有按映射 {mapping} 存过内容，或后来由另一次运行重新处理了。",
                f"Run {run} stored nothing by {mapping}, or another run has judged it again since.",
            ),
            hint=Text(f"它用了什么：crossdock runs show {run}。", f"What it took: crossdock runs show {run}."),
            code="XD-CFG-116",
        )
    return listed


def _header_of_file(file: Path) -> tuple[list[str], bool]:
    """The columns of the largest table of a file, and whether it is JSON.

    Raises:
        ConfigError: It cannot be read, or holds no table.
    """
    from crossdock.cli.suggest import largest_table

    table = largest_table(file)
    return table.columns, table.is_json


def _header_landed(one: Session, source: str, stream: str) -> tuple[list[str], bool]:
    """The columns of what was last landed of a stream, and whether it is JSON.

    Raises:
        ConfigError (XD-CFG-115): Nothing was landed yet.
    """
    from sqlalchemy import select

    from crossdock.store.database import translate_errors
    from crossdock.store.tables import batch

    one.home.stream(source, stream)
    last = select(batch).where(batch.c.source == source, batch.c.stream == stream, batch.c.rows_read > 0)
    with one.store() as engine, translate_errors(), engine.connect() as connection:
        row = connection.execute(last.order_by(batch.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise ConfigError(
            Text(f"{source}.{stream} 还没有收到过内容。", f"Nothing of {source}.{stream} was landed yet."),
            hint=Text(
                f"先运行 crossdock sync {source}.{stream}，或用 --file。",
                f"Run crossdock sync {source}.{stream} first, or use --file.",
            ),
            code="XD-CFG-115",
        )
    return list(row.columns), bool(row.is_json)


def own_mappings(one: Session) -> Path | None:
    """The deployment's own mappings, where the command runs in one."""
    try:
        return one.home.mappings
    except CrossdockError:
        if one.path:
            raise
        return None


def _check_regen(names: list[str]) -> None:
    if os.environ.get("CI"):
        raise ConfigError(
            Text("持续集成里不能用 --regen。", "--regen is refused in continuous integration."),
            hint=Text("期望值要由人核对。", "A person must look at what is expected."),
            code="XD-CFG-110",
        )
    if not names:
        raise ConfigError(
            Text("--regen 要指明映射。", "--regen needs the names of mappings."),
            hint=Text(
                "例如 crossdock mapping test hengyuan/orders --regen。",
                "Such as crossdock mapping test hengyuan/orders --regen.",
            ),
            code="XD-CFG-110",
        )


def _no_cases(names: list[str]) -> ConfigError:
    listed = ", ".join(names)
    return ConfigError(
        Text(f"{listed or '映射'} 旁边没有样例。", f"There are no cases beside {listed or 'the mappings'}."),
        hint=Text(
            "用 crossdock mapping case add 文件 --mapping 映射 --name 样例 建一个。",
            "Make one with crossdock mapping case add FILE --mapping NAME --name CASE.",
        ),
        code="XD-CFG-114",
    )


def _cannot_run(outcome: "CaseOutcome") -> bool:
    return outcome.problem is not None and not outcome.records and not outcome.issues


def _show(screen: Screen, outcome: "CaseOutcome", *, is_written: bool) -> Document:
    """Tells one case and gives it as a document."""
    case = outcome.case
    title = f"{case.mapping}/{case.name}"
    if is_written:
        screen.say(Text(f"✎ {title}：已写下新的期望值", f"✎ {title}: expected files written"), style="cyan")
    elif outcome.holds:
        screen.say(f"✓ {title}", style="green")
    else:
        screen.say(f"✗ {title}", style="bold red")
    if outcome.problem and not is_written:
        screen.say(outcome.problem.render(screen.language), indent=4)
    for difference in outcome.differences[:_SHOWN] if not is_written else ():
        _show_difference(screen, difference)
    if len(outcome.differences) > _SHOWN and not is_written:
        more = len(outcome.differences) - _SHOWN
        screen.say(Text(f"……还有 {more} 处不同", f"… and {more} more differences"), indent=4)
    return {
        "mapping": case.mapping,
        "case": case.name,
        "origin": "own" if case.own else "shipped",
        "passed": outcome.holds,
        "written": is_written,
        "problem": as_document(outcome.problem) if outcome.problem else None,
        "differences": list(outcome.differences),
    }


def _show_difference(screen: Screen, one: "Difference") -> None:
    kind = _KINDS[one.what]
    place = Text(f"{kind.zh} {one.place}", f"{kind.en} {one.place}")
    if (one.expected is not None and one.got is not None) or one.field:
        field = Text(f" 的 {one.field}", f", {one.field}") if one.field else Text("", "")
        nothing = Text("（空）", "(empty)")
        screen.say(Text(place.zh + field.zh, place.en + field.en), indent=4)
        screen.say(_side(Text("应为", "expected"), one.expected, nothing), style="green", indent=8)
        screen.say(_side(Text("实为", "got"), one.got, nothing), style="red", indent=8)
    elif one.got is None:
        screen.say(Text(f"{place.zh}：缺少", f"{place.en}: missing"), indent=4)
        screen.say(f"- {clip(one.expected or '', _CLIPPED)}", style="green", indent=8)
    else:
        screen.say(Text(f"{place.zh}：多出", f"{place.en}: not expected"), indent=4)
        screen.say(f"+ {clip(one.got, _CLIPPED)}", style="red", indent=8)


def _side(label: Text, value: str | None, nothing: Text) -> Text:
    return Text(
        f"{label.zh} {nothing.zh if value is None else clip(value, _CLIPPED)}",
        f"{label.en} {nothing.en if value is None else clip(value, _CLIPPED)}",
    )
