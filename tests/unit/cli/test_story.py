"""sync, status, issues, alerts, notify, wecom and db over one real store and the simulated WeCom."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from canonical_model.text import JsonValue
from tests.unit.cli.conftest import Deployed

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.store


def cards_of(deployed: Deployed) -> list[dict[str, JsonValue]]:
    """The cards on the buyer's phone."""
    return [one for one in deployed.wecom.records("inbox") if one["chat"] == "ZhangSan" and one["task_id"]]


def test_the_first_sync_accounts_for_every_row_and_record(deployed: Deployed) -> None:
    erp, suppliers = deployed.steps["first sync"]["runs"]

    (file,) = erp["files"]
    assert file["rows"] == {"total": "15", "above": "2", "header": "1", "skipped": "2", "read": "10"}
    assert file["skipped"] == {"total": ["14"], "after_end": ["15"]}
    for run in (erp, suppliers):
        assert run["is_baseline"] is True
        for one in run["entities"]:
            terms = ("created", "updated", "unchanged", "stale", "folded", "parked", "rejected")
            assert int(one["read"]) == sum(int(one[term]) for term in terms) > 0


def test_a_changed_workbook_shows_places_reasons_remedies_and_what_comes_next(deployed: Deployed) -> None:
    result = deployed.steps["second sync"]

    assert result.exit_code == 3
    for words in (
        "✓ 2.xlsx [明细]",
        "共 15 行 = 表头以上 2 + 表头 1 + 跳过 2 + 读入 10",
        "合计行（第 14 行）",
        "✗ broken.xlsx",
        "整份搁置：工作簿不完整或已损坏",
        "⚠ 2 个问题",
        "2.xlsx [明细] K6：“交期”的值“月底”不是日期。请写成 2026-03-05",
        "2.xlsx [明细] G7：“数量”的值“五百左右”不是数字。",
        "改好后重新放进收件夹",
        "crossdock notify",
    ):
        assert words in result.stdout
    assert result.stderr == ""


def test_a_sync_without_news_says_so_and_ends_with_0(deployed: Deployed) -> None:
    result = deployed.steps["third sync"]

    assert result.exit_code == 0
    assert "没有新内容" in result.stdout


def test_notify_tells_what_was_found_and_sent(deployed: Deployed) -> None:
    assert "发出 1 条消息" in deployed.text("first notify"), deployed.text("first notify")
    second = deployed.text("second notify")
    assert "发出 1 条消息" in second
    assert "待发 0，送不出去 0" in second
    assert len(cards_of(deployed)) == 1


def test_alerts_lists_what_needs_care_and_counts_the_rest(deployed: Deployed) -> None:
    (incident,) = deployed.steps["incidents"]["incidents"]
    shown = deployed.cli("alerts", "--all").stdout

    assert (incident["subject"], incident["status"]) == ("erp PO-18|10", "open")
    assert "数量 500→300" in incident["sentence"]["zh"]
    assert "PO-18" in shown
    assert "张三" in shown


def test_explain_says_rule_facts_recipient_reason_and_receipt(deployed: Deployed) -> None:
    shown = deployed.text("explain open")

    for words in (
        "规则 order_changed_after_confirmation",
        "PO-18",
        "✓ 张三 ZhangSan：已送达（发现）",
        "原因：buyer_contact=“张三”，是 张三",
        "企业微信已收下，回执",
        "buyer   企业微信应用   ZhangSan",
    ):
        assert words in shown


def test_explain_in_english(deployed: Deployed) -> None:
    number = deployed.steps["number"]
    document = deployed.cli.json("alerts", "explain", number)

    assert document["alerts"][0]["reason"]["en"] == "buyer_contact=“张三” is 张三"
    assert [event["kind"] for event in document["history"]][:2] == ["opened", "acknowledged"]


def test_an_acknowledged_incident_keeps_its_first_name_and_its_card_turns_grey(deployed: Deployed) -> None:
    assert "张三 已知晓异常" in deployed.text("ack")
    assert deployed.steps["ack again"].exit_code == 0
    assert "之前就已知晓（张三），没有改动" in deployed.text("ack again")
    (card,) = cards_of(deployed)
    assert "张三" in str(card["replace_name"])


def test_an_unknown_incident_ends_with_2(deployed: Deployed) -> None:
    for command in (["alerts", "explain", "4711"], ["alerts", "ack", "4711", "--as", "张三"]):
        result = deployed.cli(*command)
        assert result.exit_code == 2
        assert "[XD-CFG-084] 没有异常 4711。" in result.stderr


def test_issues_by_run_source_and_limit(deployed: Deployed) -> None:
    everything = deployed.cli.json("issues")
    limited = deployed.cli.json("issues", "--source", "erp.purchase_orders", "--limit", "1")
    other = deployed.cli.json("issues", "--source", "suppliers")
    run = everything["issues"][0]["run"]

    assert (everything["total"], everything["by_code"]) == ("2", {"XD-DAT-001": "1", "XD-NUM-001": "1"})
    assert [file["name"] for file in everything["parked_files"]] == ["broken.xlsx"]
    assert (limited["total"], len(limited["issues"])) == ("2", 1)
    assert other["total"] == "0"
    shown = deployed.cli("issues", "--run", run).stdout
    assert "整份搁置的文件" in shown
    assert "K6：“交期”的值“月底”不是日期。" in shown
    assert "没有问题" in deployed.cli("issues", "--source", "suppliers").stdout


def test_issues_of_an_unknown_run_or_source_end_with_2(deployed: Deployed) -> None:
    assert "[XD-CFG-074] 没有运行 999。" in deployed.cli("issues", "--run", "999").stderr
    result = deployed.cli("issues", "--source", "sap")
    assert result.exit_code == 2
    assert "没有数据源“sap”" in result.stderr


def test_status_shows_streams_incidents_and_a_balanced_account(deployed: Deployed) -> None:
    document = deployed.cli.json("status")
    result = deployed.cli("status")

    assert result.exit_code == 0
    assert {stream["stream"]: stream["rows"] for stream in document["streams"]}["purchase_orders"] == {
        "purchase_order": "10",
        "purchase_order_line": "10",
    }
    for account in document["alerts"]:
        terms = ("delivered", "merged", "silenced", "pending", "dead")
        assert int(account["raised"]) == sum(int(account[term]) for term in terms)
        assert account["is_balanced"] is True
    for words in ("华东精密", "erp.purchase_orders", "没有新内容", "搁置文件", "提醒（企业微信应用）：发起 1 = 送达 1"):
        assert words in result.stdout


def test_db_status_upgrade_and_psql(deployed: Deployed, capfd: pytest.CaptureFixture[str]) -> None:
    document = deployed.cli.json("db", "status")
    assert (document["embedded"], document["server_version"].split(".")[0]) == (True, "18")
    assert "canonical.purchase_order" in {f"{one['schema']}.{one['name']}" for one in document["tables"]}
    assert f"最新版本 {document['revision']}" in deployed.cli("db", "upgrade").stdout
    deployed.cli("db", "psql", "-c", "select 'rows: ' || count(*) from facts.purchase_order")
    assert "rows: 10" in capfd.readouterr().out
    assert deployed.cli("db", "psql", "-c", "select nonsense").exit_code == 1
    assert "PGPASSWORD" not in str(deployed.cli.json("db", "psql"))


def test_wecom_check_and_test_messages(deployed: Deployed) -> None:
    checked = deployed.cli("wecom", "check")
    assert checked.exit_code == 0
    assert "✓ 应用（连接 wecom_default）：令牌已取得" in checked.stdout
    assert "✓ 群机器人 purchasing：采购群" in checked.stdout

    assert "✓ 已发给张三" in deployed.cli("wecom", "send-test", "E017").stdout
    assert deployed.cli.json("wecom", "send-test", "采购群")["channel"] == "robot"
    unknown = deployed.cli("wecom", "send-test", "某人")
    assert unknown.exit_code == 2
    assert "现有：zhangsan、purchasing" in unknown.stderr


def test_a_wrong_wecom_secret_shows_the_errcode_and_a_hint(deployed: Deployed) -> None:
    connection = '{"corp_id": "wwtest", "agent_id": "1000002", "secret": "canary-wrong-secret"}'

    result = deployed.cli("wecom", "check", CROSSDOCK_CONN_WECOM_DEFAULT=connection)
    document = deployed.cli.json("wecom", "check", exit_code=1, CROSSDOCK_CONN_WECOM_DEFAULT=connection)

    assert result.exit_code == 1
    assert "40001" in result.stderr
    assert "canary-wrong-secret" not in result.output
    assert document["checks"][0]["errcode"] == "40001"
    assert document["checks"][0]["error"]["hint"]["zh"]


def test_notify_without_wecom_keeps_the_alert_and_ends_with_3(deployed: Deployed) -> None:
    result = deployed.steps["notify without WeCom"]

    assert result.exit_code == 3
    assert "新异常 1" in result.stdout
    assert "⚠ 企业微信连接缺少 corp_id" in result.stdout
    assert "crossdock wecom check" in result.stdout
    assert "待发 1 +" in deployed.text("status in between")


def test_a_server_of_one_s_own_that_is_gone_ends_with_1_and_hides_the_password(deployed: Deployed) -> None:
    url = "postgresql://me:canary-pass-word@127.0.0.1:1/nowhere"
    for command in (["status"], ["sync"], ["notify"], ["db", "status"]):
        result = deployed.cli(*command, CROSSDOCK_DATABASE_URL=url)
        assert result.exit_code == 1
        assert "[XD-TMP-002] 连接不上存储" in result.stderr
        assert "canary-pass-word" not in result.output
    refused = deployed.cli("db", "psql", CROSSDOCK_DATABASE_URL=url)
    assert (refused.exit_code, "[XD-CFG-077]" in refused.stderr) == (2, True)


def test_one_broken_stream_does_not_stop_the_others(deployed: Deployed, tmp_path: Path) -> None:
    """Two streams in a home that shares the store: the first has no folder, the second runs."""
    home = tmp_path / "other"
    (home / "sources").mkdir(parents=True)
    (home / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (home / ".crossdock").symlink_to(deployed.path / ".crossdock")
    (home / "inbox").mkdir()
    for name, path in (("a_gone", "nowhere"), ("b_there", "inbox")):
        source = {
            "source": name, "connector": "folder", "config": {"path": path},
            "streams": {"orders": {"config": {"files": "*"}, "mapping": "generic/purchase_order"}},
        }  # fmt: skip
        (home / "sources" / f"{name}.yaml").write_text(yaml.safe_dump(source), encoding="utf-8")

    document = deployed.cli.json("sync", "--home", home, exit_code=2)

    assert [run["status"] for run in document["runs"]] == ["failed", "idle"]
    assert document["runs"][0]["error"]["code"] == "XD-CFG-050"


def test_serve_tells_its_address_answers_and_ends_with_130_on_ctrl_c(deployed: Deployed) -> None:
    given = {name: value for name, value in deployed.cli.environment.items() if value}
    command = [sys.executable, "-c", "from crossdock.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=os.environ | given | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(4)]
            url = said[0].strip().removeprefix("网页：")
            with requests.Session() as session:
                session.trust_env = False
                health = session.get(f"{url}/healthz", timeout=10)
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=20)
        finally:
            process.kill()

    assert health.json() == {"status": "ok"}
    assert said[1] == f"企业微信回调：{url}/wecom/callback\n"
    assert (process.returncode, out, error) == (130, "", "")
