"""`crossdock runs`: what earlier runs did, and where every row and record of one went."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canonical_model.language import Text
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import COUNTED, COUNTS, RUN_STATUS, entity_label, moment, stored_text
from crossdock.cli.issues import check_run
from crossdock.cli.sync import ShownRun, choose_streams

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crossdock.pipeline import RunReport
    from crossdock.store.database import AnyRow

group = typer.Typer(
    help="运行记录：列出，或看一次运行里每一行的去向 · runs: list them, or where every row of one went",
    no_args_is_help=True,
)

_SHOWN_ISSUES = 10
_SHOWN_CHANGES = 10
_KINDS = {
    "sync": Text("同步", "sync"),
    "replay": Text("重放", "replay"),
    "backfill": Text("补录", "backfill"),
}


def list_(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[数据源[.数据流]]", help="默认全部 · SOURCE or SOURCE.STREAM", show_default=False),
    ] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几次 · at most")] = 20,
    everything: Annotated[
        bool, typer.Option("--all", help="连没有新内容的也列出 · those that found nothing new, too")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """最近的运行，最新的在前 · the latest runs, newest first.

    例 · examples:  crossdock runs list    crossdock runs list erp --limit 50    crossdock runs list --all
    """
    with session(home, as_json) as one:
        streams = choose_streams(one.home, target) if target else None
        with one.store() as engine:
            from crossdock.store.database import translate_errors

            with translate_errors(), engine.connect() as connection:
                rows, counts = _read_runs(connection, streams, limit, everything=everything)
        one.screen.document["runs"] = [
            _document(row) | counts.get(row.id, dict.fromkeys(("read", *COUNTED), 0)) for row in rows
        ]
        if not rows:
            one.screen.say(Text("还没有运行过；crossdock sync 运行一次。", "No runs yet; crossdock sync makes one."))
            return
        names = ("read", "created", "updated", "unchanged", "parked", "rejected")
        one.screen.rows(
            (
                Text("运行", "run"),
                Text("开始", "started"),
                Text("数据流", "stream"),
                Text("结果", "result"),
                Text("秒", "seconds"),
                *(Text(COUNTS[name].zh.rstrip(" =+"), COUNTS[name].en.rstrip(" =+")) for name in names),
            ),
            [
                (
                    row.id,
                    moment(row.started_at, one.zone),
                    f"{row.source}.{row.stream}",
                    RUN_STATUS.get(row.status, row.status),
                    _seconds(row) or "—",
                    *(counts.get(row.id, {}).get(name, 0) for name in names),
                )
                for row in rows
            ],
            indent=0,
        )
        one.screen.say()
        one.screen.say(Text(f"细节：crossdock runs show {rows[0].id}", f"Details: crossdock runs show {rows[0].id}"))


def show(
    run: Annotated[int, typer.Argument(metavar="编号", help="运行编号 · number of the run", show_default=False)],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """一次运行：文件、两个等式、问题、变更，以及为什么失败或搁置 · one run: files, equations, issues, changes, and why.

    例 · example:  crossdock runs show 12
    """
    with session(home, as_json) as one, one.store() as engine:
        from sqlalchemy import select

        from crossdock.store import tables
        from crossdock.store.database import translate_errors

        with translate_errors(), engine.connect() as connection:
            check_run(connection, run)
            row = connection.execute(select(tables.run).where(tables.run.c.id == run)).one()
            report = _report(connection, row)
            by_code = _issues_by_code(connection, run)
            changes, changed = _changes(connection, run)
        _say_run(one, row)
        one.screen.document |= _document(row) | ShownRun(one.screen, engine, report).run()
        one.screen.document |= {
            "status": row.status,
            "issues_by_code": by_code,
            "changes": changes,
            "change_count": changed,
        }
        _say_rest(one, by_code, changes, changed)


def _read_runs(
    connection: "Connection", streams: "Sequence[tuple[str, str]] | None", limit: int, *, everything: bool
) -> "tuple[Sequence[AnyRow], dict[int, dict[str, int]]]":
    from sqlalchemy import func, select, true, tuple_

    from crossdock.store.tables import run, run_entity

    wanted = [
        true() if everything else run.c.status != "idle",
        true() if streams is None else tuple_(run.c.source, run.c.stream).in_(streams),
    ]
    rows = connection.execute(select(run).where(*wanted).order_by(run.c.id.desc()).limit(limit)).all()
    sums = [func.sum(run_entity.c[name]).label(name) for name in ("read", *COUNTED)]
    counted = connection.execute(
        select(run_entity.c.run_id, *sums)
        .where(run_entity.c.run_id.in_([row.id for row in rows]))
        .group_by(run_entity.c.run_id)
    )
    return rows, {row.run_id: {name: int(getattr(row, name)) for name in ("read", *COUNTED)} for row in counted}


def _document(row: "AnyRow") -> Document:
    return {
        "run": row.id,
        "source": row.source,
        "stream": row.stream,
        "kind": row.kind,
        "status": row.status,
        "started_at": row.started_at,
        "seconds": _seconds(row),
        "problem": row.problem,
    }


def _seconds(row: "AnyRow") -> str:
    return f"{(row.finished_at - row.started_at).total_seconds():.1f}" if row.finished_at else ""


def _report(connection: "Connection", row: "AnyRow") -> "RunReport":
    """The run's report, made again from what the store keeps of it."""
    from sqlalchemy import and_, func, or_, select

    from canonical_model.issues import CATALOGUE, Issue
    from crossdock.pipeline.report import EntityCounts, FileReport, RunReport
    from crossdock.store.tables import batch, issue, run_entity
    from mappings.dates import DateOrder

    its_own = or_(batch.c.applied_run == row.id, and_(batch.c.landed_run == row.id, batch.c.applied_run.is_(None)))
    files = connection.execute(select(batch).where(its_own).order_by(batch.c.id)).all()
    entities = connection.execute(select(run_entity).where(run_entity.c.run_id == row.id)).all()
    mine = issue.c.run_id == row.id
    issues = connection.execute(select(issue).where(mine).order_by(issue.c.id).limit(_SHOWN_ISSUES)).all()
    return RunReport(
        run_id=row.id,
        source=row.source,
        stream=row.stream,
        status=row.status,
        is_baseline=row.is_baseline,
        files=tuple(
            FileReport(
                name=file.name,
                sheet=file.sheet,
                status=file.status,
                mapping=file.mapping or "",
                rows_total=file.rows_total,
                rows_above=file.rows_above,
                rows_header=file.rows_header,
                rows_skipped=file.rows_skipped,
                rows_read=file.rows_read,
                problem=stored_text(file.problem) if file.problem else None,
                absent=tuple(file.absent),
                unread=tuple(file.unread),
                date_orders=tuple(DateOrder(file.id, **one) for one in file.date_orders),
            )
            for file in files
        ),
        entities=tuple(
            EntityCounts(one.entity, one.read, *(getattr(one, name) for name in (*COUNTED, "deleted")))
            for one in entities
        ),
        issues=tuple(
            Issue(one.code, one.entity, one.field, one.column_name, one.place, one.value, one.detail)
            for one in issues
            if one.code in CATALOGUE
        ),
        issue_count=connection.scalar(select(func.count()).where(mine)) or 0,
        seconds=float(_seconds(row) or 0),
    )


def _issues_by_code(connection: "Connection", run: int) -> dict[str, int]:
    from sqlalchemy import func, select

    from crossdock.store.tables import issue

    amount = func.count()
    rows = connection.execute(
        select(issue.c.code, amount.label("amount"))
        .where(issue.c.run_id == run)
        .group_by(issue.c.code)
        .order_by(amount.desc(), issue.c.code)
    )
    return {row.code: row.amount for row in rows}


def _changes(connection: "Connection", run: int) -> tuple[list[Document], int]:
    """The first changes of the run, and how many there are."""
    from sqlalchemy import func, select

    from crossdock.store.tables import change

    mine = change.c.run_id == run
    rows = connection.execute(select(change).where(mine).order_by(change.c.id).limit(_SHOWN_CHANGES)).all()
    shown: list[Document] = [{"entity": row.entity, "key": row.key, "fields": row.fields} for row in rows]
    return shown, connection.scalar(select(func.count()).where(mine)) or 0


def _say_run(one: Session, row: "AnyRow") -> None:
    kind, status = (
        _KINDS.get(row.kind, Text(row.kind, row.kind)),
        RUN_STATUS.get(row.status, Text(row.status, row.status)),
    )
    at = moment(row.started_at, one.zone)
    one.screen.say(
        Text(f"运行 {row.id}（{kind.zh}）：{status.zh}，{at}", f"Run {row.id} ({kind.en}): {status.en}, {at}"),
        style="bold",
    )
    if row.problem:
        what = stored_text(row.problem)
        code, where = row.problem.get("code", ""), row.problem.get("where", "")
        place = Text(f"（{where}）", f" ({where})") if where else Text("", "")
        one.screen.warn(Text(f"[{code}] {what.zh}{place.zh}", f"[{code}] {what.en}{place.en}"))
        hint = stored_text(row.problem.get("hint"))
        if hint.zh:
            one.screen.say(hint, indent=2)
        for change in row.problem.get("sample", ()):
            _say_change(one, change)


def _say_rest(one: Session, by_code: Mapping[str, int], changes: Sequence[Document], changed: int) -> None:
    if by_code:
        listed = "  ".join(f"{code} × {amount:,}" for code, amount in by_code.items())
        one.screen.heading(
            Text("问题按代码（原因和改法见故障手册）", "Issues by code (causes and remedies: the runbook)")
        )
        one.screen.say(listed, indent=2)
    if changes:
        one.screen.heading(
            Text(f"字段变更 {changed:,} 处，前几处：", f"{changed:,} changed records, the first of them:")
        )
    for change in changes:
        _say_change(one, change)


def _say_change(one: Session, change: Mapping[str, Any]) -> None:
    label = entity_label(str(change["entity"]))
    shown = _fields(str(change["entity"]), change["fields"])
    one.screen.say(
        Text(f"{label.zh} {change['key']}：{shown.zh}", f"{change['entity']} {change['key']}: {shown.en}"), indent=2
    )


def _fields(entity: str, fields: Any) -> Text:
    """As 订购数量 500→300; the store keeps {column: [before, after]}."""
    from canonical_model.entities import SPECS

    known = SPECS[entity].fields if entity in SPECS else {}
    zh, en = [], []
    if "deleted_at" in fields:
        return Text("删除", "deleted") if fields["deleted_at"][1] else Text("恢复", "alive again")
    for name, (before, after) in fields.items():
        label = known[name].label if name in known else Text(name, name)
        shown = f"{'—' if before is None else before}→{'—' if after is None else after}"
        zh.append(f"{label.zh} {shown}")
        en.append(f"{label.en} {shown}")
    return Text("，".join(zh), ", ".join(en))
