"""`crossdock run`: decides about a run that its guard stopped, or a file whose columns changed."""

from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._session import HomeOption, JsonOption, session
from crossdock.cli.issues import check_run
from crossdock.cli.sync import ShownRun, telling

if TYPE_CHECKING:
    from sqlalchemy import Engine

group = typer.Typer(
    help="决定一次停下来等人的运行：放行或放弃 · decide about a run that waits for a person: approve or discard",
    no_args_is_help=True,
)

RunArgument = Annotated[int, typer.Argument(metavar="编号", help="运行编号 · number of the run", show_default=False)]


def approve(run: RunArgument, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """放行：这次运行要做的全部照做，马上入库 · let the run do what it asked about, at once.

    先看样例：crossdock runs show 编号 · look at its sample first: crossdock runs show RUN

    例 · example:  crossdock run approve 12
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline import sync
        from crossdock.pipeline.guard import approve as let_through

        _check(engine, run)
        source, stream = let_through(engine, run)
        with one.screen.busy(Text(f"正在入库 {source}.{stream} …", f"Storing {source}.{stream} …")) as tell:
            report = sync(one.home, engine, source, stream, tell=telling(f"{source}.{stream}", tell))
        shown = ShownRun(one.screen, engine, report)
        one.screen.document |= shown.run()
        one.code = ExitCode.NEEDS_PERSON if shown.needs_person else ExitCode.FINE


def discard(run: RunArgument, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """放弃：这次运行的内容永不入库，文件移到 failed/ · never store what the run had; its files go to failed/.

    例 · example:  crossdock run discard 12
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline.guard import discard as set_aside

        _check(engine, run)
        source, stream = set_aside(engine, run)
        one.screen.document |= {"run": run, "source": source, "stream": stream, "status": "discarded"}
        one.screen.say(
            Text(
                f"✓ 运行 {run} 的内容已放弃；改好的文件重新放进收件夹即可。",
                f"✓ What run {run} had was set aside; put the mended file into the inbox.",
            ),
            style="green",
        )


def _check(engine: "Engine", run: int) -> None:
    from crossdock.store.database import translate_errors

    with translate_errors(), engine.connect() as connection:
        check_run(connection, run)
