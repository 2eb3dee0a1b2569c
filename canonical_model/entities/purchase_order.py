"""Purchase order: header, lines and delivery schedule."""

from datetime import date

from canonical_model.declaration import field
from canonical_model.entities import _common as common
from canonical_model.entities._order import Order, OrderLine, OrderSchedule
from canonical_model.language import Text
from canonical_model.values import Code, Ref

_NUMBERS = ("单据编号", *common.PURCHASE_ORDER_NUMBERS)


class PurchaseOrder(Order):
    """One order that we place with a supplier."""

    label = Text("采购订单", "Purchase order")
    key = ("order_number",)
    reuse_guard = "ordered_on"

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    revision: str | None = common.revision()
    kind: Code | None = field("订单类型", "Order kind", codes="order_kind", aliases=("单据类型", "采购类型"))
    counterpart_order_number: str | None = field(
        "供应商单号", "Supplier's order number", max_length=60, aliases=("供应商订单号",)
    )
    ordered_on: date | None = field("订单日期", "Ordered on", aliases=("采购日期", "单据日期", "下单日期", "日期"))
    buyer: Ref | None = field("采购方", "Buyer", refers_to="party", aliases=("采购组织", "公司"))
    supplier: Ref | None = common.supplier()
    buyer_contact: str | None = field("采购员", "Buyer's contact", max_length=60, aliases=("业务员", "采购负责人"))


class PurchaseOrderLine(OrderLine):
    """One line of a purchase order."""

    label = Text("采购订单行", "Purchase order line")
    key = ("order_number", "line_number")
    parent = PurchaseOrder
    parent_key = ("order_number",)

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()


class PurchaseOrderSchedule(OrderSchedule):
    """One delivery date of a purchase order line."""

    label = Text("采购交货计划", "Purchase order schedule")
    key = ("order_number", "line_number", "schedule_number")
    parent = PurchaseOrderLine
    parent_key = ("order_number", "line_number")

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
