"""Goods receipt: what arrived against an order."""

from canonical_model.declaration import Entity, field
from canonical_model.entities.purchase_order import _LINE_NUMBER_ALIASES, _ORDER_NUMBER_ALIASES
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref

_RECEIPT_NUMBER_ALIASES = ("入库单", "收货单", "到货单号", "收货单号", "单据编号", "GRN", "receipt no")


class GoodsReceipt(Entity):
    """One arrival of goods."""

    label = Text("收货单", "Goods receipt")
    key = ("receipt_number",)

    receipt_number: str = field(
        "入库单号", "Receipt number", required=True, max_length=60, aliases=_RECEIPT_NUMBER_ALIASES
    )
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=_ORDER_NUMBER_ALIASES)
    supplier: Ref | None = field("供应商", "Supplier", refers_to="party", aliases=("供应商编码", "供应商代码"))
    location: Ref | None = field("仓库", "Location", refers_to="location", aliases=("收货仓库", "入库仓库"))
    received_at: Instant | None = field("收货时间", "Received at", aliases=("入库日期", "收货日期", "到货日期", "日期"))
    posted_at: Instant | None = field("过账时间", "Posted at", aliases=("过账日期", "审核日期"))
    carrier: Ref | None = field("承运商", "Carrier", refers_to="party")
    vehicle: str | None = field("车牌号", "Vehicle", max_length=60)
    despatch_number: str | None = field("送货单号", "Despatch number", max_length=60, aliases=("发货单号",))
    status: Code | None = field("状态", "Status", codes="receipt_status")
    remark: str | None = field("备注", "Remark", max_length=2000)


class GoodsReceiptLine(Entity):
    """One line of a goods receipt."""

    label = Text("收货单行", "Goods receipt line")
    key = ("receipt_number", "line_number")
    parent = GoodsReceipt
    parent_key = ("receipt_number",)

    receipt_number: str = field(
        "入库单号", "Receipt number", required=True, max_length=60, aliases=_RECEIPT_NUMBER_ALIASES
    )
    line_number: str = field("行号", "Line number", required=True, max_length=20, aliases=_LINE_NUMBER_ALIASES)
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=_ORDER_NUMBER_ALIASES)
    order_line_number: str | None = field(
        "订单行号", "Order line number", max_length=20, aliases=("采购订单行", "源单行号")
    )
    item: Ref | None = field("物料", "Item", refers_to="item", aliases=("物料编码", "料号", "存货编码"))
    lot: str | None = field("批号", "Lot", max_length=60, aliases=("批次", "批次号"))
    received: Quantity | None = field(
        "实收数量", "Received", minimum=0, aliases=("数量", "入库数量", "收货数量", "实收")
    )
    accepted: Quantity | None = field("合格数量", "Accepted", minimum=0)
    rejected: Quantity | None = field("拒收数量", "Rejected", minimum=0, aliases=("不合格数量",))
    short: Quantity | None = field("短缺数量", "Short", minimum=0)
    over: Quantity | None = field("超收数量", "Over", minimum=0)
    damaged: Quantity | None = field("破损数量", "Damaged", minimum=0)
    reason: str | None = field("原因", "Reason", max_length=500, aliases=("备注",))
