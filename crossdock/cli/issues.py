"""`crossdock issues`: what is wrong in the data, where, and how to mend it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.issues import CATALOGUE, Issue
from canonical_model.language import Language, Text
from crossdock.cli._mended import is_mended, still_parked
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import moment, stored_text
from crossdock.cli.sync import choose_streams, issue_document

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from crossdock.returned import ProblemFile

Streams = list[tuple[str, str]] | None

group = typer.Typer(invoke_without_command=True)


@group.callback()
def issues(
    context: typer.Context,
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

    例 · examples:  crossdock issues --source suppliers --limit 20    crossdock issues export 12
    """
    if context.invoked_subcommand:
        return
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


def export(
    run: Annotated[int, typer.Argument(metavar="运行", help="运行编号 · number of the run", show_default=False)],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="文件或目录",
            help="写到哪里，默认当前目录；有多个文件时是目录 · where to; a folder for several files",
            show_default=False,
        ),
    ] = None,
    only_bad: Annotated[
        bool, typer.Option("--only-bad", help="只要没入库的行和表头 · only the rows that were kept out, and the header")
    ] = False,
    language: Annotated[
        Language | None, typer.Option("--language", help="标注用的语言 · language of the marks", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """把对方的表格原样退回：坏格子标色，右边写明问题和改法 · the partner's own workbook back, with the bad cells marked.

    xlsx 只加标注，其余不动；xls、xlsb、ods、csv 做成工作表、列和顺序相同的 xlsx。改好后重新放进收件夹即可，不会重复入库。
    An .xlsx keeps all but the marks; other formats become an .xlsx with the same sheets, columns and order.

    例 · examples:  crossdock issues export 12    crossdock issues export 12 --only-bad -o 退回.xlsx
    """
    with session(home, as_json) as one:
        exported: list[Document] = []
        one.screen.document |= {"run": run, "files": exported}
        with one.store() as engine:
            from crossdock.returned import find_files, give_back
            from crossdock.store.database import translate_errors

            with translate_errors(), engine.connect() as connection:
                check_run(connection, run)
            files = find_files(engine, run)
            if not files:
                one.screen.say(
                    Text(f"运行 {run} 没有问题，没有要退回的文件。", f"Run {run} has no issues; nothing to give back."),
                    style="green",
                )
            for file, path in _targets(files, run, output, language or one.home.language, only_bad=only_bad):
                with one.screen.busy(Text(f"正在标注 {file.name} …", f"Marking {file.name} …")):
                    given = give_back(one.home, file, path, language=language, only_bad=only_bad)
                exported.append({"file": file.path, "path": path, "rows": given.rows, "notes": list(given.notes)})
                one.screen.say(
                    Text(f"✓ {path}（{given.rows:,} 行有标注）", f"✓ {path} ({given.rows:,} rows marked)"),
                    style="green",
                )
                for note in given.notes:
                    one.screen.say(note, style="dim", indent=2)


def _targets(
    files: "list[ProblemFile]", run: int, output: Path | None, language: Language, *, only_bad: bool
) -> "list[tuple[ProblemFile, Path]]":
    """Where each file goes; nothing is overwritten.

    Raises:
        ConfigError (XD-CFG-162): Something is already there, or the folder cannot be made.
    """
    from crossdock.returned import name_of

    names: list[str] = []
    for file in files:
        name, number = Path(name_of(file, language, only_bad=only_bad)), 2
        while (shown := name.name if number == 2 else f"{name.stem}-{number - 1}{name.suffix}") in names:
            number += 1
        names.append(shown)
    folder = output or Path(f"run-{run}" if len(files) > 1 else ".")
    is_file = output is not None and len(files) == 1 and not output.is_dir()
    paths = [folder] if is_file else [folder / name for name in names]
    there = next((path for path in paths if path.exists()), None)
    if there is not None:
        raise ConfigError(
            Text("这里已经有一个文件，不会覆盖。", "There is a file already; it is not overwritten."),
            where=str(there),
            hint=Text("用 -o 换个名字或目录。", "Name another file or folder with -o."),
            code="XD-CFG-162",
        )
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            Text(f"写不到这里：{error.strerror}。", f"Nothing can be written here: {error.strerror}."),
            where=str(folder),
            hint=Text("用 -o 换个名字或目录。", "Name another file or folder with -o."),
            code="XD-CFG-162",
        ) from error
    return list(zip(files, paths, strict=True))


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
    """Sheets that wait as a whole, each once: a large one was landed in parts."""
    from sqlalchemy import func, select, tuple_

    from crossdock.store.tables import batch

    wanted: list[ColumnElement[bool]] = [still_parked()]
    if run is not None:
        wanted.append(batch.c.applied_run == run)
    if streams is not None:
        wanted.append(tuple_(batch.c.source, batch.c.stream).in_(streams))
    told = (batch.c.source, batch.c.stream, batch.c.applied_run, batch.c.name, batch.c.sheet, batch.c.problem)
    found = select(*told, func.max(batch.c.landed_at).label("landed_at")).where(*wanted).group_by(*told)
    rows = connection.execute(found.order_by(func.max(batch.c.id).desc()).limit(limit)).all()
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
