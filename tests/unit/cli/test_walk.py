"""Every command there is has an example that parses, a test of its output, and a test of its worst error."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import typer.main

from crossdock.cli import _help
from crossdock.cli._app import app
from tests.syntax import parse
from tests.unit.cli.conftest import Cli

if TYPE_CHECKING:
    from typer.core import TyperCommand, TyperGroup

TESTS = Path(__file__).resolve().parents[2]
GONE = "postgresql://me:canary-pass-word@127.0.0.1:1/nowhere"
UNREACHABLE = (1, "[XD-TMP-002] 连接不上存储（PostgreSQL）")
WORST: Mapping[str, tuple[str, int, str]] = {
    "init": ("crossdock.yaml/hub", 2, "[XD-CFG-079] 不能在这里建立目录"),
    "preview": ("nowhere.xlsx", 2, "[XD-CFG-080] 没有这个文件。"),
    "source add": ("erp --connector sap", 2, "[XD-CFG-010] 没有名为“sap”的连接器"),
    "source discover": (f"--url {GONE}", 1, "[XD-TMP-001] 数据库暂时读不了"),
    "source check": ("sap", 2, "[XD-CFG-003] 没有数据源“sap”"),
    "sync": ("", *UNREACHABLE),
    "status": ("", *UNREACHABLE),
    "runs list": ("", *UNREACHABLE),
    "runs show": ("1", *UNREACHABLE),
    "mapping suggest": ("nowhere.xlsx --entity item", 2, "[XD-CFG-080] 没有这个文件。"),
    "mapping test": ("nothing/here", 2, "[XD-MAP-003]"),
    "mapping lineage": ("nothing/here", 2, "[XD-MAP-003]"),
    "mapping case add": ("nowhere.xlsx --mapping generic/item --name a", 2, "[XD-CFG-"),
    "run approve": ("1", *UNREACHABLE),
    "run discard": ("1", *UNREACHABLE),
    "replay": ("erp orders", 2, "[XD-CFG-003] 没有数据源“erp”"),
    "template": ("nothing", 2, "[XD-TPL-001]"),
    "issues": ("", *UNREACHABLE),
    "issues export": ("1", *UNREACHABLE),
    "xref list": ("", *UNREACHABLE),
    "xref propose": ("", *UNREACHABLE),
    "xref confirm": ("1", *UNREACHABLE),
    "xref reject": ("1", *UNREACHABLE),
    "xref conflicts": ("", *UNREACHABLE),
    "upload link": ("erp orders", 2, "[XD-CFG-003]"),
    "db prune": ("", *UNREACHABLE),
    "export": ("item", *UNREACHABLE),
    "alerts": ("", *UNREACHABLE),
    "alerts ack": ("7 --as 李伟", *UNREACHABLE),
    "alerts explain": ("7", *UNREACHABLE),
    "notify": ("", *UNREACHABLE),
    "serve": ("--port 0", *UNREACHABLE),
    "wecom check": ("", 2, "[XD-CFG-020] 没有连接“wecom_default”"),
    "wecom send-test": ("某人", 2, "[XD-CFG-075] crossdock.yaml 里没有叫“某人”的人或群"),
    "simulate": ("--port 99999", 2, "[XD-CFG-078] --port 的值不对"),
    "db status": ("", *UNREACHABLE),
    "db upgrade": ("", *UNREACHABLE),
    "db dump": ("x.zip", *UNREACHABLE),
    "db restore": ("x.zip", *UNREACHABLE),
    "db psql": ("", 2, "[XD-CFG-077]"),
    "demo": ("--remove --once", 2, "[XD-CFG-0"),
}
"""Command -> arguments with which it fails worst, exit code, and what it says."""


def commands() -> dict[tuple[str, ...], "TyperCommand"]:
    """Words of a command -> the command; groups that only hold others are left out."""
    found: dict[tuple[str, ...], TyperCommand] = {}

    def walk(command: "TyperCommand | TyperGroup", path: tuple[str, ...]) -> None:
        context = command.context_class(command, info_name="crossdock")
        for name, inner in _help.subcommands(command, context):
            walk(inner, (*path, name))
        if path and not (hasattr(command, "commands") and command.no_args_is_help):
            found[path] = cast("TyperCommand", command)

    walk(cast("TyperGroup", typer.main.get_command(app)), ())
    return found


COMMANDS = commands()


def examples(command: "TyperCommand") -> list[str]:
    """The command lines that its help gives as examples."""
    _, sign, told = (command.help or "").partition("例 · example")
    return [line.strip() for line in re.split(r"(?=crossdock )", told)[1:]] if sign else []


def wrong_examples(path: tuple[str, ...], command: "TyperCommand") -> list[str]:
    """Examples that this command would not take."""
    wrong = []
    for example in examples(command):
        words = shlex.split(" ".join(example.split()))[1:]
        owner = next((one for one in sorted(COMMANDS, key=len, reverse=True) if words[: len(one)] == list(one)), ())
        if owner[: len(path)] != path:
            wrong.append(example)
            continue
        try:
            COMMANDS[owner].make_context("crossdock", words[len(owner) :])
        except typer.TyperException as error:
            wrong.append(f"{example}: {error.format_message()}")
    return wrong


def commands_run(source: str, known: "Mapping[tuple[str, ...], object]") -> Iterator[tuple[str, ...]]:
    """The commands that the test functions of a module run."""
    for function in ast.walk(parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            parts = (
                node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.List | ast.Tuple) else []
            )
            words: list[str] = []
            for part in parts:
                if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
                    break
                words.append(part.value)
            for length in range(len(words), 0, -1):
                if tuple(words[:length]) in known:
                    yield tuple(words[:length])
                    break


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_command_has_an_example_that_it_takes(path: tuple[str, ...]) -> None:
    assert examples(COMMANDS[path])
    assert wrong_examples(path, COMMANDS[path]) == []


def test_the_output_of_every_command_is_tested() -> None:
    files = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    sources = [text for path in files if "cli" in (text := path.read_text(encoding="utf-8"))]
    run = {found for source in sources for found in commands_run(source, COMMANDS)}

    assert sorted(" ".join(path) for path in set(COMMANDS) - run) == []


def test_a_command_without_a_test_would_be_noticed() -> None:
    source = """
def test_good(cli): assert cli("sync").exit_code == 0
def test_bad(cli):
    for words in (["alerts", "ack", "7"],):
        assert "[XD-CFG-084]" in cli(*words).stderr
"""
    known = {("sync",): 0, ("alerts", "ack"): 0, ("status",): 0}

    assert set(commands_run(source, known)) == {("sync",), ("alerts", "ack")}
    assert wrong_examples(("status",), COMMANDS["sync",]) != []


def test_the_worst_error_of_every_command_is_known() -> None:
    assert sorted(WORST) == sorted(map(" ".join, COMMANDS))


@pytest.mark.parametrize("command", WORST)
def test_the_worst_error_of_a_command_is_one_sentence(command: str, cli: Cli) -> None:
    arguments, code, words = WORST[command]
    made = cli("init")
    given = [*command.split(), *shlex.split(arguments)]

    result = cli(*given, CROSSDOCK_DATABASE_URL=GONE)
    document = cli.json(*given, exit_code=code, CROSSDOCK_DATABASE_URL=GONE)

    assert (made.exit_code, result.exit_code) == (0, code), result.output
    said = result.stderr + result.stdout
    assert words in said
    assert "canary-pass-word" not in said + str(document)
    error = document.get("error") or next(one["error"] for one in document["checks"] if one["error"])
    assert error["exit_code"] == str(code)
    assert error["what"]["en"]


def test_every_option_and_argument_says_what_it_is_for() -> None:
    silent = [
        f"{' '.join(path)} {sign}"
        for path, command in COMMANDS.items()
        for parts in _help.parameters(command)
        for sign, told in parts
        if not told
    ]

    assert silent == []
