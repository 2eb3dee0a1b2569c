"""What purchase and sales orders have in common; each adds its own parties and headers.

One order has no single status: document, fulfilment, billing and close are separate dimensions, since every source
mixes them in its own way. Each quantity and each date has its role, and every exception rule compares two of them.
"""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.values import Code, Instant, Money, Quantity, Ref


class Order(Entity):
    """Terms, totals and statuses of an order."""

    valid_from: date | None = field("生效日期", "Valid from", aliases=("合同开始日期",))
    valid_to: date | None = field("失效日期", "Valid to", aliases=("合同结束日期",))
    ship_to: Ref | None = field(
        "收货地点", "Ship to", refers_to="location", aliases=("收货仓库", "交货地点", "收货地址", "送货地址")
    )
    ship_from: Ref | None = field("发货地点", "Ship from", refers_to="location", aliases=("发货仓库", "起运地"))
    bill_to: Ref | None = field("收票方", "Bill to", refers_to="party", aliases=("开票单位", "发票抬头"))
    payer: Ref | None = field("付款方", "Payer", refers_to="party", aliases=("付款单位", "结算单位"))
    currency: Code | None = field("币种", "Currency", codes="currency", aliases=("币别", "结算币别", "currency code"))
    exchange_rate: Decimal | None = field("汇率", "Exchange rate", minimum=0)
    payment_terms: str | None = field("付款条件", "Payment terms", aliases=("结算方式", "账期", "收款条件"))
    incoterm: Code | None = field("贸易术语", "Incoterm", codes="incoterm", aliases=("价格条款", "成交方式"))
    incoterm_place: str | None = field("交货地", "Incoterm place")
    transport_mode: Code | None = field(
        "运输方式", "Transport mode", codes="transport_mode", aliases=("发运方式", "送货方式")
    )
    requested_on: date | None = field("要求交期", "Requested on", aliases=("交货日期", "需求日期"))
    not_before: date | None = field("最早交期", "Not before", aliases=("最早交货日期",))
    not_after: date | None = field("最晚交期", "Not after", aliases=("最迟交货日期", "最晚交货日期"))
    net_total: Money | None = field("不含税金额", "Net total", aliases=("未税金额",))
    tax_total: Money | None = field("税额", "Tax total")
    gross_total: Money | None = field("价税合计", "Gross total", aliases=("含税金额", "总金额", "订单金额"))
    document_status: Code | None = field(
        "单据状态", "Document status", codes="document_status", aliases=("审核状态", "订单状态", "状态")
    )
    fulfilment_status: Code | None = field(
        "交货状态", "Fulfilment status", codes="fulfilment_status", aliases=("入库状态", "出库状态", "发货状态")
    )
    billing_status: Code | None = field("开票状态", "Billing status", codes="billing_status")
    close_status: Code | None = field("关闭状态", "Close status", codes="close_status", aliases=("是否关闭",))
    is_on_hold: bool | None = field("是否冻结", "On hold", aliases=("冻结", "挂起"))
    hold_reason: str | None = field("冻结原因", "Hold reason")
    approved_at: Instant | None = field("审核时间", "Approved at", aliases=("审核日期",))
    approved_by: str | None = field("审核人", "Approved by", max_length=60)
    transmitted_at: Instant | None = field("发送时间", "Transmitted at")
    acknowledged_at: Instant | None = field(
        "对方签收时间", "Acknowledged at", note=("X12 997、EDIFACT CONTRL", "X12 997, EDIFACT CONTRL")
    )
    contract_number: str | None = field("合同号", "Contract number", max_length=60, aliases=("合同编号",))
    remark: str | None = common.remark()


class OrderLine(Entity):
    """Item, price, dates and running quantities of an order line."""

    item: Ref | None = common.item()
    partner_item_number: str | None = common.partner_item_number()
    manufacturer_item_number: str | None = field(
        "厂家料号", "Manufacturer's item number", max_length=60, aliases=("制造商料号", "MPN")
    )
    gtin: str | None = common.gtin()
    description: str | None = common.description()
    specification: str | None = common.specification()
    ordered: Quantity | None = field(
        "订购数量", "Ordered", minimum=0, aliases=("数量", "采购数量", "销售数量", "订单数量", "需求数量", "qty")
    )
    unit_price: Money | None = field(
        "单价", "Unit price", minimum=0, aliases=("含税单价", "采购单价", "销售单价", "unit price")
    )
    price_base: Decimal | None = field("价格单位", "Price base quantity", minimum=0, aliases=("每",))
    price_kind: Code | None = field("价格类型", "Price kind", codes="price_kind")
    is_tax_included: bool | None = field("含税", "Tax included", aliases=("是否含税",))
    tax_rate: Decimal | None = field("税率", "Tax rate", note=("百分数", "percent"), minimum=0, aliases=("税率(%)",))
    tax_category: Code | None = field("税种类别", "Tax category", codes="tax_category")
    discount_rate: Decimal | None = field(
        "折扣率", "Discount rate", note=("百分数", "percent"), minimum=0, aliases=("折扣(%)", "折扣")
    )
    discount: Money | None = field("折扣额", "Discount", aliases=("优惠金额", "折扣金额"))
    charge: Money | None = field("附加费", "Charge", aliases=("费用", "杂费"))
    net_amount: Money | None = field("金额", "Net amount", aliases=("不含税金额", "未税金额"))
    tax_amount: Money | None = field("税额", "Tax amount")
    gross_amount: Money | None = field("价税合计", "Gross amount", aliases=("含税金额",))
    requested_on: date | None = field(
        "要求交期",
        "Requested on",
        aliases=(
            "交期",
            "交货日期",
            "要求到货日期",
            "需求日期",
            "到货日期",
            "要求发货日期",
            "due date",
            "delivery date",
        ),
    )
    first_promised_on: date | None = field("首次承诺交期", "First promised on")
    promised_on: date | None = field(
        "承诺交期", "Promised on", aliases=("供应商交期", "确认交期", "回复交期", "预计交期", "预计发货日期")
    )
    ship_by: date | None = field("最迟发货日", "Ship by")
    confirmed: Quantity | None = field("确认数量", "Confirmed", minimum=0)
    cancelled: Quantity | None = field("取消数量", "Cancelled", minimum=0)
    shipped: Quantity | None = field(
        "已发数量", "Shipped", minimum=0, aliases=("已发货数量", "累计发货数量", "累计出库数量", "已出库数量")
    )
    received: Quantity | None = field(
        "已收数量", "Received", minimum=0, aliases=("累计入库数量", "已入库数量", "累计到货数量")
    )
    accepted: Quantity | None = field("合格数量", "Accepted", minimum=0)
    rejected: Quantity | None = field("拒收数量", "Rejected", minimum=0, aliases=("不合格数量",))
    invoiced: Quantity | None = field("开票数量", "Invoiced", minimum=0, aliases=("累计开票数量", "已开票数量"))
    returned: Quantity | None = field("退货数量", "Returned", minimum=0)
    outstanding: Quantity | None = field(
        "未交数量", "Outstanding", aliases=("未入库数量", "未发数量", "未出库数量", "欠交数量", "剩余数量")
    )
    parent_line_number: str | None = field("上级行号", "Parent line number", max_length=20)
    lot: str | None = common.lot("指定批号", "Requested lot")
    minimum_expiry_on: date | None = field("最短效期", "Minimum expiry", aliases=("最短有效期至",))
    is_inspection_required: bool | None = field("是否检验", "Inspection required", aliases=("检验", "来料检验"))
    location: Ref | None = common.warehouse("收货仓库", "发货仓库")
    project: str | None = field("项目", "Project", aliases=("项目号",))
    contract_number: str | None = field("合同号", "Contract number", max_length=60, aliases=("合同编号",))
    status: Code | None = field("行状态", "Line status", codes="line_status", aliases=("状态",))
    close_status: Code | None = field("关闭状态", "Close status", codes="close_status", aliases=("是否关闭",))
    remark: str | None = common.remark()


class OrderSchedule(Entity):
    """One delivery date of an order line."""

    schedule_number: str = field("计划行号", "Schedule number", required=True, max_length=20, aliases=("批次",))
    scheduled: Quantity | None = field("计划数量", "Scheduled", minimum=0, aliases=("数量",))
    requested_on: date | None = field("要求交期", "Requested on", aliases=("交期", "交货日期"))
    first_promised_on: date | None = field("首次承诺交期", "First promised on")
    promised_on: date | None = field("承诺交期", "Promised on")
    ship_by: date | None = field("最迟发货日", "Ship by")
