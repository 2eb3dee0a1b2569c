"""Purchase order: header, lines and delivery schedule.

One order has no single status: document, fulfilment, billing and close are separate dimensions, since every source
mixes them in its own way. Each quantity and each date has its role, and every exception rule compares two of them.
"""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Money, Quantity, Ref

_ORDER_NUMBER_ALIASES = (
    "采购单号",
    "采购订单号",
    "订单编号",
    "单据编号",
    "采购订单",
    "PO",
    "PO No.",
    "PO号",
    "PO number",
    "order no",
)
_LINE_NUMBER_ALIASES = ("行", "序号", "项次", "行项目", "分录号", "line", "line no")


class PurchaseOrder(Entity):
    """One order that we place with a supplier."""

    label = Text("采购订单", "Purchase order")
    key = ("order_number",)
    reuse_guard = "ordered_on"

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_ORDER_NUMBER_ALIASES)
    revision: str | None = field("版本", "Revision", max_length=20, aliases=("版本号",))
    kind: Code | None = field("订单类型", "Order kind", codes="order_kind", aliases=("单据类型", "采购类型"))
    counterpart_order_number: str | None = field("供应商单号", "Supplier's order number", max_length=60)
    ordered_on: date | None = field("订单日期", "Ordered on", aliases=("采购日期", "单据日期", "下单日期", "日期"))
    buyer: Ref | None = field("采购方", "Buyer", refers_to="party", aliases=("采购组织", "公司"))
    supplier: Ref | None = field(
        "供应商",
        "Supplier",
        refers_to="party",
        aliases=("供应商编码", "供应商代码", "供货商", "vendor", "supplier code"),
    )
    ship_to: Ref | None = field("收货地点", "Ship to", refers_to="location", aliases=("收货仓库", "交货地点"))
    bill_to: Ref | None = field("付款方", "Bill to", refers_to="party")
    buyer_contact: str | None = field("采购员", "Buyer's contact", max_length=60, aliases=("业务员", "采购负责人"))
    currency: Code | None = field("币种", "Currency", codes="currency", aliases=("币别", "结算币别"))
    payment_terms: str | None = field("付款条件", "Payment terms", aliases=("结算方式",))
    incoterm: Code | None = field("贸易术语", "Incoterm", codes="incoterm")
    incoterm_place: str | None = field("交货地", "Incoterm place")
    requested_on: date | None = field("要求交期", "Requested on", aliases=("交货日期", "需求日期"))
    net_total: Money | None = field("不含税金额", "Net total", aliases=("未税金额",))
    tax_total: Money | None = field("税额", "Tax total")
    gross_total: Money | None = field("价税合计", "Gross total", aliases=("含税金额", "总金额"))
    document_status: Code | None = field(
        "单据状态", "Document status", codes="document_status", aliases=("审核状态", "订单状态", "状态")
    )
    fulfilment_status: Code | None = field(
        "交货状态", "Fulfilment status", codes="fulfilment_status", aliases=("入库状态",)
    )
    billing_status: Code | None = field("开票状态", "Billing status", codes="billing_status")
    close_status: Code | None = field("关闭状态", "Close status", codes="close_status")
    hold_reason: str | None = field("冻结原因", "Hold reason")
    approved_at: Instant | None = field("审核时间", "Approved at", aliases=("审核日期",))
    transmitted_at: Instant | None = field("发送时间", "Transmitted at")
    remark: str | None = field("备注", "Remark", max_length=2000)


class PurchaseOrderLine(Entity):
    """One line of a purchase order."""

    label = Text("采购订单行", "Purchase order line")
    key = ("order_number", "line_number")
    parent = PurchaseOrder
    parent_key = ("order_number",)

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_ORDER_NUMBER_ALIASES)
    line_number: str = field("行号", "Line number", required=True, max_length=20, aliases=_LINE_NUMBER_ALIASES)
    item: Ref | None = field(
        "物料",
        "Item",
        refers_to="item",
        aliases=("物料编码", "料号", "物料代码", "存货编码", "商品编码", "产品编码"),
    )
    description: str | None = field("物料名称", "Description", max_length=500, aliases=("品名", "名称", "物料描述"))
    specification: str | None = field("规格型号", "Specification", max_length=500, aliases=("规格",))
    ordered: Quantity | None = field(
        "订购数量", "Ordered", minimum=0, aliases=("数量", "采购数量", "订单数量", "需求数量", "qty")
    )
    unit_price: Money | None = field("单价", "Unit price", minimum=0, aliases=("含税单价", "采购单价"))
    price_base: Decimal | None = field("价格单位", "Price base quantity", minimum=0, aliases=("每",))
    is_tax_included: bool | None = field("含税", "Tax included")
    tax_rate: Decimal | None = field("税率", "Tax rate", note=("百分数", "percent"), minimum=0)
    net_amount: Money | None = field("金额", "Net amount", aliases=("不含税金额", "未税金额"))
    requested_on: date | None = field(
        "要求交期",
        "Requested on",
        aliases=("交期", "交货日期", "要求到货日期", "需求日期", "到货日期", "due date"),
    )
    first_promised_on: date | None = field("首次承诺交期", "First promised on")
    promised_on: date | None = field("承诺交期", "Promised on", aliases=("供应商交期", "确认交期", "回复交期"))
    confirmed: Quantity | None = field("确认数量", "Confirmed", minimum=0)
    cancelled: Quantity | None = field("取消数量", "Cancelled", minimum=0)
    shipped: Quantity | None = field("已发数量", "Shipped", minimum=0)
    received: Quantity | None = field("已收数量", "Received", minimum=0, aliases=("累计入库数量", "已入库数量"))
    accepted: Quantity | None = field("合格数量", "Accepted", minimum=0)
    rejected: Quantity | None = field("拒收数量", "Rejected", minimum=0, aliases=("不合格数量",))
    invoiced: Quantity | None = field("开票数量", "Invoiced", minimum=0)
    returned: Quantity | None = field("退货数量", "Returned", minimum=0)
    location: Ref | None = field("仓库", "Location", refers_to="location", aliases=("收货仓库",))
    project: str | None = field("项目", "Project", aliases=("项目号",))
    status: Code | None = field("行状态", "Line status", codes="line_status", aliases=("状态",))
    remark: str | None = field("备注", "Remark", max_length=2000)


class PurchaseOrderSchedule(Entity):
    """One delivery date of a purchase order line."""

    label = Text("采购交货计划", "Purchase order schedule")
    key = ("order_number", "line_number", "schedule_number")
    parent = PurchaseOrderLine
    parent_key = ("order_number", "line_number")

    order_number: str = field("订单号", "Order number", required=True, max_length=60, aliases=_ORDER_NUMBER_ALIASES)
    line_number: str = field("行号", "Line number", required=True, max_length=20, aliases=_LINE_NUMBER_ALIASES)
    schedule_number: str = field("计划行号", "Schedule number", required=True, max_length=20, aliases=("批次",))
    scheduled: Quantity | None = field("计划数量", "Scheduled", minimum=0, aliases=("数量",))
    requested_on: date | None = field("要求交期", "Requested on", aliases=("交期", "交货日期"))
    first_promised_on: date | None = field("首次承诺交期", "First promised on")
    promised_on: date | None = field("承诺交期", "Promised on")
    ship_by: date | None = field("最迟发货日", "Ship by")
