"""The edge: help, usage errors, languages, crashes, secrets, signals and pipes."""

import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
import typer.main

from canonical_model.errors import AuthError, ConfigError, StoreError, TransientError
from canonical_model.language import Language, Text
from crossdock.cli import _faults, _help, _session, reference
from crossdock.cli._app import app
from crossdock.cli._exits import MEANINGS, ExitCode, worst
from crossdock.cli._screen import Screen
from tests.unit.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = (
    "init",
    "preview",
    "template",
    "source",
    "mapping",
    "sync",
    "status",
    "runs",
    "run",
    "replay",
    "issues",
    "export",
    "xref",
    "alerts",
    "notify",
    "serve",
    "upload",
    "wecom",
    "simulate",
    "db",
    "demo",
)
HEAVY = (
    "alembic",
    "duckdb",
    "fastapi",
    "pyarrow",
    "pydantic",
    "requests",
    "rich",
    "sqlalchemy",
    "sqlglot",
    "uvicorn",
    "yaml",
)


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from crossdock.cli import main; main()", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    return kept | {"PYTHONPATH": str(ROOT), "LANG": "C"} | more


def test_help_lists_every_command_in_both_languages_and_the_exit_codes(cli: Cli) -> None:
    result = cli("--help", COLUMNS="80")

    assert result.exit_code == 0
    listed = re.findall(r"^  ([a-z]+)  +\S", result.stdout.split("命令 · Commands:")[1], re.MULTILINE)
    assert tuple(listed) == COMMANDS
    for code, meaning in MEANINGS.items():
        assert f"{code.value}  {meaning.zh[:8]}" in result.stdout
    assert max(map(_help._width, result.stdout.splitlines())) <= 80


def test_every_command_has_a_help_text_in_both_languages_with_an_example() -> None:
    root = typer.main.get_command(app)
    pages = dict(_pages(root, "crossdock"))

    assert len(pages) >= 30
    for name, text in pages.items():
        assert re.search(r"[\u4e00-\u9fff].* · .*[a-z]", text), name
        assert "--help" in text, name
        if name not in {
            f"crossdock {group}".strip()
            for group in ("", "source", "run", "runs", "wecom", "db", "xref", "upload", "mapping", "mapping case")
        }:
            assert "crossdock " in text.split("例 · example")[1], name
            assert "--json" in text, name


def _pages(command: object, path: str) -> list[tuple[str, str]]:
    context = command.context_class(command, info_name=path)  # type: ignore[attr-defined]  # typer's own class
    found = [(path, _help.page(command, context, 100))]  # type: ignore[arg-type]  # typer's own class
    for name, inner in _help.subcommands(command, context):  # type: ignore[arg-type]  # typer's own class
        found += _pages(inner, f"{path} {name}")
    return found


def test_help_answers_without_loading_anything_heavy() -> None:
    code = f"""import atexit, sys
atexit.register(lambda: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr))
from crossdock.cli import main
main(["--help"])"""
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert "crossdock" in done.stdout
    assert done.stderr.strip() == "[]"


def test_the_reference_page_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference.render(), "Stale docs. Run: python -m crossdock.cli.reference > docs/cli.md"


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (["snyc"], "没有命令 snyc。", "No such command 'snyc'"),
        (["sync", "--fast"], "没有选项 --fast。", "No such option: --fast"),
        (["alerts", "ack", "7"], "缺少 --as。", "Missing option '--as'"),
        (["alerts", "explain", "seven"], "编号 的值不对", "Invalid value for '编号'"),
        (["serve", "--port", "99999"], "--port 的值不对", "Invalid value for '--port'"),
        (["sync", "--home"], "选项 --home 后面要跟一个值。", "requires an argument"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_in_either_language(
    cli: Cli, arguments: list[str], zh: str, en: str
) -> None:
    chinese, english = cli(*arguments), cli(*arguments, LANG="en_US.UTF-8")

    assert (chinese.exit_code, english.exit_code) == (2, 2)
    assert zh in chinese.stderr
    assert en in english.stderr
    assert chinese.stderr.startswith("[XD-CFG-078] ")
    assert "--help" in chinese.stderr


def test_outside_a_deployment_every_command_that_needs_one_says_so(cli: Cli) -> None:
    for command in (
        ["sync"],
        ["status"],
        ["issues"],
        ["alerts"],
        ["notify"],
        ["serve"],
        ["wecom", "check"],
        ["db", "status"],
    ):
        document = cli.json(*command, exit_code=2)
        assert document["error"]["code"] == "XD-CFG-002"
        assert "crossdock init" in document["error"]["hint"]["zh"]


def test_a_mistake_in_the_settings_names_file_and_key(cli: Cli, fresh: Path) -> None:
    (fresh / "crossdock.yaml").write_text("langauge: zh\n", encoding="utf-8")

    result = cli("status", "--home", fresh, LANG="en_GB.UTF-8")

    assert result.exit_code == 2
    assert "[XD-CFG-005]" in result.stderr
    assert "langauge" in result.stderr
    assert "crossdock.yaml" in result.stderr


def test_the_deployment_s_language_goes_before_that_of_the_machine(cli: Cli, fresh: Path) -> None:
    (fresh / "crossdock.yaml").write_text("language: en\n", encoding="utf-8")
    (fresh / "sources").mkdir()

    assert "There are no sources yet." in cli("sync", "--home", fresh, LANG="zh_CN.UTF-8").stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(Text("错", "wrong")), 2),
        (AuthError(Text("错", "wrong")), 1),
        (TransientError(Text("错", "wrong")), 1),
        (StoreError(Text("错", "wrong")), 1),
    ],
)
def test_every_class_of_error_has_its_exit_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    monkeypatch.setattr("crossdock.demo.remove", _raise(error))

    result = cli("demo", "--remove")

    assert result.exit_code == code
    assert "错" in result.stderr


def test_the_worst_of_several_results_is_told() -> None:
    assert worst([]) == worst([0, 0]) == ExitCode.FINE
    assert worst([3, 0, 1, 2]) == ExitCode.FAILED
    assert worst([0, 3]) == ExitCode.NEEDS_PERSON


def _raise(error: Exception) -> object:
    def fail() -> None:
        raise error

    return fail


def test_a_crash_is_a_sentence_that_names_a_log_without_secrets(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("crossdock.demo.remove", _raise(RuntimeError("broken with canary-value-1 and p%40ss-word-2")))
    secrets = {
        "CROSSDOCK_CONN_ONE": json.dumps({"anything": "canary-value-1", "user": "me"}),
        "CROSSDOCK_CONN_TWO": json.dumps({"url": "postgresql://me:p%40ss-word-2@host/db"}),
    }

    result = cli("demo", "--remove", **secrets)

    assert result.exit_code == 1
    assert "[XD-RUN-001] 程序出错了，这不是您的操作造成的（RuntimeError: broken with *** and ***）" in result.stderr
    (log,) = tmp_path.glob("crossdock-*.log")
    assert str(log) in result.stderr.replace("\n", "")
    written = log.read_text(encoding="utf-8")
    assert "Traceback" in written
    assert "canary-value-1" not in written
    assert "ss-word-2" not in written
    assert log.stat().st_mode & 0o077 == 0


def test_a_crash_in_a_deployment_is_logged_there(cli: Cli, monkeypatch: pytest.MonkeyPatch, fresh: Path) -> None:
    (fresh / "crossdock.yaml").write_text("language: en\n", encoding="utf-8")
    monkeypatch.setattr("crossdock.store.database.open_store", lambda *_, **__: 1 / 0)

    document = cli.json("status", "--home", fresh, exit_code=1)

    assert document["error"]["code"] == "XD-RUN-001"
    assert Path(document["error"]["where"]).parent == fresh / ".crossdock" / "log"


def test_a_crash_of_one_stream_is_told_and_logged_and_the_others_go_on(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    def fail(_home: object, _engine: object, source: str, _stream: str, **_: object) -> None:
        raise TransientError(Text("断了", "gone")) if source == "c" else KeyError(f"strange {source}")

    (fresh / "crossdock.yaml").write_text("language: en\n", encoding="utf-8")
    for name in "abc":
        source = f"source: {name}\nconnector: folder\nconfig: {{path: .}}\nstreams: {{s: {{config: {{files: '*'}}, mapping: x}}}}\n"
        (fresh / "sources").mkdir(exist_ok=True)
        (fresh / "sources" / f"{name}.yaml").write_text(source, encoding="utf-8")
    monkeypatch.setattr("crossdock.store.database.open_store", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr("crossdock.pipeline.sync", fail)

    runs = cli.json("sync", "--home", fresh, exit_code=1)["runs"]

    assert [(run["source"], run["error"]["code"]) for run in runs] == [
        ("a", "XD-RUN-001"), ("b", "XD-RUN-001"), ("c", "XD-TMP-001")
    ]  # fmt: skip
    for run in runs[:2]:
        log = Path(run["error"]["where"])
        assert log.parent == fresh / ".crossdock" / "log"
        assert f"KeyError: 'strange {run['source']}'" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("password", ["pa@Secr3t", "pa@ss:Secr3t", "pa@ss/Secr3t"])
def test_a_password_with_a_bare_at_is_a_sentence_that_shows_no_part_of_it(cli: Cli, fresh: Path, password: str) -> None:
    (fresh / "crossdock.yaml").write_text("language: en\n", encoding="utf-8")

    result = cli("status", "--home", fresh, CROSSDOCK_DATABASE_URL=f"postgresql://me:{password}@127.0.0.1:1/x")

    assert result.exit_code == 2
    assert "[XD-CFG-036]" in result.stderr
    assert "%40" in result.stderr
    assert "Secr3t" not in result.output
    assert not (fresh / ".crossdock" / "log").exists()


def test_secrets_are_found_in_every_form_in_which_connections_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_CONN_A", '{"odbc": "DRIVER={x};UID=sa;PWD={brace;secret}", "host": "db.example"}')
    monkeypatch.setenv("CROSSDOCK_CONN_B", "no-json-secret")
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", "postgresql://me:url-secret@db/x")

    text = _faults.scrub("brace;secret no-json-secret url-secret db.example sa")

    assert text == "*** *** *** db.example sa"


@pytest.mark.parametrize("password", ["Secr3t-word", "a\\b'c\"Secr3t"])
def test_log_lines_hold_no_secret_however_deep_it_stands(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    before = structlog.get_config()
    monkeypatch.setenv("CROSSDOCK_CONN_DB", json.dumps({"password": password}))
    error = TransientError(Text("连不上", "gone"), where=password)
    _session._configure_logging()
    try:
        log = structlog.stdlib.get_logger("stamina")
        log.warning("stamina.retry_scheduled", caused_by=repr(error), error=error, wait_for=0.5, said=password)
        try:
            raise error
        except TransientError:
            log.exception("request.failed")
    finally:
        structlog.configure(**before)

    assert logging.lastResort is not None
    retried, failed = map(logging.lastResort.format, caplog.records)
    assert "Secr3t" not in retried + failed
    assert "wait_for=0.5" in retried
    assert "Traceback" in failed
    assert "***" in failed


def test_demo_passes_its_options_on_and_ends_with_4_where_the_story_differs(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, bool] = {}

    def run(*, airflow: bool, once: bool) -> int:
        seen.update(airflow=airflow, once=once)
        print("the story")  # noqa: T201  # as the real one does
        return 1

    monkeypatch.setattr("crossdock.demo.run", run)

    assert cli.json("demo", "--airflow", "--once", exit_code=4) == {"exit_code": "4"}
    assert seen == {"airflow": True, "once": True}
    assert cli("demo", "--remove", "--once").exit_code == 2


def test_init_makes_a_working_folder_and_never_overwrites(cli: Cli) -> None:
    made = cli("init", "hub")

    assert made.exit_code == 0
    for words in ("├── crossdock.yaml", "excel.yaml", "接下来", "cd hub", "crossdock sync"):
        assert words in made.stdout
    assert {path.name for path in Path("hub").iterdir()} == {
        "crossdock.yaml", "sources", "mappings", "rules", "inbox", ".gitignore"
    }  # fmt: skip
    from crossdock.home import Home

    home = Home.find(Path("hub"))
    assert list(home.sources["excel"].streams) == ["purchase_orders"]
    assert home.settings.people == {}

    before = {path: path.read_bytes() for path in Path("hub").rglob("*") if path.is_file()}
    again = cli("init", "hub")
    assert again.exit_code == 2
    assert "[XD-CFG-079] 目录里已有" in again.stderr
    assert {path: path.read_bytes() for path in Path("hub").rglob("*") if path.is_file()} == before
    assert sorted(cli.json("init", "other")["files"])[0] == ".gitignore"


def test_the_commented_settings_of_init_are_valid_too(cli: Cli) -> None:
    cli("init", "hub")
    path = Path("hub/crossdock.yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# people:"))
    path.write_text("\n".join(lines[:start] + [line.removeprefix("# ") for line in lines[start:]]), encoding="utf-8")
    from crossdock.home import Home

    settings = Home.find(Path("hub")).settings

    assert settings.people["liwei"].wecom == "LiWei"
    assert set(settings.roles) == {"buyer", "owner"}


def test_init_where_nothing_can_be_written_ends_with_2(cli: Cli) -> None:
    Path("file").write_text("")
    result = cli("init", "file/hub")
    assert result.exit_code == 2
    assert "[XD-CFG-079] 不能在这里建立目录" in result.stderr


def test_a_taken_port_is_named(cli: Cli) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = cli("simulate", "--port", str(taken.getsockname()[1]))

    assert result.exit_code == 2
    assert "[XD-CFG-076]" in result.stderr
    assert "--port 0" in result.stderr


def test_ctrl_c_ends_a_server_with_130_and_no_word(tmp_path: Path) -> None:
    with subprocess.Popen(
        program("simulate", "--port", "0", "--json"),
        env=environment(), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(process.stdout.readline())
                assert lines[-1], process.stderr.read() if process.stderr else ""
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=20)
        finally:
            process.kill()
    document = json.loads("".join(lines))  # noqa: TID251  # strict
    assert document["base_url"].startswith("http://127.0.0.1:")
    assert set(document["connections"]) == {"wecom_default"}
    assert (process.returncode, out, error) == (130, "", "")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("code,qty\n" + "".join(f"P{number:08},{number}\n" for number in range(3_000)))
    with subprocess.Popen(
        program("preview", str(path), "--rows", "3000"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        error = process.stderr.read()
        process.wait(20)
    assert (process.returncode, error) == (0, b"")


def test_a_terminal_without_chinese_letters_gets_question_marks_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("code,qty\nP1,1\n")
    settings = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(program("preview", "x.csv"), env=settings, cwd=tmp_path, capture_output=True, check=False)
    document = subprocess.run(
        program("preview", "x.csv", "--json"), env=settings, cwd=tmp_path, capture_output=True, check=True
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(document.stdout)["tables"][0]["columns"][0]["name"] == "code"  # noqa: TID251  # strict


BROKEN: dict[str, tuple[bytes, str, str]] = {
    "crossdock.yaml": ("company: 华东\n".encode("gb18030"), "XD-CFG-004", "文件不是 UTF-8 编码"),
    "sources/a.yaml": ("title: 华东\n".encode("gb18030"), "XD-CFG-004", "另存为 UTF-8"),
    "sources/b.yaml": (b"source: b\n\tconnector: folder\n", "XD-CFG-004", "（sources/b.yaml:2）看这一行和上一行"),
    "sources/c.yaml": (b"", "XD-CFG-005", "设置“source”不对：必须写"),
    "sources/d.yaml": (b"- a\n", "XD-CFG-005", "内容不对：下面应是“键: 值”"),
    "sources/m.yaml": (
        b"source: m\nconnector: folder\nstreams: {a: {mapping: x, schedule: every day}}\n",
        "XD-CFG-005",
        "应是 cron 的五段",
    ),
    "sources/e.yaml": (b"source: E\n", "XD-CFG-005", "只能用小写字母、数字和下划线，以字母开头"),
    "sources/g.yaml": (
        b"source: g\nconnector: folder\nsource: h\n",
        "XD-CFG-004",
        "“source”写了两遍（第 1 行和第 3 行）",
    ),
    "rules/f.yaml": ("title: 华东\n".encode("gb18030"), "XD-CFG-004", "文件不是 UTF-8 编码"),
    "mappings/my/g.yaml": ("mapping: 华东\n".encode("gb18030"), "XD-MAP-001", "另存为 UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_understood_is_named_with_its_remedy(cli: Cli, fresh: Path, name: str) -> None:
    from crossdock.home import Home
    from crossdock.incidents.rules import load_rules
    from mappings.spec import find_mapping
    from tests.integration.hub import refused

    content, code, words = BROKEN[name]
    (fresh / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (fresh / name).parent.mkdir(parents=True, exist_ok=True)
    (fresh / name).write_bytes(content)

    if name.startswith("mappings"):
        error = refused(lambda: find_mapping("my/g", fresh / "mappings"))
    elif name.startswith("rules"):
        error = refused(lambda: load_rules(Home.find(fresh)))
    else:
        result = cli("sync", "--home", fresh)
        assert (result.exit_code, f"[{code}]" in result.stderr) == (2, True)
        assert words in result.stderr
        return
    assert error.problem_code == code
    assert words in str(error.what.zh) + str(error.hint.zh)


def test_a_folder_in_the_place_of_a_source_is_no_crash(cli: Cli, fresh: Path) -> None:
    (fresh / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (fresh / "sources" / "x.yaml").mkdir(parents=True)

    assert "[XD-CFG-004] 文件读不了" in cli("sync", "--home", fresh).stderr


def test_a_command_without_its_subcommand_shows_its_help(cli: Cli) -> None:
    for words in ([], ["source"], ["db"]):
        result = cli(*words)
        assert (result.exit_code, result.stderr) == (2, "")
        assert result.stdout.startswith("用法 · Usage: crossdock")


def test_a_table_too_wide_for_the_terminal_becomes_blocks_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = [Text(f"列{number} +", f"column{number} +") for number in range(9)]
    row = [f"value{number}" if number % 2 else 1000 + number for number in range(9)]
    shown = {}
    for width in ("44", "200"):
        monkeypatch.setenv("COLUMNS", width)
        Screen(Language.EN, as_json=False).rows(columns, [row])
        shown[width] = capsys.readouterr().out

    for text in shown.values():
        for number in range(9):
            assert f"column{number}" in text
            assert (f"value{number}" if number % 2 else f"1,00{number}") in text
    assert "  column1: value1\n" in shown["44"]
    assert "──" in shown["200"]
    assert max(map(len, shown["44"].splitlines())) <= 44
