"""The upload page over a real store: what it shows, what it takes in, and what it keeps from others."""

import io
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests

from crossdock.delivery.links import UploadLink, incident_link, upload_link
from crossdock.pipeline.land import stream_lock
from crossdock.portal import _intake, _uploads, create_app
from crossdock.portal._security import HEADERS
from crossdock.returned.marks import RED
from crossdock.store.database import alone
from tests.integration.hub import HEADER, Hub, StoreServer, order_row
from wecom_notify.testing import serving

pytestmark = pytest.mark.store
GOOD = [order_row("PO-1", "10"), order_row("PO-1", "20")]
BAD = [*GOOD, order_row("PO-1", "30", quantity="五百左右"), order_row("PO-1", "40", unit="噗")]
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Desk:
    """The page as partners reach it."""

    hub: Hub
    url: str
    session: requests.Session

    def link(self, partner: str = "acme", days: float = 9, stream: str = "orders") -> str:
        until = self.hub.clock() + timedelta(days=days)
        whole = upload_link(self.hub.home, self.hub.engine, UploadLink("erp", stream, {"partner": partner}, until))
        return f"{self.url}/u/{whole.rpartition('/')[2]}"

    def get(self, address: str) -> requests.Response:
        return self.session.get(address, timeout=30, allow_redirects=False)

    def look(self, content: bytes, name: str = "订单 三月.xlsx", *, link: str = "", **more: Any) -> requests.Response:
        files = {"file": (name, content, "text/plain")}  # what the browser says of the type counts for nothing
        return self.session.post(f"{link or self.link()}/preview", files=files, timeout=30, **more)

    def submit(self, number: str, link: str = "") -> requests.Response:
        self.hub.clock.forward(seconds=1)
        address = f"{link or self.link()}/submit"
        return self.session.post(address, data={"upload": number}, timeout=30, allow_redirects=False)

    def send(self, content: bytes, name: str = "订单 三月.xlsx", *, link: str = "") -> str:
        """Looks and submits; the address of the result."""
        answer = self.submit(number_in(self.look(content, name, link=link)), link)
        assert answer.status_code == 303, answer.text
        return self.url + answer.headers["location"]


@pytest.fixture(scope="module")
def hub_of_uploads(tmp_path_factory: pytest.TempPathFactory, store_server: StoreServer) -> Iterator[Hub]:
    with store_server.fresh() as engine:
        hub = Hub(tmp_path_factory.mktemp("uploads") / "home", engine)
        hub.stream("own/orders", files="{partner}/*.xlsx")
        source = hub.home.sources["erp"].model_dump(mode="json")
        orders = source["streams"]["orders"]
        orders["config"]["files"] = ["{partner}/*.xlsx", "{partner}/*.xlsm", "{partner}/*.csv"]
        broken = {**orders, "mapping": "own/nowhere"}
        hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "gtin": "条码"}}})
        line = {"order_number": "单号", "line_number": "行", "item": "our_item"}
        lookup = {"entity": "item", "match": {"gtin": "条码"}, "give": "item_number"}
        hub.mapping("own/by_barcode", {"purchase_order_line": {"fields": line}}, lookups={"our_item": lookup})
        items = {"config": {"files": ["items.csv"], "minimum_age_seconds": 0}, "mapping": "own/items"}
        streams = {
            "orders": orders,
            "broken": broken,
            "items": items,
            "by_barcode": {**orders, "mapping": "own/by_barcode"},
        }
        hub.write("sources/erp.yaml", {**source, "title": "供应商订单", "streams": streams})
        yield hub


@pytest.fixture
def desk(hub_of_uploads: Hub) -> Iterator[Desk]:
    hub = hub_of_uploads
    hub.settings(upload_megabytes=1)
    with serving(create_app(hub.home, hub.engine, clock=hub.clock)) as url, requests.Session() as session:
        session.trust_env = False
        yield Desk(hub, url, session)


def workbook(rows: list[list[object]], header: tuple[str, ...] = HEADER) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "明细"
    lines: list[list[object]] = [["采购订单"], [*header], *rows, ["合计", *[None] * 5, 1000]]
    for line in lines:
        sheet.append(line)
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


def words(html: str) -> str:
    """What a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def number_in(answer: requests.Response) -> str:
    """The number under which the upload waits for its sender's word."""
    found = re.search(r'name="upload" value="([0-9a-f]{32})"', answer.text)
    assert found, words(answer.text)
    return found[1]


def batches(desk: Desk) -> int:
    return int(desk.hub.one("SELECT count(*) FROM crossdock.batch"))


# what it shows and does


def test_a_file_is_understood_before_anything_of_it_is_kept(desk: Desk) -> None:
    before, files = batches(desk), desk.hub.files

    answer = desk.look(workbook(BAD))

    seen = words(answer.text)
    assert answer.status_code == 200
    for said in (
        "订单 三月.xlsx",
        "共 4 行数据，其中 2 行有问题",
        "明细 G5 “数量”的值“五百左右”不是数字。 请改成数字",
        "表头在第 2 行",
        "跳过第 7 行",
        "数量 G → 订购数量",
        "供应商编码 D → 不用",
        "3 PO-1 10 2026-11-21",
    ):
        assert said in seen
    assert "partner" not in seen
    assert batches(desk) == before
    assert desk.hub.files == files


def test_sending_stores_the_good_rows_and_gives_the_own_workbook_back_marked(desk: Desk) -> None:
    link = desk.link("marked")
    result = desk.send(workbook(BAD), link=link)

    seen = words(desk.get(result).text)
    assert "收到，部分行需要修改" in seen
    assert "2 入库 1 等待处理 1 要修改" in seen
    answer = desk.get(f"{result}/marked")
    assert "attachment" in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["明细"]
    assert [sheet["J2"].value, sheet["G5"].fill.fgColor.rgb] == ["问题", RED]
    only = openpyxl.load_workbook(io.BytesIO(desk.get(f"{result}/marked?only=bad").content))["明细"]
    assert [row[1] for row in only.iter_rows(min_row=3, values_only=True)] == ["30", "40"]
    stored = "SELECT line_number FROM canonical.purchase_order_line WHERE key LIKE 'marked|%' ORDER BY 1"
    assert desk.hub.column(stored) == ["10", "20"]
    assert "done/marked/订单 三月.xlsx" in desk.hub.files
    history = words(desk.get(link).text)
    assert "订单 三月.xlsx 有问题" in history
    assert "入库 2 · 等待处理 1 · 要修改 1 行" in history


def test_the_marked_workbook_mended_and_sent_again_goes_in_under_its_old_name(desk: Desk) -> None:
    link = desk.link("mends")
    book = openpyxl.load_workbook(io.BytesIO(desk.get(desk.send(workbook(BAD), link=link) + "/marked").content))
    sheet = book["明细"]
    sheet["G5"], sheet["H6"] = "500", "个"
    memory = io.BytesIO()
    book.save(memory)

    result = desk.get(desk.send(memory.getvalue(), "订单 三月-已标注.xlsx", link=link))

    assert "收到，全部入库" in words(result.text)
    names = desk.hub.column("SELECT name FROM crossdock.batch WHERE name LIKE 'mends/%'")
    assert names == ["mends/订单 三月.xlsx"] * 2
    assert desk.hub.one("SELECT count(*) FROM canonical.purchase_order_line WHERE key LIKE 'mends|%'") == 4


def test_the_same_file_twice_does_no_harm_and_the_page_says_so(desk: Desk) -> None:
    link, content = desk.link("twice"), workbook(GOOD)
    desk.send(content, link=link)

    assert "再提交也不会重复入库" in words(desk.look(content, link=link).text)
    again = desk.get(desk.send(content, "另一个名字.xlsx", link=link))

    assert "收到，全部入库" in words(again.text)
    assert desk.hub.one("SELECT count(*) FROM canonical.purchase_order_line WHERE key LIKE 'twice|%'") == 2
    assert desk.hub.one("SELECT count(*) FROM crossdock.change WHERE key LIKE 'twice|%'") == 0


def test_two_presses_at_once_send_one_file(desk: Desk) -> None:
    link = desk.link("double")
    number = number_in(desk.look(workbook(GOOD), link=link))
    answers: list[requests.Response] = []
    address = f"{link}/submit"

    def press() -> None:
        answers.append(requests.post(address, data={"upload": number}, timeout=30, allow_redirects=False))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [303] * 4
    assert sum("note=already" in answer.headers["location"] for answer in answers) == 3
    assert desk.hub.one("SELECT count(*) FROM crossdock.batch WHERE name LIKE 'double/%'") == 1
    later = desk.submit(number, link)
    assert "刚才已经提交过" in desk.get(desk.url + later.headers["location"]).text


def test_a_stream_that_is_busy_leaves_the_file_in_the_inbox_for_its_next_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_uploads, "_PATIENCE_SECONDS", 0.0)
    link = desk.link("patient")
    with alone(desk.hub.engine, stream_lock("erp", "orders"), wait=True):
        page = words(desk.get(desk.send(workbook(GOOD), link=link)).text)

    assert "系统正忙，稍后会自动处理" in page
    assert "订单 三月.xlsx 等待处理" in page
    assert "patient/订单 三月.xlsx" in desk.hub.files
    desk.hub.sync()
    assert "已入库" in words(desk.get(link).text)


def test_a_file_without_a_usable_header_is_kept_and_comes_back_with_the_reason(desk: Desk) -> None:
    link, content = desk.link("headless"), workbook([["x", "1"], ["y", "2"]], header=("甲", "乙"))
    seen = words(desk.look(content, link=link).text)
    assert "这份文件还不能入库" in seen
    assert "缺少必需的列" in seen
    assert "XD-MAP" not in seen
    assert "mappings/" not in seen

    result = desk.send(content, link=link)

    assert "整份文件暂未入库" in words(desk.get(result).text)
    marked = openpyxl.load_workbook(io.BytesIO(desk.get(f"{result}/marked").content))
    assert "缺少必需的列" in "".join(str(cell.value) for cell in marked["明细"][2])


def test_what_somebody_will_be_asked_about_a_file_is_said_before_it_is_sent(desk: Desk) -> None:
    link, content = desk.link("pandas"), workbook([order_row("PO-1", n, item=f"45000{n}.0") for n in ("10", "20")])
    asked = "“物料编码”里的编号都以 .0 结尾（如“4500010.0”），像是导出程序把编号当成了小数，和“4500010”对不上。"

    seen = words(desk.look(content, link=link).text)

    assert "这份文件还不能入库" in seen
    assert asked in seen
    result = words(desk.get(desk.send(content, link=link)).text)
    assert "整份文件暂未入库" in result
    assert asked in result
    assert "crossdock" not in (seen + result).replace("Crossdock", "")
    assert "split" not in seen + result


def test_a_file_that_is_kept_no_longer_cannot_be_marked_and_the_page_says_so(desk: Desk) -> None:
    result = desk.send(workbook([*BAD, order_row("PO-9", due="月底")]), link=desk.link("old"))
    urls = desk.hub.query("SELECT original_url, data_url FROM crossdock.batch WHERE name LIKE 'old/%'")
    for path in urls[0]:
        Path(path).unlink()

    answer = desk.get(f"{result}/marked")

    assert answer.status_code == 410
    assert "可能已过保留期" in words(answer.text)


def test_the_page_speaks_english_when_asked_and_goes_on_in_it(desk: Desk) -> None:
    page = desk.get(f"{desk.link()}?lang=en").text

    assert "Upload and look" in page
    assert 'action="/u/' in page
    assert "/preview?lang=en" in page


def test_every_page_carries_the_security_headers(desk: Desk) -> None:
    for answer in (desk.get(desk.link()), desk.look(b"", "x.pdf"), desk.get(f"{desk.url}/u/forged")):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    assert desk.get(f"{desk.link()}/submit").status_code == 405


# what it refuses


@pytest.mark.parametrize("tamper", ["forged", "cut", "flipped", "other kind", "expired", "closed"])
def test_a_link_that_opens_nothing_says_so_in_one_sentence(desk: Desk, tamper: str) -> None:
    good = desk.link()
    incident = incident_link(desk.hub.home, desk.hub.engine, 1, "ZhangSan").rpartition("/")[2]
    address, status, said = {
        "forged": (f"{desk.url}/u/forged", 403, "上传链接无效"),
        "cut": (good[:-3], 403, "上传链接无效"),
        "flipped": (good.replace("/u/W", "/u/X"), 403, "上传链接无效"),
        "other kind": (f"{desk.url}/u/{incident}", 403, "上传链接无效"),
        "expired": (desk.link(days=-0.001), 410, "上传链接已过期"),
        "closed": (desk.link(stream="gone"), 410, "这个链接已停用"),
    }[tamper]

    for answer in (desk.get(address), desk.look(workbook(GOOD), link=address), desk.submit("0" * 32, address)):
        assert answer.status_code == status
        assert said in words(answer.text)


def test_a_partner_sees_and_sends_nothing_of_another(desk: Desk) -> None:
    mine, other = desk.link("alpha"), desk.link("beta")
    result = desk.send(workbook(BAD), "机密.xlsx", link=mine)
    number = number_in(desk.look(workbook(GOOD), link=mine))
    page = result.rpartition("/u/")[2].partition("/")[2]

    assert desk.get(f"{mine}/{page}").status_code == 200
    for address in (f"{other}/{page}", f"{other}/{page}/marked", f"{desk.link('alpha2')}/{page}"):
        answer = desk.get(address)
        assert answer.status_code == 404
        assert "机密" not in answer.text
    assert "机密" not in desk.get(other).text
    assert [desk.get(f"{mine}/f/{number}").status_code for number in ("0", "-1", "9" * 30, "x")] == [404] * 4
    assert "note=already" in desk.submit(number, other).headers["location"]
    assert "beta" not in {name.partition("/")[0] for name in desk.hub.files}
    assert desk.hub.one("SELECT count(*) FROM crossdock.batch WHERE parts ->> 'partner' = 'beta'") == 0


def test_a_name_leads_nowhere_but_the_partner_s_own_folder(desk: Desk) -> None:
    desk.send(workbook(GOOD), "../../../etc/三月 采购订单（终版）.xlsx", link=desk.link("names"))

    assert "done/names/三月 采购订单（终版）.xlsx" in desk.hub.files
    outside = [path for path in desk.hub.path.parent.rglob("*.xlsx") if not path.is_relative_to(desk.hub.path)]
    assert outside == []


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("../../../etc/cron.xlsx", "cron.xlsx"),
        ("/etc/abs.xlsx", "abs.xlsx"),
        ("..\\..\\win.xlsx", "win.xlsx"),
        (".hidden.xlsx", "hidden.xlsx"),
        ("三月 采购订单（终版）.xlsx", "三月 采购订单（终版）.xlsx"),
        ("a\x00b\x1f.xlsx", "ab.xlsx"),
        ("..", "upload"),
        ("~$锁.xlsx", "锁.xlsx"),
        ("\u202excod.xlsx", "xcod.xlsx"),
        ('<img src=x onerror="1">.xlsx', "_img src=x onerror=_1__.xlsx"),
        ("长" * 300 + ".xlsx", "长" * 40 + ".xlsx"),
        ("{partner}*.xlsx", "_partner__.xlsx"),
        ("   ", "upload"),
    ],
)
def test_names_are_cleaned_and_stay_readable(given: str, cleaned: str) -> None:
    assert _intake.clean_name(given) == cleaned


def test_an_upload_beyond_the_limit_is_read_no_further_than_needed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_intake, "_SKIPPED_BYTES", 1 << 20)
    taken = 0

    def gigabyte() -> Iterator[bytes]:
        nonlocal taken
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        for _ in range(1 << 10):
            taken += 1
            yield bytes(1 << 20)

    address, kind = f"{desk.link()}/preview", {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        status = desk.session.post(address, data=gigabyte(), headers=kind, timeout=60).status_code
    except requests.ConnectionError:
        status = 413  # the server hung up while we were still talking
    assert status == 413
    assert taken < 64

    answer = desk.look(bytes((1 << 20) + 1))
    assert answer.status_code == 413
    assert "文件太大，最多 1 MB" in words(answer.text)
    assert desk.look(workbook(GOOD)).status_code == 200


@pytest.mark.parametrize("is_lying", [False, True])
def test_a_zip_bomb_is_not_opened_whatever_it_says_of_its_size(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_lying: bool
) -> None:
    monkeypatch.setattr(_intake, "_MOST_UNPACKED", 8 << 20)
    memory = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(GOOD))) as source,
        zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in source.namelist():
            bomb.writestr(name, source.read(name) + b" " * ((9 << 20) if "sheet1" in name else 0))
    content = memory.getvalue()
    if is_lying:
        sizes = [info.file_size for info in zipfile.ZipFile(memory).infolist() if "sheet1" in info.filename]
        content = content.replace(sizes[0].to_bytes(4, "little"), (999).to_bytes(4, "little"))

    answer = desk.look(content)

    assert answer.status_code == 413
    assert "解压后大得不正常" in words(answer.text)


@pytest.mark.parametrize("broken", ["content", "header", "place"])
def test_a_broken_part_hides_no_bomb_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.setattr(_intake, "_MOST_UNPACKED", 8 << 20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.xml", b"x" * 1000)
        archive.writestr("bomb.xml", b" " * (9 << 20))
        size = archive.infolist()[0].compress_size
    content, data = path.read_bytes(), 30 + len("first.xml")
    match broken:
        case "content":
            content = content[:data] + b"\xff" * size + content[data + size :]
        case "header":
            content = b"QK" + content[2:]
        case "place":  # the directory seems to begin later than it does, so that parts lie before the file
            at = content.index(b"PK\x05\x06") + 16
            later = int.from_bytes(content[at : at + 4], "little") + 20
            content = content[:at] + later.to_bytes(4, "little") + content[at + 4 :]
    path.write_bytes(content)

    with pytest.raises(_intake.RefusedError):
        _intake.refuse_bomb(path)


@pytest.mark.parametrize("bad", ["version", "place"])
def test_a_directory_that_cannot_be_followed_is_a_sentence(desk: Desk, bad: str) -> None:
    content = workbook(GOOD)
    entry = content.index(b"PK\x01\x02")
    if bad == "version":
        content = content[: entry + 6] + (99).to_bytes(2, "little") + content[entry + 8 :]
    else:  # a place beyond what any file has
        names, extra = (int.from_bytes(content[entry + at : entry + at + 2], "little") for at in (28, 30))
        assert extra == 0
        end = entry + 46 + names
        added = b"\x01\x00\x08\x00" + b"\xff" * 8
        content = (
            content[: entry + 30]
            + len(added).to_bytes(2, "little")
            + content[entry + 32 : entry + 42]
            + b"\xff" * 4
            + content[entry + 46 : end]
            + added
            + content[end:]
        )
        tail = content.index(b"PK\x05\x06") + 12
        size = int.from_bytes(content[tail : tail + 4], "little") + len(added)
        content = content[:tail] + size.to_bytes(4, "little") + content[tail + 4 :]

    answer = desk.look(content)

    assert answer.status_code in {200, 422}
    assert "页面出错了" not in words(answer.text)


def test_xml_entities_are_not_expanded(desk: Desk) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 99 + b'"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(GOOD))) as source, zipfile.ZipFile(memory, "w") as evil:
        for name in source.namelist():
            xml = source.read(name)
            if name in {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}:
                xml = laughs + xml.replace("采购订单".encode(), b"&b;&c;")
            evil.writestr(name, xml)

    answer = desk.look(memory.getvalue())

    assert answer.status_code in {200, 422}
    assert "root:" not in answer.text
    assert "haha" not in answer.text


def test_html_in_cells_headers_sheets_and_names_is_shown_and_never_obeyed(desk: Desk) -> None:
    rows = [order_row(SCRIPT, "10", quantity=SCRIPT, item="'\"><img src=x>")]
    link = desk.link("html")
    looked = desk.look(workbook(rows, header=(*HEADER[:-1], "交期")), f"{SCRIPT}.xlsx", link=link)
    result = desk.get(desk.url + desk.submit(number_in(looked), link).headers["location"])

    for page in (looked, result, desk.get(link)):
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img" not in page.text
    assert SCRIPT in words(looked.text)


def test_formulas_of_a_text_file_come_back_as_text(desk: Desk) -> None:
    evil = "=cmd|' /C calc'!A0"
    content = "\n".join(",".join(map(str, row)) for row in (HEADER, order_row("PO-1", "10", quantity=evil))).encode()

    result = desk.send(content, "订单.csv", link=desk.link("formula"))

    sheet = openpyxl.load_workbook(io.BytesIO(desk.get(f"{result}/marked").content)).worksheets[0]
    found = [cell for row in sheet.iter_rows() for cell in row if str(cell.value or "").startswith("=")]
    assert [(cell.value, cell.data_type) for cell in found] == [(evil, "s")]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_another_kind_of_file_is_refused_and_a_disguised_one_named(desk: Desk) -> None:
    other, disguised, nothing = (
        desk.look(b"%PDF-1.4", "合同.pdf"),
        desk.look(b"%PDF-1.4", "合同.xlsx"),
        desk.look(b"", ""),
    )

    assert other.status_code == 415
    assert "“合同.pdf”的格式这里不收，可以传：.csv .xlsm .xlsx" in words(other.text)
    assert disguised.status_code == 200
    assert "内容却是PDF" in words(disguised.text)
    assert nothing.status_code == 400
    assert "还没有选择文件" in words(nothing.text)


@pytest.mark.parametrize("body", [b"", b"--x\r\nno header", b"\xff" * 100])
def test_a_body_that_is_no_form_gets_a_sentence(desk: Desk, body: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "text/plain", "multipart/form-data"):
        answer = desk.session.post(f"{desk.link()}/preview", data=body, headers={"Content-Type": kind}, timeout=30)
        assert answer.status_code == 400
        assert "请再传一次" in answer.text or "还没有选择文件" in answer.text


def test_macros_are_kept_out_and_said(desk: Desk) -> None:
    assert "宏不会运行，只读取数据" in words(desk.look(workbook(GOOD), "宏.xlsm").text)


def test_a_receiver_whose_settings_are_wrong_takes_nothing_and_blames_nobody_else(desk: Desk) -> None:
    answer = desk.look(workbook(GOOD), link=desk.link(stream="broken"))

    assert answer.status_code == 503
    assert "收件方的设置有误" in words(answer.text)


def test_a_file_on_which_a_reader_chokes_gets_a_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def choke(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(_uploads, "look", choke)

    answer = desk.look(workbook(GOOD))

    assert answer.status_code == 422
    assert "可能已损坏" in words(answer.text)


def test_a_link_used_too_often_rests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_uploads, "_MOST", 2)
    link = desk.link("eager")

    statuses = [desk.look(b"x", "a.pdf", link=link).status_code for _ in range(3)]

    assert statuses == [415, 415, 429]
    assert desk.look(b"x", "a.pdf", link=desk.link("calm")).status_code == 415


def test_what_nobody_submits_is_cleared_away_after_a_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    link, shelf = desk.link("leaves"), desk.hub.path / ".crossdock" / "uploads"
    number = number_in(desk.look(workbook(GOOD), link=link))
    (left,) = shelf.glob(f"*/{number}")
    assert left.stat().st_mode & 0o077 == 0

    monkeypatch.setattr(_intake, "_KEPT_SECONDS", -1)
    desk.look(workbook(GOOD), link=link)

    assert not left.exists()
    assert Path(left.parent).is_dir()


def test_the_preview_finds_what_the_mapping_looks_up_in_the_store(desk: Desk) -> None:
    desk.hub.put("items.csv", [("000123", "6291041500213")], header=("料号", "条码"))
    desk.hub.sync("items")
    rows = "单号,行,条码\nPO-1,1,6291041500213\n".encode()
    seen = words(desk.look(rows, "a.csv", link=desk.link(stream="by_barcode")).text)
    assert "看起来没有问题，共 1 行数据" in seen
    unknown = words(desk.look(rows.replace(b"213", b"206"), "b.csv", link=desk.link(stream="by_barcode")).text)
    assert "看起来没有问题" not in unknown


def test_uploads_that_nobody_came_back_for_are_cleared_away_by_others(tmp_path: Path) -> None:
    old = _intake.Shelf(tmp_path, "one").keep(io.BytesIO(b"x"), "a.xlsx")
    yesterday = time.time() - 2 * 86_400
    os.utime(old.folder, (yesterday, yesterday))
    new = _intake.Shelf(tmp_path, "other").keep(io.BytesIO(b"y"), "b.xlsx")
    assert (old.folder.exists(), new.folder.exists()) == (False, True)


def test_many_uploads_at_once_keep_nobody_else_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the forty threads that all other requests share, among them WeCom's callback."""
    arrived, may_end = threading.Semaphore(0), threading.Event()
    receive = _intake.receive

    async def counted(*given: Any) -> _intake.Kept:
        kept = await receive(*given)
        arrived.release()
        return kept

    def slow_look(*_: object, **__: object) -> list[object]:
        assert may_end.wait(60)
        return []

    monkeypatch.setattr(_uploads, "receive", counted)
    monkeypatch.setattr(_uploads, "look", slow_look)
    links = [desk.link(f"partner{number}") for number in range(45)]
    with ThreadPoolExecutor(len(links)) as senders:
        try:
            sent = [senders.submit(desk.look, b"a,b\n1,2\n", "a.csv", link=link) for link in links]
            assert all(arrived.acquire(timeout=30) for _ in links)
            assert requests.get(links[0], timeout=10).status_code == 200
            assert not any(one.done() for one in sent)
        finally:
            may_end.set()
        assert {one.result().status_code for one in sent} == {200}
