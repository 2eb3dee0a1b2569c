"""What is said when something goes wrong, and what never is: a traceback on the screen, or a secret anywhere."""

import logging
import os
import re
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from canonical_model.clock import utc_now
from canonical_model.errors import ConfigError, CrossdockError, NotifyError
from canonical_model.language import Text
from canonical_model.text import parse_json, passwords_in
from crossdock.cli._exits import ExitCode

if TYPE_CHECKING:
    from structlog.typing import EventDict

_MASK = "***"
_SHORTEST_SECRET = 6
_PUBLIC = {"agent_id", "corp_id", "database", "driver", "host", "port", "schema", "user", "username"}


class UsageError(ConfigError):
    """The command line itself is wrong."""

    code = "XD-CFG-078"


def exit_code(error: CrossdockError) -> int:
    """The exit code of an error that ended a command; a message that a person asked for and WeCom refused is a failure."""
    return ExitCode.FAILED if isinstance(error, NotifyError) else error.exit_code


def as_document(error: CrossdockError) -> dict[str, object]:
    """The error for a program."""
    return {
        "code": error.problem_code,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
        "exit_code": exit_code(error),
    }


def usage_error(error: typer.TyperException, command: str) -> UsageError:
    """What typer found wrong, in both languages.

    Args:
        error: What it raised.
        command: The command concerned, "crossdock sync".
    """
    said = error.format_message()
    named = getattr(error, "option_name", "") or _parameter(error)
    match type(error).__name__:
        case "NoArgsIsHelpError":
            zh, said = f"{command} 后面要写命令。", f"{command} needs a command."
        case "NoSuchOption":
            zh = f"没有选项 {named}。"
        case "MissingParameter":
            zh = f"缺少 {named}。"
        case "BadOptionUsage":
            zh = f"选项 {named} 后面要跟一个值。"
        case "BadParameter":
            zh = f"{named} 的值不对：{getattr(error, 'message', said)}"
        case _ if unknown := re.search(r"No such command '([^']*)'", said):
            zh = f"没有命令 {unknown[1]}。"
        case _:
            zh = f"命令写得不对：{said}"
    return UsageError(Text(zh, said), hint=Text(f"用法见 {command} --help。", f"See {command} --help."))


def _parameter(error: typer.TyperException) -> str:
    parameter = getattr(error, "param", None)
    return str(parameter.get_error_hint()).strip("'") if parameter is not None else ""


def note_crash(error: Exception, folder: Path | None) -> CrossdockError:
    """A fault of the program: its traceback goes to a file, and the person gets a sentence that names it.

    Args:
        error: What nobody expected.
        folder: Where logs lie; None where there is no home.
    """
    text = scrub("".join(traceback.format_exception(error)))
    path = _write(text, folder) or _write(text, Path(tempfile.gettempdir()))
    said = scrub(f"{type(error).__name__}: {error}".splitlines()[0])[:200]
    return CrossdockError(
        Text(f"程序出错了，这不是您的操作造成的（{said}）。", f"A fault of the program, not of yours ({said})."),
        where=str(path or ""),
        hint=Text(
            "详情在上述日志文件里；可以重试，已提交的内容不受影响，请把日志发给维护人员。",
            "The log file named here has the details; you may try again, nothing committed is affected. "
            "Please send the log to the maintainers.",
        ),
        code="XD-RUN-001",
    )


def _write(text: str, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    path = folder / f"crossdock-{utc_now():%Y%m%d-%H%M%S-%f}-{os.getpid()}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return path


def scrub(text: str) -> str:
    """`text` without any secret that the environment holds."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def scrub_error(error: CrossdockError) -> CrossdockError:
    """The error with secrets masked, also where the library below repeated one."""
    error.what = Text(*(scrub(one) for one in error.what))
    error.hint = Text(*(scrub(one) for one in error.hint))
    error.where = scrub(error.where)
    return error


class ScrubbingFormatter(logging.Formatter):
    """Log lines and their tracebacks with secrets masked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of `record`, without secrets."""
        return scrub(super().format(record))


def scrub_event(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    """A log event with secrets masked in all but numbers, before the repr of a repr writes them in yet another way."""
    plain = int | float | None
    return {name: value if isinstance(value, plain) else scrub(str(value)) for name, value in event.items()}


def _secrets() -> set[str]:
    found: set[str] = set()
    for name, value in os.environ.items():
        if name.startswith("CROSSDOCK_CONN_"):
            try:
                parsed = parse_json(value)
            except ValueError:
                parsed = None
            values = parsed if isinstance(parsed, dict) else {"whole": value}
            for key, one in values.items():
                found |= passwords_in(str(one))
                if key.lower() not in _PUBLIC:
                    found.add(str(one))
        elif name == "CROSSDOCK_DATABASE_URL":
            found |= passwords_in(value)
    long = {one for one in found if len(one) >= _SHORTEST_SECRET}
    return long | {repr(one)[1:-1] for one in long}  # as it stands in the repr of an error
