"""The command tree, and the edge at which every way to end becomes an exit code."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from canonical_model.language import Language, choose_language
from crossdock.cli import (
    alerts,
    db,
    decide,
    demo,
    dump,
    export,
    init,
    issues,
    mapping,
    notify,
    preview,
    replay,
    runs,
    serve,
    simulate,
    source,
    source_add,
    source_discover,
    status,
    suggest,
    sync,
    template,
    upload,
    wecom,
    xref,
)
from crossdock.cli._exits import ExitCode, summary
from crossdock.cli._faults import as_document, note_crash, usage_error
from crossdock.cli._help import BilingualCommand, BilingualGroup, page
from crossdock.cli._screen import Screen, emit

if TYPE_CHECKING:
    from typer._click.core import Context as ClickContext

_ORDER = (
    "init", "preview", "template", "source", "mapping", "sync", "status", "runs", "run", "replay", "issues",
    "export", "xref", "alerts", "notify", "serve", "upload", "wecom", "simulate", "db", "demo",
)  # fmt: skip


class Group(BilingualGroup):
    """A group of commands, and the edge around them all: no error leaves it as a traceback."""

    def list_commands(self, ctx: "ClickContext") -> list[str]:
        """The commands in the order in which one meets them."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  # typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002  # typer's signature
        **extra: Any,  # typer's signature
    ) -> Any:  # typer's signature
        """Runs a command and ends the process with its exit code; gives the code where the caller goes on."""
        given = list(sys.argv[1:] if args is None else args)
        _prepare_output()

        def run() -> object:
            return super(Group, self).main(
                given,
                "crossdock",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        code = _guard(run, given)
        if standalone_mode:
            sys.exit(code)
        return code


def _guard(run: Callable[[], object], given: Sequence[str]) -> int:
    as_json = "--json" in given
    try:
        code = run()
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        if context and type(error).__name__ == "NoArgsIsHelpError" and not as_json:
            print(page(context.command, context), end="")  # noqa: T201  # as --help does
            return ExitCode.MISUSED
        problem = usage_error(error, context.command_path if context else "crossdock")
        _show(problem.render(choose_language()), as_document(problem), as_json=as_json)
        return ExitCode.MISUSED
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost edge
        crash = note_crash(error, None)
        _show(crash.render(choose_language()), as_document(crash), as_json=as_json)
        return ExitCode.FAILED
    return code if isinstance(code, int) else ExitCode.FINE


def _show(sentence: str, document: dict[str, object], *, as_json: bool) -> None:
    Screen(Language.EN, as_json=as_json).fail(sentence)
    if as_json:
        emit({"error": document})


def _prepare_output() -> None:
    """A letter that the terminal's encoding lacks becomes a question mark, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure and stream.errors == "strict":
            reconfigure(errors="replace")


def _register(target: typer.Typer, command: Callable[..., None], name: str) -> None:
    target.command(name, cls=BilingualCommand)(command)


def _create() -> typer.Typer:
    root = typer.Typer(
        cls=Group,
        help="Crossdock 供应链数据枢纽：读表格和系统，统一成一套数据，把变化和异常告诉对的人。"
        "\nA supply-chain integration hub: reads sheets and systems into one model, tells the right people what changed."
        "\n\n从这里开始 · start here:"
        "\n  crossdock demo                   一分钟看完整个流程 · the whole story in a minute"
        "\n  crossdock preview 采购订单.xlsx  看懂一个文件，什么都不用配 · look into a file, nothing to set up"
        "\n  crossdock init my-hub            新建目录，放上自己的表格 · a folder for sheets of your own",
        epilog=summary(),
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    _register(root, init.init, "init")
    _register(root, preview.preview, "preview")
    _register(root, template.template, "template")
    _register(root, sync.sync, "sync")
    _register(root, status.status, "status")
    mapping.group.add_typer(mapping.case_group, name="case", cls=BilingualGroup)
    groups: Sequence[tuple[str, typer.Typer, dict[str, Callable[..., None]]]] = (
        (
            "source",
            source.group,
            {"add": source_add.add, "discover": source_discover.discover, "check": source.check},
        ),
        ("mapping", mapping.group, {"suggest": suggest.suggest, "test": mapping.check, "lineage": mapping.lineage}),
        ("runs", runs.group, {"list": runs.list_, "show": runs.show}),
        ("run", decide.group, {"approve": decide.approve, "discard": decide.discard}),
        (
            "xref",
            xref.group,
            {
                "list": xref.list_,
                "propose": xref.propose,
                "confirm": xref.confirm,
                "reject": xref.reject,
                "conflicts": xref.conflicts,
            },
        ),
        ("issues", issues.group, {"export": issues.export}),
        ("alerts", alerts.group, {"ack": alerts.ack, "explain": alerts.explain}),
        (
            "db",
            db.group,
            {
                "status": db.status,
                "upgrade": db.upgrade,
                "dump": dump.dump,
                "restore": dump.restore,
                "prune": db.prune,
                "psql": db.psql,
            },
        ),
        ("upload", upload.group, {"link": upload.link}),
        ("wecom", wecom.group, {"check": wecom.check, "send-test": wecom.send_test}),
    )
    _register(mapping.case_group, mapping.add, "add")
    for name, group, commands in groups:
        for word, command in commands.items():
            _register(group, command, word)
        root.add_typer(group, name=name, cls=BilingualGroup)
    _register(root, export.export, "export")
    _register(root, replay.replay, "replay")
    _register(root, notify.notify, "notify")
    _register(root, serve.serve, "serve")
    _register(root, simulate.simulate, "simulate")
    _register(root, demo.demo, "demo")
    return root


app = _create()
"""The command tree; calling it runs a command."""
