"""Goods receipt: what arrived against an order."""

from datetime import date

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref

_NUMBERS = ("入库单", "收货单", "到货单号", "收货单号", "单据编号", "GRN", "receipt no")
_ORDER_NUMBERS = tuple(name for name in common.ANY_ORDER_NUMBERS if name not in _NUMBERS)


class GoodsReceipt(Entity):
    """One arrival of goods (到货单) or its entry into stock (入库单): two documents, both kept."""

    label = Text("收货单", "Goods receipt")
    key = ("receipt_number",)

    receipt_number: str = field("入库单号", "Receipt number", required=True, max_length=60, aliases=_NUMBERS)
    kind: Code | None = field("收货类型", "Receipt kind", codes="receipt_kind", aliases=("入库类型", "单据类型"))
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=_ORDER_NUMBERS)
    supplier: Ref | None = common.supplier()
    location: Ref | None = common.warehouse("收货仓库", "入库仓库")
    received_at: Instant | None = field(
        "收货时间", "Received at", aliases=("入库日期", "收货日期", "到货日期", "入库时间", "日期")
    )
    posted_at: Instant | None = field("过账时间", "Posted at", aliases=("过账日期", "审核日期"))
    carrier: Ref | None = field("承运商", "Carrier", refers_to="party")
    vehicle: str | None = field("车牌号", "Vehicle", max_length=60)
    despatch_number: str | None = field("送货单号", "Despatch number", max_length=60, aliases=("发货单号",))
    status: Code | None = field("状态", "Status", codes="receipt_status")
    remark: str | None = common.remark()


class GoodsReceiptLine(Entity):
    """One line of a goods receipt."""

    label = Text("收货单行", "Goods receipt line")
    key = ("receipt_number", "line_number")
    adds_up = True
    parent = GoodsReceipt
    parent_key = ("receipt_number",)

    receipt_number: str = field("入库单号", "Receipt number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=_ORDER_NUMBERS)
    order_line_number: str | None = common.order_line_number()
    despatch_number: str | None = field("送货单号", "Despatch number", max_length=60, aliases=("发货单号",))
    item: Ref | None = common.item()
    partner_item_number: str | None = common.partner_item_number()
    lot: str | None = common.lot()
    supplier_lot: str | None = common.supplier_lot()
    expires_on: date | None = field("失效日期", "Expires on", aliases=("有效期至", "到期日", "有效期"))
    received: Quantity | None = field(
        "实收数量", "Received", minimum=0, aliases=("数量", "入库数量", "收货数量", "实收")
    )
    accepted: Quantity | None = field("合格数量", "Accepted", minimum=0)
    rejected: Quantity | None = field("拒收数量", "Rejected", minimum=0, aliases=("不合格数量",))
    short: Quantity | None = field("短缺数量", "Short", minimum=0)
    over: Quantity | None = field("超收数量", "Over", minimum=0)
    damaged: Quantity | None = field("破损数量", "Damaged", minimum=0)
    location: Ref | None = common.warehouse("收货仓库", "入库仓库")
    condition: Code | None = field("货物状况", "Condition", codes="goods_condition", aliases=("外观状况",))
    reason: str | None = field("原因", "Reason", max_length=500, aliases=("备注",))
