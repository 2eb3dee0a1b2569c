"""The story in steps, each with what must then be true; told the same way with and without Airflow."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy import text

from canonical_model.errors import CrossdockError
from canonical_model.language import Text
from crossdock import delivery, incidents, pipeline
from crossdock.demo import workbooks
from crossdock.demo.stage import Message, Stage
from crossdock.demo.workbooks import CHANGED, SHORT, SUPPLIERS, UNANSWERED, OrderLine, Receipt, changed_orders

LI_WEI, WANG_FANG = "LiWei", "WangFang"
SETTLE_SECONDS = 0.3  # a little more than the minimum age of the demo's streams


class NewsRunner(Protocol):
    """What brings news through: the pipeline itself, or Airflow."""

    def run(self, source: str) -> None:
        """Reads all streams of a source and returns when everything that follows from it has happened.

        Raises:
            CrossdockError: A part of it failed.
        """


@dataclass(frozen=True, slots=True)
class Direct:
    """Runs the pipeline in this process."""

    stage: Stage

    def run(self, source: str) -> None:
        """Reads, evaluates and delivers.

        Raises:
            CrossdockError: A part of it failed.
        """
        home, store = self.stage.home, self.stage.engine
        for stream in home.source(source).streams:
            pipeline.sync(home, store, source, stream)
        incidents.evaluate(home, store)
        delivery.deliver(home, store)


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: what should be there, and what is."""

    what: Text
    wanted: object
    found: object

    @property
    def holds(self) -> bool:
        """Whether they agree."""
        return self.wanted == self.found


@dataclass(slots=True)
class StepResult:
    """How one step went.

    Attributes:
        shown: Sentences from the phones, to be shown.
        problem: Why the step could not be played to its end.
    """

    title: Text
    checks: list[Check] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    problem: Text | None = None
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it was played and every expectation holds."""
        return self.problem is None and bool(self.checks) and all(check.holds for check in self.checks)


class Story:
    """One order's story.

    Args:
        stage: Where it plays.
        runner: What brings news through.
    """

    def __init__(self, stage: Stage, runner: NewsRunner) -> None:
        self._stage, self._runner = stage, runner
        self._today = stage.today
        self._orders: list[OrderLine] = workbooks.first_orders(self._today)
        self._told: list[str] = []

    @property
    def orders(self) -> Sequence[OrderLine]:
        """The orders as the ERP has them now."""
        return self._orders

    @property
    def steps(self) -> Sequence[tuple[Text, Callable[[], Iterator[Check]]]]:
        """Title and action of every step, in order."""
        return (
            (Text("首次载入：订单、供应商回复、入库", "First load: orders, replies, receipts"), self._first_load),
            (Text("ERP 改单：数量 500→300，交期 3/1→3/5", "An order changes: 500→300, 3/1→3/5"), self._order_changes),
            (Text("李伟在手机上按“知道了”", "李伟 presses “got it” on the phone"), self._press),
            (Text("再跑一次，没有新内容", "Another run without news"), self._no_news),
            (Text("供应商回复了另一个交期", "The supplier replies with another date"), self._supplier_replies),
            (Text("到货少于订单", "Less arrives than was ordered"), self._short_receipt),
            (Text("余量到齐，自行恢复", "The rest arrives: resolved by itself"), self._rest_arrives),
            (
                Text("对账：每一行、每一条提醒都有去处", "The accounts: every row and alert is somewhere"),
                self._accounts,
            ),
        )

    def play(self, tell: Callable[[StepResult], None], begin: Callable[[Text], None]) -> bool:
        """Plays all steps until one fails; whether all held.

        Args:
            tell: Is told how each step went.
            begin: Is told the title of each step before it begins.
        """
        for title, action in self.steps:
            begin(title)
            result = StepResult(title)
            started = time.monotonic()
            self._told = []
            try:
                result.checks.extend(action())
            except CrossdockError as error:
                result.problem = Text(f"{error.what.zh}{error.hint.zh}", f"{error.what.en} {error.hint.en}")
            result.seconds, result.shown = time.monotonic() - started, self._told
            tell(result)
            if not result.holds:
                return False
        return True

    def _first_load(self) -> Iterator[Check]:
        self._put_first_files()
        for source in self._stage.home.sources:
            self._runner.run(source)
        stored = self._stage.count("SELECT count(*) FROM canonical.purchase_order_line WHERE deleted_at IS NULL")
        yield Check(Text("库里的订单行", "order lines in the store"), len(self._orders), stored)
        yield Check(Text("员工收到的卡片", "cards to staff"), 0, self._cards_total())
        group = self._stage.simulator.group()
        yield Check(Text("采购群里的汇总", "summaries in the group"), 1, len(group))
        self._told += [_words(message) for message in group]
        yield Check(
            Text("作为起点记下的异常", "standing incidents kept as the baseline"),
            [f"confirmation_overdue erp {UNANSWERED}", "receipt_short erp PO-12|1"],
            self._incidents("status <> 'resolved'"),
        )

    def _put_first_files(self) -> None:
        """Puts the first workbooks into the inboxes."""
        today = self._today
        workbooks.write_orders(self._inbox("erp", f"采购订单_{today:%m%d}.xlsx"), self._orders, today)
        first = {line.key: line for line in self._orders}
        arrived = [first["PO-12", 1], first["PO-12", 2], first["PO-13", 1]]
        workbooks.write_receipts(
            self._inbox("erp", f"入库_{today:%m%d}.xlsx"),
            [
                # of PO-12 line 1 less than was ordered came: known already, so no alert
                Receipt(
                    f"GR-{number}",
                    1,
                    line.order,
                    line.line,
                    line.item,
                    line.quantity - (30 if number == 1 else 0),
                    today,
                )
                for number, line in enumerate(arrived, 1)
            ],
        )
        for supplier in SUPPLIERS:
            theirs = [line for line in self._orders if line.supplier == supplier and line.order != UNANSWERED]
            workbooks.write_response(self._inbox("suppliers", supplier, f"交期回复_{supplier}.xlsx"), supplier, theirs)
        time.sleep(SETTLE_SECONDS)

    def _order_changes(self) -> Iterator[Check]:
        before = self._line(CHANGED)
        self._orders = changed_orders(self._orders, CHANGED, quantity=300, due=before.due + timedelta(days=4))
        self._put_orders("改")
        self._runner.run("erp")
        yield from self._one_card(LI_WEI, 1, (*CHANGED, "500→300", "3/1→3/5", "晚4天"))
        yield Check(
            Text("未结的改单异常", "open incidents of this kind"),
            1,
            len(self._incidents("rule LIKE 'order_changed%' AND status = 'open'")),
        )

    def _press(self) -> Iterator[Check]:
        card = self._stage.simulator.inbox(LI_WEI)[-1]
        taken = self._stage.simulator.press(card, LI_WEI, "知道了")
        yield Check(Text("回调", "the callback"), "accepted", "accepted" if taken else "refused")
        acknowledged = "rule LIKE 'order_changed%' AND status = 'acknowledged' AND acknowledged_by = '李伟'"
        found = self._stage.eventually(lambda: len(self._incidents(acknowledged)), 1)
        yield Check(Text("由李伟确认的异常", "incidents acknowledged by 李伟"), 1, found)
        button = self._stage.eventually(lambda: self._stage.simulator.inbox(LI_WEI)[-1]["replace_name"], "李伟 已知晓")
        yield Check(Text("卡片上的按钮", "the card's button"), "李伟 已知晓", button)

    def _no_news(self) -> Iterator[Check]:
        messages, changes = len(self._stage.simulator.inbox()), self._changes()
        self._put_orders("重发")  # the same statements in another file
        for source in self._stage.home.sources:
            self._runner.run(source)
        yield Check(Text("新消息", "new messages"), 0, len(self._stage.simulator.inbox()) - messages)
        yield Check(Text("新变更", "new changes"), 0, self._changes() - changes)

    def _supplier_replies(self) -> Iterator[Check]:
        line = self._line(CHANGED)
        reply = replace(line, due=line.due + timedelta(days=5))
        path = self._inbox("suppliers", line.supplier, f"交期回复_{line.order}.xlsx")
        workbooks.write_response(path, line.supplier, [reply], remark="原料晚到")
        time.sleep(SETTLE_SECONDS)
        self._runner.run("suppliers")
        yield from self._one_card(LI_WEI, 2, (*CHANGED, "3/5→3/10", "晚5天", "原料晚到"))
        yield Check(
            Text("未结的异常", "standing incidents"),
            [f"response_differs erp {CHANGED[0]}|{CHANGED[1]}"],
            self._incidents("NOT is_baseline AND status = 'open'"),
        )

    def _short_receipt(self) -> Iterator[Check]:
        line = self._line(SHORT)
        self._put_receipt("GR-101", line, line.quantity - 200)
        self._runner.run("erp")
        yield from self._one_card(WANG_FANG, 1, (*SHORT, "1200", "1000", "少 200"))
        yield Check(Text("李伟的卡片", "cards to 李伟"), 2, len(self._stage.simulator.inbox(LI_WEI)))

    def _rest_arrives(self) -> Iterator[Check]:
        messages = len(self._stage.simulator.inbox())
        self._put_receipt("GR-102", self._line(SHORT), 200)
        self._runner.run("erp")
        subject = f"erp {SHORT[0]}|{SHORT[1]}"
        resolved = self._incidents(f"rule = 'receipt_short' AND subject = '{subject}' AND status = 'resolved'")
        yield Check(Text("自行恢复的异常", "incidents resolved by themselves"), 1, len(resolved))
        yield Check(Text("新消息", "new messages"), 0, len(self._stage.simulator.inbox()) - messages)
        button = self._stage.eventually(
            lambda: self._stage.simulator.inbox(WANG_FANG)[-1]["replace_name"], "已自行恢复"
        )
        yield Check(Text("卡片上的按钮", "the card's button"), "已自行恢复", button)

    def _accounts(self) -> Iterator[Check]:
        count = self._stage.count
        yield Check(
            Text("行数不平的文件", "files whose rows do not add up"), 0,
            count("SELECT count(*) FROM crossdock.batch WHERE rows_total <> rows_above + rows_header + rows_skipped + rows_read"),
        )  # fmt: skip
        yield Check(
            Text("记录数不平的运行", "runs whose records do not add up"), 0,
            count("SELECT count(*) FROM crossdock.run_entity "
                  "WHERE read <> created + updated + unchanged + stale + folded + parked + rejected"),
        )  # fmt: skip
        yield Check(
            Text("提醒数不平的渠道", "channels whose alerts do not add up"), 0,
            count("SELECT count(*) FROM crossdock.alert_account "
                  "WHERE raised <> delivered + merged + silenced + pending + dead OR pending + dead > 0"),
        )  # fmt: skip
        # a schedule may be due just now, and its runs on their way
        failed = self._stage.eventually(
            lambda: count("SELECT count(*) FROM crossdock.run WHERE status IN ('failed', 'running')"), 0
        )
        yield Check(Text("失败的运行", "failed runs"), 0, failed)
        yield Check(
            Text("没有落地到库的文件", "files that wait"),
            0,
            count("SELECT count(*) FROM crossdock.batch WHERE status <> 'applied'"),
        )
        waiting = [path.name for path in self._stage.home.path.glob("inbox/*/*.xlsx")]
        yield Check(Text("收件夹里剩下的文件", "files left in the inbox"), [], waiting)
        chats = {"group": len(self._stage.simulator.group())} | {
            user: len(self._stage.simulator.inbox(user)) for user in (LI_WEI, WANG_FANG)
        }
        yield Check(Text("全部消息", "all messages"), {"group": 1, LI_WEI: 2, WANG_FANG: 1}, chats)

    def _one_card(self, user: str, total: int, words: Sequence[object]) -> Iterator[Check]:
        """The newest card of `user` is a new one and says all of `words`; nobody else got anything new."""
        messages = self._stage.simulator.inbox(user)
        yield Check(Text(f"{user} 的卡片", f"cards to {user}"), total, len(messages))
        if not messages:
            return
        said = _words(messages[-1])
        self._told.append(f"{user}: {said}")
        missing = [str(word) for word in words if str(word) not in said]
        yield Check(Text("卡片上缺少的字", "words missing on the card"), [], missing)

    def _put_orders(self, name: str) -> None:
        path = self._inbox("erp", f"采购订单_{name}.xlsx")
        workbooks.write_orders(path, self._orders, self._today + timedelta(days=len(name)))
        time.sleep(SETTLE_SECONDS)

    def _put_receipt(self, number: str, line: OrderLine, quantity: int) -> None:
        receipt = Receipt(number, 1, line.order, line.line, line.item, quantity, self._today)
        workbooks.write_receipts(self._inbox("erp", f"入库_{number}.xlsx"), [receipt])
        time.sleep(SETTLE_SECONDS)

    def _inbox(self, *parts: str) -> Path:
        return self._stage.home.path.joinpath("inbox", *parts)

    def _line(self, key: tuple[str, int]) -> OrderLine:
        return next(line for line in self._orders if line.key == key)

    def _cards_total(self) -> int:
        return sum(len(self._stage.simulator.inbox(user)) for user in (LI_WEI, WANG_FANG))

    def _changes(self) -> int:
        return self._stage.count("SELECT count(*) FROM crossdock.change")

    def _incidents(self, condition: str) -> list[str]:
        query = text(f"SELECT rule || ' ' || subject FROM crossdock.incident WHERE {condition} ORDER BY 1")
        with self._stage.engine.connect() as connection:
            return list(connection.scalars(query))


def _words(message: Message) -> str:
    """What a message says, on one line."""
    card = message.get("template_card")
    if isinstance(card, dict):
        title = cast(dict[str, str], card.get("main_title") or {})
        return f"{title.get('title', '')}｜{card.get('sub_title_text') or title.get('desc', '')}"
    body = message[str(message["msgtype"])]
    return " ".join(str(cast(dict[str, str], body).get("content", "")).split())
