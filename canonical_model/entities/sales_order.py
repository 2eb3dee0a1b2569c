"""Sales order: header, lines and delivery schedule."""

from datetime import date

from canonical_model.declaration import field
from canonical_model.entities import _common as common
from canonical_model.entities._order import Order, OrderLine, OrderSchedule
from canonical_model.language import Text
from canonical_model.values import Code, Ref

_NUMBERS = ("单据编号", *common.SALES_ORDER_NUMBERS)
_CUSTOMER_NUMBERS = ("客户订单号", "客户PO", "客户采购单号")


class SalesOrder(Order):
    """One order that a customer places with us."""

    label = Text("销售订单", "Sales order")
    key = ("order_number",)
    reuse_guard = "ordered_on"

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    revision: str | None = common.revision()
    kind: Code | None = field("订单类型", "Order kind", codes="order_kind", aliases=("单据类型", "销售类型"))
    counterpart_order_number: str | None = field(
        "客户单号", "Customer's order number", max_length=60, aliases=_CUSTOMER_NUMBERS
    )
    ordered_on: date | None = field("订单日期", "Ordered on", aliases=("销售日期", "单据日期", "下单日期", "日期"))
    seller: Ref | None = field("销售方", "Seller", refers_to="party", aliases=("销售组织", "公司"))
    customer: Ref | None = common.customer()
    seller_contact: str | None = field("销售员", "Seller's contact", max_length=60, aliases=("业务员", "跟单员"))


class SalesOrderLine(OrderLine):
    """One line of a sales order."""

    label = Text("销售订单行", "Sales order line")
    key = ("order_number", "line_number")
    parent = SalesOrder
    parent_key = ("order_number",)

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    counterpart_order_number: str | None = field(
        "客户单号", "Customer's order number", max_length=60, aliases=_CUSTOMER_NUMBERS
    )


class SalesOrderSchedule(OrderSchedule):
    """One delivery date of a sales order line."""

    label = Text("销售交货计划", "Sales order schedule")
    key = ("order_number", "line_number", "schedule_number")
    parent = SalesOrderLine
    parent_key = ("order_number", "line_number")

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
