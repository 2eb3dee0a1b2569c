"""source check, discover and add: a source is right before anything is read into the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer
import yaml

from crossdock.cli._screen import Screen
from tests.unit.cli.conftest import ORDER_HEADER, Cli, order_row, write_workbook

SECRET = "canary-pass-word"
ADD_ERP = (
    "source",
    "add",
    "erp",
    "--connector",
    "sql",
    "--table",
    "po_line",
    "--key",
    "id",
    "--watermark",
    "updated_at",
)


@pytest.fixture
def home(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (fresh / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (fresh / "sources").mkdir()
    monkeypatch.setenv("CROSSDOCK_HOME", str(fresh))
    return fresh


@pytest.fixture
def here(home: Path) -> Cli:
    """The command line in that home."""
    return Cli({"CROSSDOCK_HOME": str(home)})


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "erp.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "create table po_line (id integer primary key, 采购单号 text, 行号 text, 物料编码 text, 数量 text, 单位 text, "
            "updated_at text)"
        )
        connection.execute("create view v_po_line as select id, 采购单号 from po_line")
        connection.execute("create table logs (message text)")
        connection.executemany(
            "insert into po_line values (?, 'PO-1', '10', '000123', '5', '个', '2026-01-01')", [(1,), (2,)]
        )
    return f"sqlite:///{path}"


def put_orders(home: Path, *, header: list[str] = ORDER_HEADER) -> Path:
    path = home / "inbox" / "orders" / "1.xlsx"
    write_workbook(path, [header, order_row(1), order_row(2)])
    return path


def add_orders(here: Cli, *more: str) -> None:
    added = here(
        "source", "add", "orders", "--connector", "folder", "--path", "inbox", "--files", "orders/*.xlsx",
        "--mapping", "generic/purchase_order", "--set", "minimum_age_seconds=0", *more,
    )  # fmt: skip
    assert added.exit_code == 0, added.output


def checks(document: dict[str, list[dict[str, object]]]) -> dict[tuple[object, str], object]:
    """(stream, step) -> whether it is good."""
    return {(one["stream"], one["check"]["en"]): one["ok"] for one in document["checks"]}  # type: ignore[index]  # a text


def test_what_is_added_is_commented_right_at_once_and_never_overwritten(home: Path, here: Cli) -> None:
    add_orders(here, "--title", "采购订单", "--schedule", "*/10 * * * *")
    path = home / "sources" / "orders.yaml"
    written = path.read_text(encoding="utf-8")

    assert yaml.safe_load(written) == {
        "source": "orders", "title": "采购订单", "connector": "folder", "config": {"path": "inbox"},
        "streams": {
            "orders": {
                "config": {"files": "orders/*.xlsx", "minimum_age_seconds": 0},
                "mapping": "generic/purchase_order", "schedule": "*/10 * * * *",
            }
        },
    }  # fmt: skip
    assert "# 主键的一部分，定下来就不要改" in written
    assert (home / "inbox" / "orders").is_dir()
    again = here("source", "add", "orders", "--connector", "folder")
    assert (again.exit_code, "[XD-CFG-128] 已有数据源“orders”" in again.stderr) == (2, True)
    assert path.read_text(encoding="utf-8") == written
    assert here("source", "check", "orders").exit_code == 0
    assert here(*ADD_ERP, "--mapping", "generic/purchase_order").stdout.count("export CROSSDOCK_CONN_ERP=") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Erp", "--connector", "sql"], "数据源不能叫“Erp”"),
        (["erp"], "缺少 --connector"),
        (["erp", "--connector", "sap"], "没有名为“sap”的连接器"),
        (["erp", "--connector", "folder", "--path", "inbox"], "缺少 --files"),
        (["erp", "--connector", "sql", "--table", "t", "--key", "id"], "缺少 --mapping"),
        (["erp", "--connector", "sql", "--table", "t", "--files", "x"], "没有设置 files"),
        (["erp", "--connector", "sql", "--table", "t", "--set", "nonsense"], "--set nonsense 看不懂"),
        (["erp", "--connector", "folder", "--path", "x", "--files", "../y", "--mapping", "generic/inventory"], "../y"),
        (["erp", "--connector", "sql", "--table", "t", "--key", "id", "--mapping", "generic/itm"], "找不到映射“generic/itm”"),
        (["erp", "--connector", "sql", "--table", "t", "--key", "id", "--set", "batch_rows=0", "--mapping", "generic/inventory"], "batch_rows"),
    ],
)  # fmt: skip
def test_nothing_wrong_is_ever_written(home: Path, here: Cli, arguments: list[str], words: str) -> None:
    result = here("source", "add", *arguments)

    assert result.exit_code == 2
    assert words in result.stderr
    assert list((home / "sources").iterdir()) == []


def test_a_person_at_a_terminal_is_asked_for_what_is_missing(
    home: Path, here: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def prompt(question: str, *, default: str | None, err: bool) -> str:
        asked.append(question)
        return default or "采购/*.xlsx"

    monkeypatch.setattr("crossdock.cli.source_add._is_asking", lambda _one: True)
    monkeypatch.setattr(typer, "prompt", prompt)

    result = here("source", "add", "orders")

    assert result.exit_code == 0, result.output
    assert [question[:3] for question in asked] == ["con", "文件夹", "哪些文", "映射"]
    assert (home / "inbox" / "采购").is_dir()


def test_check_reads_one_record_and_stores_and_moves_nothing(home: Path, here: Cli) -> None:
    add_orders(here)
    file = put_orders(home)

    document = here.json("source", "check")
    shown = here("source", "check")

    assert checks(document) == {
        (None, "settings"): True, (None, "secrets"): None, (None, "connection"): True,
        ("orders", "mapping"): True, ("orders", "one record"): True,
    }  # fmt: skip
    assert "orders/1.xlsx [明细]：11 列，映射 generic/purchase_order" in shown.stdout
    assert "都正常。接下来：crossdock sync" in shown.stdout
    assert file.exists()
    assert not (home / ".crossdock").exists()


def test_check_of_a_database_shows_no_secret_and_asks_for_one_row(home: Path, here: Cli, database: str) -> None:
    assert here(*ADD_ERP, "--mapping", "generic/purchase_order").exit_code == 0
    unset = here("source", "check", "erp")
    gone = here("source", "check", "erp", CROSSDOCK_CONN_ERP=f'{{"url": "postgresql://me:{SECRET}@127.0.0.1:1/x"}}')
    empty = here("source", "check", "erp", CROSSDOCK_CONN_ERP=f'{{"url": "{database}", "password": ""}}')
    good = here("source", "check", "erp", CROSSDOCK_CONN_ERP=f'{{"url": "{database}"}}')

    assert unset.exit_code == 2
    assert "[XD-CFG-020] 没有连接“erp”。请设置环境变量 CROSSDOCK_CONN_ERP" in unset.stdout
    assert gone.exit_code == 1
    assert "✗   erp" in gone.stdout
    assert SECRET not in gone.output
    assert "里的 password 是空的" in empty.stdout
    assert good.exit_code == 0
    assert "有 url（内容不显示）" in good.stdout
    assert "po_line：7 列，映射 generic/purchase_order" in good.stdout


def test_check_goes_on_behind_a_broken_source_and_names_each_mistake(home: Path, here: Cli) -> None:
    add_orders(here)
    put_orders(home, header=[*ORDER_HEADER[1:], "别的"])
    (home / "sources" / "broken.yaml").write_text("source: [", encoding="utf-8")
    (home / "sources" / "wrong.yaml").write_text(
        "source: wrong\nconnector: folder\nconfig: {path: nowhere}\n"
        "streams: {a: {mapping: my/orders, config: {files: '*'}}}\n",
        encoding="utf-8",
    )
    (home / "mappings").mkdir()
    (home / "mappings" / "my").mkdir()
    (home / "mappings" / "my" / "orders.yaml").write_text(
        "mapping: my/orders\nentities: {purchase_order: {fields: {order_number: dat(x)}}}\n", encoding="utf-8"
    )

    document = here.json("source", "check", exit_code=2)
    shown = here("source", "check").stdout
    found = {(one["source"], one["check"]["en"]): one["error"]["code"] for one in document["checks"] if one["error"]}

    assert found.pop(("wrong", "mapping")).startswith("XD-MAP-")
    assert found == {
        ("broken", "settings"): "XD-CFG-004",
        ("wrong", "connection"): "XD-CFG-050",
        ("orders", "one record"): "XD-CFG-130",
    }
    assert "缺少必需的列" in shown
    assert "怎么改" in shown
    assert "crossdock source check" in shown.split("改好后")[1]


def test_a_file_that_no_mapping_takes_waits_for_a_person(home: Path, here: Cli) -> None:
    add_orders(here)
    put_orders(home, header=["甲", *ORDER_HEADER[1:]])

    assert here("source", "check", "orders").exit_code == 3
    assert here("source", "check", "nowhere").exit_code == 2


def test_check_without_any_source_says_how_to_make_one(here: Cli) -> None:
    result = here("source", "check")

    assert result.exit_code == 2
    assert "[XD-CFG-073] 还没有数据源。" in result.stderr
    assert "crossdock source add" in result.stderr


def test_discover_a_folder_outside_any_deployment(cli: Cli, tmp_path: Path) -> None:
    write_workbook(tmp_path / "in" / "erp" / "订单.xlsx", [["标题"], ORDER_HEADER, order_row(1), order_row(2)])
    (tmp_path / "in" / "bad.xlsx").write_bytes(b"PK nonsense")
    (tmp_path / "in" / "done").mkdir()
    (tmp_path / "in" / "done" / "old.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    document = cli.json("source", "discover", "--folder", tmp_path / "in")
    shown = cli("source", "discover", "--folder", tmp_path / "in").stdout

    good = {one["name"]: one for one in document["found"] if not one["problem"]}
    (order,) = good.values()
    assert order["name"] == "erp/订单.xlsx [明细]"
    assert order["settings"] == {"files": "erp/*.xlsx"}
    assert order["mappings"][0] == "generic/purchase_order"
    assert "表头在第 2 行" in shown
    assert "1 项读不了" in shown
    assert "--files 'erp/*.xlsx' --mapping generic/purchase_order" in shown
    assert document["next"] in shown


def test_discover_a_database_guesses_key_and_watermark(cli: Cli, database: str) -> None:
    document = cli.json("source", "discover", "--url", database)
    shown = cli("source", "discover", "--url", database, "--like", "po_line", "--limit", "1").stdout

    found = {one["name"]: one for one in document["found"]}
    assert found["po_line"]["settings"] == {"table": "po_line", "key": ["id"], "watermark": "updated_at"}
    assert found["v_po_line"]["note"]["zh"] == "视图，key 是猜的"
    assert found["logs"]["settings"]["key"] == []
    assert "--table po_line --key id --watermark updated_at" in shown
    assert "还有更多" in shown


def test_discover_says_what_it_cannot_do(cli: Cli, here: Cli) -> None:
    gone = f"postgresql://me:{SECRET}@127.0.0.1:1/x"

    for arguments, code, words in (
        ([], 2, "请只给出一个"),
        (["--folder", "nowhere"], 2, "[XD-CFG-050]"),
        (["--url", gone], 1, "数据库暂时读不了"),
        (["--url", "nonsense"], 2, "[XD-CFG-030]"),
        (["--connection", "nobody"], 2, "[XD-CFG-020] 没有连接“nobody”"),
    ):
        result = cli("source", "discover", *arguments)
        assert result.exit_code == code, result.output
        assert words in result.stderr
        assert SECRET not in result.output
    assert "没有数据源“erp”" in here("source", "discover", "erp").stderr
    assert "什么也没有找到" in cli("source", "discover", "--folder", ".").stdout


def test_a_busy_sign_counts_steps_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from canonical_model.language import Language

    quiet = Screen(Language.ZH, as_json=False)
    with quiet.busy("正在同步 a", done=0, steps=2) as tell:
        tell("正在同步 b")
    assert capsys.readouterr().err == ""

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    loud = Screen(Language.ZH, as_json=False)
    with loud.busy("正在同步 a", done=0, steps=2) as tell:
        tell("正在同步 b")
        tell("正在同步 b：合并 2 行", steps=0)
    shown = capsys.readouterr().err
    assert "正在同步 b" in shown
    assert "1/2" in shown
