"""One command's run: its options, home, store and screen, and what becomes of its errors."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from canonical_model.errors import CrossdockError
from canonical_model.language import Language, Text, choose_language
from crossdock.cli._exits import ExitCode
from crossdock.cli._faults import ScrubbingFormatter, as_document, exit_code, note_crash, scrub_error, scrub_event
from crossdock.cli._screen import Screen

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crossdock.home import Home

_OPENING = Text("正在打开存储…", "Opening the store …")

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="目录",
        help="Crossdock 目录；默认 CROSSDOCK_HOME，再默认当前目录 · the deployment's folder",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="只输出一份 JSON · print one JSON document only"),
]


@dataclass
class Session:
    """What a command works with.

    Attributes:
        screen: Where it speaks.
        path: The home that the caller named.
        code: What the command will end with; a command that finds something sets it.
    """

    screen: Screen
    path: Path | None
    code: int = ExitCode.FINE
    _log: list[Path] = field(default_factory=list, repr=False)

    @cached_property
    def home(self) -> "Home":
        """The deployment.

        Raises:
            ConfigError: There is none, or its settings are wrong.
        """
        from crossdock.home import Home

        _configure_logging()
        home = Home.find(self.path)
        self._log.append(home.state / "log")
        self.screen.language = home.language
        return home

    @property
    def log_folder(self) -> Path | None:
        """Where a crash is written; None before a home was found."""
        return self._log[0] if self._log else None

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which instants are shown."""
        return ZoneInfo(self.home.settings.timezone)

    @contextmanager
    def store(self) -> Iterator["Engine"]:
        """The deployment's store, opened.

        Raises:
            ConfigError, AuthError, TransientError, StoreError: It cannot be opened.
        """
        home = self.home
        with ExitStack() as stack:
            with self.screen.busy(_OPENING):
                from crossdock.store.database import open_store

                engine = stack.enter_context(open_store(home, report=self.screen.note))
            yield engine


@contextmanager
def session(path: Path | None, as_json: bool) -> Iterator[Session]:  # noqa: FBT001  # as typer hands it over
    """A command's work; ends the command with its exit code, whatever happened inside.

    Args:
        path: Value of --home.
        as_json: Value of --json.

    Raises:
        typer.Exit: Always when the code is not 0.
    """
    one = Session(Screen(_language(path), as_json=as_json), path)
    try:
        yield one
    except CrossdockError as error:
        one.code = _show(one, error)
    except (typer.Abort, typer.Exit, typer.TyperException):
        raise
    except Exception as error:  # noqa: BLE001  # the outermost edge
        one.code = _show(one, note_crash(error, one.log_folder))
    one.screen.publish()
    if one.code:
        raise typer.Exit(int(one.code))


def _show(one: Session, error: CrossdockError) -> int:
    shown = scrub_error(error)
    one.screen.fail(shown.render(one.screen.language))
    one.screen.document["error"] = as_document(shown)
    return exit_code(error)


def _language(path: Path | None) -> Language:
    """The deployment's language where there is one and it can be read; else that of LANG."""
    folder = path or Path(os.environ.get("CROSSDOCK_HOME", "."))
    if (folder / "crossdock.yaml").is_file():
        from crossdock.home import Home

        try:
            return Home.find(folder).language
        except CrossdockError:
            pass  # the command itself will say what is wrong with the settings
    return choose_language()


def _configure_logging() -> None:
    """Warnings and errors of our libraries as one line each, without secrets.

    The standard library's handler of last resort shows them. The command line is one of the two places that configure logging.
    """
    import structlog

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(ScrubbingFormatter())  # also a traceback goes by there
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            scrub_event,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
