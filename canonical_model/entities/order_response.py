"""Order response: what a supplier answers to an order."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Money, Quantity, Ref

_NUMBERS = ("单据编号", *common.PURCHASE_ORDER_NUMBERS)


class OrderResponse(Entity):
    """A supplier's standing answer to one order; a later answer changes it, and the changes keep the history."""

    label = Text("订单回复", "Order response")
    key = ("order_number",)

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    order_revision: str | None = field("订单版本", "Order revision", max_length=20)
    response_number: str | None = field("回复单号", "Response number", max_length=60)
    sequence: int | None = field("回复次数", "Sequence", minimum=0)
    responded_at: Instant | None = field("回复时间", "Responded at", aliases=("回复日期", "确认日期"))
    supplier: Ref | None = common.supplier()
    decision: Code | None = field("回复结果", "Decision", codes="header_decision", aliases=("是否接受",))
    remark: str | None = common.remark("说明")


class OrderResponseLine(Entity):
    """A supplier's standing answer to one order line."""

    label = Text("订单回复行", "Order response line")
    key = ("order_number", "line_number")
    parent = OrderResponse
    parent_key = ("order_number",)

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    item: Ref | None = common.item()
    partner_item_number: str | None = common.partner_item_number()
    decision: Code | None = field("回复结果", "Decision", codes="line_decision", aliases=("是否接受", "确认结果"))
    change: Code | None = field("变更动作", "Change", codes="change_action", aliases=("变更类型",))
    confirmed: Quantity | None = field("确认数量", "Confirmed", minimum=0, aliases=("回复数量", "可交数量"))
    promised_on: date | None = field("承诺交期", "Promised on", aliases=("确认交期", "回复交期", "预计交期"))
    price: Money | None = field("确认单价", "Confirmed price", minimum=0)
    price_base: Decimal | None = field("价格单位", "Price base quantity", minimum=0, aliases=("每",))
    substitute: Ref | None = field("替代物料", "Substitute", refers_to="item", aliases=("替代料号",))
    reason: str | None = field("原因", "Reason", max_length=500, aliases=("备注", "说明"))


class OrderResponseSchedule(Entity):
    """One of several deliveries into which a supplier splits an order line."""

    label = Text("回复交货计划", "Order response schedule")
    key = ("order_number", "line_number", "schedule_number")
    parent = OrderResponseLine
    parent_key = ("order_number", "line_number")

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    schedule_number: str = field("计划行号", "Schedule number", required=True, max_length=20, aliases=("批次",))
    confirmed: Quantity | None = field("确认数量", "Confirmed", minimum=0, aliases=("数量", "回复数量", "可交数量"))
    promised_on: date | None = field("承诺交期", "Promised on", aliases=("交期", "确认交期", "回复交期", "预计交期"))
