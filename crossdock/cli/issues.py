"""`crossdock issues`: what is wrong in the data, where, and how to mend it."""

from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.issues import CATALOGUE, Issue
from canonical_model.language import Text
from crossdock.cli._mended import is_mended, still_parked
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import moment, stored_text
from crossdock.cli.sync import choose_streams, issue_document

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

Streams = list[tuple[str, str]] | None


def issues(
    *,
    run: Annotated[int | None, typer.Option("--run", metavar="编号", help="只看这次运行 · of this run only")] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="数据源[.数据流]", help="只看这个数据源 · of this source or stream only"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几条 · at most")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="连已经补好的也列出 · mended ones, too")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """数据里的问题：在哪、为什么、怎么改；以及整份搁置的文件 · what is wrong in the data, where, why, and how to mend it.

    最新的在前 · newest first.

    例 · example:  crossdock issues --source suppliers --limit 20
    """
    with session(home, as_json) as one:
        streams = choose_streams(one.home, source) if source else None
        with one.store() as engine:
            from crossdock.store.database import translate_errors

            with translate_errors(), engine.connect() as connection:
                if run is not None:
                    check_run(connection, run)
                _show_parked(one, connection, run, streams, limit)
                wanted = _wanted(run, streams, is_all=everything or run is not None)
                _show_issues(one, connection, wanted, limit)


def check_run(connection: "Connection", number: int) -> None:
    """Returns where the run exists.

    Raises:
        ConfigError (XD-CFG-074): It does not; names the newest.
    """
    from sqlalchemy import func, select

    from crossdock.store.tables import run

    if not connection.scalar(select(func.count()).select_from(run).where(run.c.id == number)):
        newest = connection.scalar(select(func.max(run.c.id)))
        raise ConfigError(
            Text(f"没有运行 {number}。", f"There is no run {number}."),
            hint=Text(f"最新的是 {newest}。", f"The newest is {newest}.") if newest else None,
            code="XD-CFG-074",
        )


def _show_parked(one: Session, connection: "Connection", run: int | None, streams: Streams, limit: int) -> None:
    """Files that wait as a whole."""
    from sqlalchemy import select, tuple_

    from crossdock.store.tables import batch

    wanted: list[ColumnElement[bool]] = [still_parked()]
    if run is not None:
        wanted.append(batch.c.applied_run == run)
    if streams is not None:
        wanted.append(tuple_(batch.c.source, batch.c.stream).in_(streams))
    rows = connection.execute(select(batch).where(*wanted).order_by(batch.c.id.desc()).limit(limit)).all()
    parked: list[Document] = []
    one.screen.document["parked_files"] = parked
    if rows:
        one.screen.heading(Text("整份搁置的文件", "Files parked whole"))
    for row in rows:
        problem = stored_text(row.problem)
        name = f"{row.name} [{row.sheet}]" if row.sheet else row.name
        parked.append(
            {
                "source": row.source,
                "stream": row.stream,
                "run": row.applied_run,
                "at": row.landed_at,
                "name": row.name,
                "sheet": row.sheet,
                "problem": problem,
            }
        )
        at = moment(row.landed_at, one.zone)
        one.screen.say(Text(f"{name}：{problem.zh}", f"{name}: {problem.en}"), indent=2)
        one.screen.say(
            Text(
                f"{row.source}.{row.stream}，运行 {row.applied_run}，{at}",
                f"{row.source}.{row.stream}, run {row.applied_run}, {at}",
            ),
            style="dim",
            indent=4,
        )


def _wanted(run: int | None, streams: Streams, *, is_all: bool) -> "list[ColumnElement[bool]]":
    from sqlalchemy import true, tuple_

    from crossdock.store.tables import issue

    wanted: list[ColumnElement[bool]] = [true() if is_all else ~is_mended()]
    if run is not None:
        wanted.append(issue.c.run_id == run)
    if streams is not None:
        wanted.append(tuple_(issue.c.source, issue.c.stream).in_(streams))
    return wanted


def _show_issues(one: Session, connection: "Connection", wanted: "list[ColumnElement[bool]]", limit: int) -> None:
    from sqlalchemy import func, select

    from crossdock.store.tables import issue

    counted = connection.execute(
        select(issue.c.code, func.count().label("amount"))
        .where(*wanted)
        .group_by(issue.c.code)
        .order_by(func.count().desc())
    ).all()
    rows = connection.execute(
        select(issue).where(*wanted).order_by(issue.c.run_id.desc(), issue.c.id).limit(limit)
    ).all()
    total = sum(row.amount for row in counted)
    shown: list[Document] = []
    one.screen.document |= {"total": total, "by_code": {row.code: row.amount for row in counted}, "issues": shown}
    if not total:
        nothing = not one.screen.document["parked_files"]
        one.screen.say(
            Text("没有问题。", "No issues.") if nothing else Text("没有问题行。", "No rows with issues."), style="green"
        )
        return
    one.screen.heading(Text(f"问题 {total:,} 个", f"{total:,} issues"))
    last, told = None, set()
    for row in rows:
        known = Issue(row.code, row.entity, row.field, row.column_name, row.place, row.value, row.detail)
        if row.run_id != last:
            last = row.run_id
            at = moment(row.at, one.zone)
            one.screen.say(
                Text(
                    f"{row.source}.{row.stream}，运行 {row.run_id}，{at}",
                    f"{row.source}.{row.stream}, run {row.run_id}, {at}",
                ),
                style="bold",
                indent=2,
            )
        if row.code not in CATALOGUE or (row.run_id, row.place, row.code, row.value) in told:
            continue
        told.add((row.run_id, row.place, row.code, row.value))  # a cell that several entities read is told once
        shown.append(
            {"run": row.run_id, "source": row.source, "stream": row.stream, "at": row.at, **issue_document(known)}
        )
        one.screen.say(f"{known.render(one.screen.language)} [{row.code}]", indent=4)
    if total > len(rows):
        one.screen.say(
            Text(
                f"……还有 {total - len(rows):,} 个（--limit 显示更多）",
                f"… and {total - len(rows):,} more (--limit shows more)",
            ),
            style="dim",
            indent=2,
        )
