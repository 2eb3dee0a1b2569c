"""`crossdock source check`: is a source right, before anything is read into the store?"""

from typing import Annotated

import typer

from canonical_model.errors import CrossdockError
from canonical_model.language import Text
from crossdock.cli._exits import ExitCode, worst
from crossdock.cli._faults import as_document, exit_code, scrub_error
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli.sync import no_sources

group = typer.Typer(
    help="数据源：检查、看看里面有什么、新建 · sources: check one, look what there is, add one", no_args_is_help=True
)


def check(
    source: Annotated[
        str | None, typer.Argument(metavar="[数据源]", help="默认全部 · all by default", show_default=False)
    ] = None,
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """检查数据源：设置、映射、密码、能否连上、试读一条 · settings, mappings, secrets, connection, one record read.

    不入库，不移动文件，不显示密码 · stores nothing, moves no file, shows no secret.

    例 · examples:  crossdock source check    crossdock source check erp
    """
    with session(home, as_json) as one:
        files = [path for path in one.home.source_files if source in {None, path.stem}]
        if source and not files:
            one.home.source(source)  # names those there are
        if not files:
            raise no_sources(one.home)
        from crossdock.cli._check import Finding, check_source

        found: list[Finding] = []
        for done, path in enumerate(files):
            words = Text(f"正在检查 {path.stem} …", f"Checking {path.stem} …")
            with one.screen.busy(words, done=done, steps=len(files)):
                found += check_source(one.home, path)
        one.screen.document["checks"] = [_show(finding) for finding in found]
        one.screen.rows(
            (Text("", ""), Text("数据源", "source"), Text("检查", "check"), Text("结果", "result")),
            [
                (
                    {True: "✓", False: "✗", None: "–"}[finding.is_good],
                    finding.name,
                    finding.step,
                    _what(finding.error) if finding.error else finding.said,
                )
                for finding in found
            ],
            indent=0,
        )
        _say_failures(one, [finding.error for finding in found if finding.error])
        one.code = worst(
            ExitCode.NEEDS_PERSON if finding.is_parked else exit_code(finding.error)
            for finding in found
            if finding.error
        )
        _say_next(one, source, is_good=not one.code)


def _what(error: CrossdockError) -> Text:
    return Text(f"[{error.problem_code}] {error.what.zh}", f"[{error.problem_code}] {error.what.en}")


def _show(finding: "object") -> Document:
    from crossdock.cli._check import Finding

    assert isinstance(finding, Finding)  # noqa: S101  # importing the class above would slow every command
    return {
        "source": finding.name.partition(".")[0],
        "stream": finding.name.partition(".")[2] or None,
        "check": finding.step,
        "ok": finding.is_good,
        "said": finding.said,
        "error": as_document(scrub_error(finding.error)) if finding.error else None,
    }


def _say_failures(one: Session, errors: list[CrossdockError]) -> None:
    if errors:
        one.screen.heading(Text("怎么改", "What to do"))
    for error in errors:
        one.screen.warn(f"  {scrub_error(error).render(one.screen.language)}")


def _say_next(one: Session, source: str | None, *, is_good: bool) -> None:
    one.screen.say()
    target = f" {source}" if source else ""
    if is_good:
        one.screen.say(
            Text(f"都正常。接下来：crossdock sync{target}", f"All is well. Next: crossdock sync{target}"), style="green"
        )
    else:
        one.screen.say(
            Text(
                f"改好后再检查一次：crossdock source check{target}",
                f"Mend it, then check again: crossdock source check{target}",
            )
        )
