"""`crossdock sync`: reads what is new, checks it, stores it, and says where every row went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from canonical_model.errors import ConfigError, CrossdockError, StoreError
from canonical_model.language import Text
from crossdock.cli._exits import ExitCode, worst
from crossdock.cli._faults import as_document, exit_code, note_crash, scrub_error
from crossdock.cli._screen import Document, Screen, Tell
from crossdock.cli._session import HomeOption, JsonOption, session
from crossdock.cli._words import (
    COUNTED,
    COUNTS,
    Places,
    RowAccount,
    date_order,
    entity_label,
    merge_places,
    skipped,
    under_way,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crossdock.home import Home
    from crossdock.pipeline import RunReport
    from crossdock.pipeline.progress import Phase

_STORE_IS_GONE = "XD-TMP-002"
_SHOWN_ISSUES = 10
_MOST_SHOWN = 12
"""Columns that are named."""


def sync(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[数据源[.数据流]]",
            help="默认全部 · SOURCE or SOURCE.STREAM, all by default",
            show_default=False,
        ),
    ] = None,
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """读入新内容、检查、入库，并交代每一行的去向 · read what is new, check it, store it, account for every row.

    不发提醒；提醒由 crossdock notify 发 · sends nothing; crossdock notify does.

    例 · examples:  crossdock sync    crossdock sync erp    crossdock sync erp.purchase_orders
    """
    with session(home, as_json) as one:
        streams = choose_streams(one.home, target)
        runs: list[Document] = []
        one.screen.document["runs"] = runs
        codes = []
        with one.store() as engine:
            from crossdock.pipeline import sync as run_stream

            for done, (source, stream) in enumerate(streams):
                name = f"{source}.{stream}"
                words = Text(f"正在同步 {name} …", f"Syncing {name} …")
                try:
                    with one.screen.busy(words, done=done, steps=len(streams)) as tell:
                        report = run_stream(one.home, engine, source, stream, tell=telling(name, tell))
                except CrossdockError as error:
                    if isinstance(error, StoreError) or error.problem_code == _STORE_IS_GONE:
                        raise  # the other streams would meet the same
                    runs.append(_show_failure(one.screen, name, error))
                    codes.append(exit_code(error))
                except Exception as error:  # noqa: BLE001  # of one stream; the others shall not wait for its repair
                    runs.append(_show_failure(one.screen, name, note_crash(error, one.log_folder)))
                    codes.append(ExitCode.FAILED)
                else:
                    shown = ShownRun(one.screen, engine, report)
                    runs.append(shown.run())
                    codes.append(ExitCode.NEEDS_PERSON if shown.needs_person else ExitCode.FINE)
        one.code = worst(codes)
        _say_next(one.screen, one.home, runs)


def telling(name: str, tell: Tell) -> "Callable[[Phase, int], None]":
    """What the pipeline calls, so that somebody who waits sees how far the run of a stream is."""
    return lambda phase, rows: tell(under_way(name, phase, rows), steps=0)


def choose_streams(home: "Home", target: str | None) -> list[tuple[str, str]]:
    """The streams that `target` means: all, those of a source, or one.

    Raises:
        ConfigError: There is no such source or stream, or none at all.
    """
    if target:
        source, _, stream = target.partition(".")
        if stream:
            home.stream(source, stream)
            return [(source, stream)]
        return [(source, name) for name in home.source(source).streams]
    found = [(name, stream) for name, source in home.sources.items() for stream in source.streams]
    if not found:
        raise no_sources(home)
    return found


def no_sources(home: "Home") -> ConfigError:
    """That a deployment has no source yet."""
    return ConfigError(
        Text("还没有数据源。", "There are no sources yet."),
        where=str(home.path / "sources"),
        hint=Text(
            "用 crossdock source add 名称 --connector folder 建一个。",
            "Make one: crossdock source add NAME --connector folder.",
        ),
        code="XD-CFG-073",
    )


def _show_failure(screen: Screen, name: str, error: CrossdockError) -> Document:
    shown = scrub_error(error)
    screen.heading(name)
    screen.fail(f"✗ {shown.render(screen.language)}")
    source, _, stream = name.partition(".")
    return {"source": source, "stream": stream, "status": "failed", "error": as_document(shown)}


@dataclass(frozen=True, slots=True)
class _Extra:
    """What the landing zone knows of a file beyond the report."""

    header_row: int
    header_reason: Text
    skipped: Places


class _ReadDates(TypedDict):
    column: str
    order: str
    reason: str
    text: Text


class ShownRun:
    """Words one run."""

    def __init__(self, screen: Screen, engine: "Engine", report: "RunReport") -> None:
        self._screen, self._report = screen, report
        self._extras = _read_extras(engine, report.run_id) if report.files else {}

    @property
    def needs_person(self) -> bool:
        """Whether a whole file waits, or no row of what was read could be stored."""
        read = sum(entity.read for entity in self._report.entities)
        held = sum(entity.parked + entity.rejected for entity in self._report.entities)
        asks = self._report.question is not None or any(file.problem for file in self._report.files)
        return asks or (read > 0 and held == read)

    def run(self) -> Document:
        """Shows the run and gives it as a document."""
        report, screen = self._report, self._screen
        screen.heading(f"{report.source}.{report.stream}")
        document: Document = {
            "run": report.run_id,
            "source": report.source,
            "stream": report.stream,
            "status": report.status,
            "is_baseline": report.is_baseline,
            "seconds": f"{report.seconds:.3f}",
        }
        if report.status == "idle":
            screen.say(
                Text(
                    "没有新内容（刚放进来、还在变化的文件留到下次）。",
                    "Nothing new (a file that has just arrived or still changes is left for the next run).",
                ),
                indent=2,
            )
            return document | {"files": [], "entities": [], "issues": [], "issue_count": 0}
        if report.question:
            screen.fail(Text(f"  ? {report.question.zh}", f"  ? {report.question.en}"))
            document["question"] = report.question
        if report.waited:
            waited = f"{report.waited} 行先前搁置的重新判断过", f"{report.waited} parked rows were judged again"
            screen.say(Text(*waited), indent=2)
        document["files"] = self._files()
        document["entities"] = self._entities()
        document |= self._issues()
        status = Text(f"运行 {report.run_id}，{report.seconds:.1f} 秒", f"run {report.run_id}, {report.seconds:.1f} s")
        first = (
            Text("；首次载入，作为起点，不逐条提醒", "; first load, the baseline, without alerts")
            if report.is_baseline
            else Text("", "")
        )
        screen.say(Text(status.zh + first.zh, status.en + first.en), style="dim", indent=2)
        return document

    def _files(self) -> list[Document]:
        shown: list[Document] = []
        for (name, sheet), (account, problem, mapping) in self._joined().items():
            extra = self._extras.get((name, sheet))
            title = f"{name} [{sheet}]" if sheet else name
            is_file = account.total > 0 or problem is not None
            mark, style = ("✗", "bold red") if problem else ("✓", "green")
            self._screen.say(f"{mark} {title}", style=style, indent=2)
            if problem:
                self._screen.say(Text(f"整份搁置：{problem.zh}", f"Parked whole: {problem.en}"), style="red", indent=4)
            if is_file:
                self._screen.say(account.equation, indent=4)
            if extra and extra.skipped and not problem:
                left_out = skipped(extra.skipped)
                self._screen.say(Text(f"跳过：{left_out.zh}", f"Skipped: {left_out.en}"), indent=4)
            if extra and extra.header_row and mapping:
                row = extra.header_row
                self._screen.say(
                    Text(f"表头在第 {row} 行，映射 {mapping}", f"header in row {row}, mapping {mapping}"),
                    style="dim",
                    indent=4,
                )
            orders = self._date_orders(name, sheet)
            for one in orders:
                self._screen.say(one["text"], style="dim" if one["order"] else "yellow", indent=4)
            absent = self._absent(name, sheet)
            if absent:
                self._screen.say(
                    Text(
                        f"表里没有映射要的列，这些字段不写：{'、'.join(absent)}",
                        f"No column for these fields of the mapping, which are not stated: {', '.join(absent)}",
                    ),
                    style="yellow" if extra and extra.header_row else "dim",
                    indent=4,
                )
            unread = self._unread(name, sheet)
            if unread:
                more = f" … ({len(unread)})" if len(unread) > _MOST_SHOWN else ""
                listed = "、".join(unread[:_MOST_SHOWN]) + more
                self._screen.say(Text(f"没有用到的列：{listed}", f"Columns not read: {listed}"), style="dim", indent=4)
            shown.append(
                {
                    "absent": absent,
                    "unread": unread,
                    "date_orders": orders,
                    "name": name,
                    "sheet": sheet,
                    "status": "parked" if problem else "applied",
                    "mapping": mapping,
                    "rows": account,
                    "skipped": extra.skipped if extra else {},
                    "header_row": extra.header_row if extra else 0,
                    "problem": problem,
                }
            )
        return shown

    def _absent(self, name: str, sheet: str) -> list[str]:
        files = [file for file in self._report.files if (file.name, file.sheet) == (name, sheet)]
        return sorted({field for file in files for field in file.absent})

    def _unread(self, name: str, sheet: str) -> list[str]:
        files = [file for file in self._report.files if (file.name, file.sheet) == (name, sheet)]
        return list(dict.fromkeys(column for file in files for column in file.unread))

    def _date_orders(self, name: str, sheet: str) -> "list[_ReadDates]":
        """Once each, since the parts of a large text are asked one by one."""
        files = [file for file in self._report.files if (file.name, file.sheet) == (name, sheet)]
        orders = (one for file in files for one in file.date_orders if one.order != ".")  # mappings.dates.POINT
        told = dict.fromkeys((one.column, one.order, one.reason) for one in orders)
        return [
            {"column": column, "order": order, "reason": reason, "text": date_order(column, order, reason)}
            for column, order, reason in told
        ]

    def _joined(self) -> dict[tuple[str, str], tuple[RowAccount, Text | None, str]]:
        """One entry per sheet; a large text file arrives in several parts."""
        joined: dict[tuple[str, str], tuple[RowAccount, Text | None, str]] = {}
        for file in self._report.files:
            account = RowAccount(file.rows_total, file.rows_above, file.rows_header, file.rows_skipped, file.rows_read)
            before = joined.get((file.name, file.sheet))
            joined[file.name, file.sheet] = (
                (before[0] + account, before[1] or file.problem, before[2] or file.mapping)
                if before
                else (account, file.problem, file.mapping)
            )
        return joined

    def _entities(self) -> list[Document]:
        entities = self._report.entities
        self._screen.rows(
            (Text("实体", "entity"), *COUNTS.values()),
            [(entity_label(one.entity), one.read, *(int(getattr(one, name)) for name in COUNTED)) for one in entities],
            indent=4,
        )
        for one in entities:
            if one.deleted:
                self._screen.say(
                    Text(
                        f"{entity_label(one.entity).zh}：另有 {one.deleted} 条已删除",
                        f"{one.deleted} of {one.entity} deleted",
                    ),
                    indent=4,
                )
        return [
            {
                "entity": one.entity,
                "read": one.read,
                **{name: getattr(one, name) for name in COUNTED},
                "deleted": one.deleted,
            }
            for one in entities
        ]

    def _issues(self) -> Document:
        report, screen = self._report, self._screen
        if report.issue_count:
            screen.warn(Text(f"  ⚠ {report.issue_count} 个问题：", f"  ⚠ {report.issue_count} issues:"))
        for issue in report.issues[:_SHOWN_ISSUES]:
            screen.say(f"{issue.render(screen.language)} [{issue.code}]", indent=4)
        if report.issue_count > min(_SHOWN_ISSUES, len(report.issues)):
            more = report.issue_count - min(_SHOWN_ISSUES, len(report.issues))
            screen.say(
                Text(
                    f"……还有 {more} 个：crossdock issues --run {report.run_id}",
                    f"… and {more} more: crossdock issues --run {report.run_id}",
                ),
                indent=4,
            )
        return {"issue_count": report.issue_count, "issues": [issue_document(issue) for issue in report.issues]}


def issue_document(issue: object) -> Document:
    """An issue for a program: its parts, and its sentence in both languages."""
    from canonical_model.issues import CATALOGUE, Issue
    from canonical_model.language import Language

    assert isinstance(issue, Issue)  # noqa: S101  # importing the class above would slow every command
    return {
        "code": issue.code,
        "effect": str(CATALOGUE[issue.code].effect),
        "entity": issue.entity,
        "field": issue.field,
        "column": issue.column,
        "place": issue.place,
        "value": issue.value,
        "text": Text(*(issue.render(language) for language in (Language.ZH, Language.EN))),
    }


def _read_extras(engine: "Engine", run_id: int) -> dict[tuple[str, str], _Extra]:
    from sqlalchemy import select

    from crossdock.cli._words import stored_text
    from crossdock.store.database import translate_errors
    from crossdock.store.tables import batch

    columns = (batch.c.name, batch.c.sheet, batch.c.header_row, batch.c.header_reason, batch.c.skipped)
    with translate_errors(), engine.connect() as connection:
        rows = connection.execute(select(*columns).where(batch.c.applied_run == run_id).order_by(batch.c.id)).all()
    extras: dict[tuple[str, str], _Extra] = {}
    for row in rows:
        before = extras.get((row.name, row.sheet))
        extras[row.name, row.sheet] = _Extra(
            max(row.header_row, before.header_row if before else 0),
            stored_text(row.header_reason),
            merge_places([before.skipped, row.skipped] if before else [row.skipped]),
        )
    return extras


def _say_next(screen: Screen, home: "Home", runs: Sequence[Document]) -> None:
    steps: list[Text] = []
    if any(run["status"] == "failed" for run in runs):
        steps.append(
            Text(
                "失败的数据流：按上面的提示改好后再次 crossdock sync，会接着上次的位置。",
                "Failed streams: mend what is said above and run crossdock sync again; it goes on where it was.",
            )
        )
    if any(run.get("question") for run in runs):
        steps.append(
            Text(
                "带 ? 的数据流等您决定：照上面做，文件不用重发。",
                "Streams marked ? wait for your decision: do as said above; no file need be sent again.",
            )
        )
    if any(file["status"] == "parked" for run in runs if not run.get("question") for file in _list(run, "files")):
        steps.append(
            Text(
                "整份搁置的文件在收件夹旁的 failed/ 里（别的工作表已入库的在 done/ 里）：改好后重新放进收件夹。",
                "Files parked whole lie in failed/ beside the inbox (in done/ where another sheet went in): "
                "mend them and put them into the inbox again.",
            )
        )
    elif any(run.get("issue_count") for run in runs):
        steps.append(
            Text(
                "有问题的行：在原文件里改好，重新放进收件夹即可，已入库的行不会重复。",
                "Rows with issues: mend them in the file and put it into the inbox again; stored rows are not doubled.",
            )
        )
    changed = any(entity["created"] or entity["updated"] for run in runs for entity in _list(run, "entities"))
    if changed and home.settings.roles:
        steps.append(
            Text(
                "crossdock notify：按规则找出异常，发到企业微信。",
                "crossdock notify: finds incidents and tells people in WeCom.",
            )
        )
    if changed:
        steps.append(Text("crossdock status：看全部数据流。", "crossdock status: how all streams are doing."))
    if steps:
        screen.heading(Text("接下来", "Next"))
        for step in steps:
            screen.say(step, indent=2)


def _list(run: Document, name: str) -> list[Document]:
    found = run.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
