"""Invoice: what is billed, in either direction; the same invoice as OFD, PDF and XML is one record."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Money, Quantity, Ref

_NUMBERS = ("发票号", "数电票号码", "数电发票号码", "invoice no", "invoice number")
_CODES = ("旧票代码",)


class Invoice(Entity):
    """One invoice that we received or issued."""

    label = Text("发票", "Invoice")
    key = ("invoice_number", "invoice_code")

    invoice_number: str = field(
        "发票号码", "Invoice number", required=True, max_length=60, aliases=("单据编号", *_NUMBERS)
    )
    invoice_code: str | None = field(
        "发票代码", "Invoice code", note=("只有旧票有", "only older invoices have one"), max_length=20, aliases=_CODES
    )
    kind: Code | None = field("发票类型", "Invoice kind", codes="invoice_kind", aliases=("票种", "单据类型"))
    issued_on: date | None = field("开票日期", "Issued on", aliases=("发票日期", "日期"))
    due_on: date | None = field("到期日", "Due on", aliases=("付款到期日", "应付日期"))
    seller: Ref | None = field("销售方", "Seller", refers_to="party", aliases=("供应商", "销货单位", *common.SUPPLIERS))
    seller_tax_number: str | None = field(
        "销售方税号", "Seller's tax number", max_length=30, aliases=("销方税号", "销售方纳税人识别号")
    )
    buyer: Ref | None = field("购买方", "Buyer", refers_to="party", aliases=("客户", *common.CUSTOMERS))
    buyer_tax_number: str | None = field(
        "购买方税号", "Buyer's tax number", max_length=30, aliases=("购方税号", "购买方纳税人识别号")
    )
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=common.ANY_ORDER_NUMBERS)
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("送货单号", "出库单号"))
    receipt_number: str | None = field("入库单号", "Receipt number", max_length=60, aliases=("收货单号",))
    original_invoice_number: str | None = field(
        "原发票号码", "Original invoice number", note=("红冲的原票", "that a red one reverses"),
        max_length=60, aliases=("蓝字发票号码",),
    )  # fmt: skip
    currency: Code | None = field("币种", "Currency", codes="currency", aliases=("币别",))
    exchange_rate: Decimal | None = field("汇率", "Exchange rate", minimum=0)
    payment_terms: str | None = field("付款条件", "Payment terms", aliases=("结算方式", "账期"))
    net_total: Money | None = field("不含税金额", "Net total", aliases=("金额", "未税金额", "合计金额"))
    tax_total: Money | None = field("税额", "Tax total", aliases=("合计税额",))
    gross_total: Money | None = field("价税合计", "Gross total", aliases=("含税金额", "发票金额", "总金额"))
    prepaid: Money | None = field("已预付金额", "Prepaid", aliases=("预付款",))
    payable: Money | None = field("应付金额", "Payable", aliases=("应收金额", "未付金额"))
    status: Code | None = field("状态", "Status", codes="invoice_status", aliases=("发票状态",))
    remark: str | None = common.remark()


class InvoiceLine(Entity):
    """One line of an invoice."""

    label = Text("发票行", "Invoice line")
    key = ("invoice_number", "invoice_code", "line_number")
    parent = Invoice
    parent_key = ("invoice_number", "invoice_code")

    invoice_number: str = field("发票号码", "Invoice number", required=True, max_length=60, aliases=_NUMBERS)
    invoice_code: str | None = field("发票代码", "Invoice code", max_length=20, aliases=_CODES)
    line_number: str = common.line_number()
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=common.ANY_ORDER_NUMBERS)
    order_line_number: str | None = common.order_line_number()
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("送货单号", "出库单号"))
    receipt_number: str | None = field("入库单号", "Receipt number", max_length=60, aliases=("收货单号",))
    receipt_line_number: str | None = field("收货行号", "Receipt line number", max_length=20, aliases=("入库行号",))
    item: Ref | None = common.item()
    partner_item_number: str | None = common.partner_item_number()
    description: str | None = field(
        "货物名称",
        "Description",
        max_length=500,
        aliases=("货物或应税劳务名称", "项目名称", "物料名称", "品名", "名称"),
    )
    specification: str | None = common.specification()
    invoiced: Quantity | None = field("开票数量", "Invoiced", aliases=("数量", "发票数量"))
    unit_price: Money | None = field("单价", "Unit price", aliases=("含税单价",))
    price_base: Decimal | None = field("价格单位", "Price base quantity", minimum=0, aliases=("每",))
    net_amount: Money | None = field("金额", "Net amount", aliases=("不含税金额", "未税金额"))
    tax_rate: Decimal | None = field("税率", "Tax rate", note=("百分数", "percent"), minimum=0, aliases=("税率(%)",))
    tax_category: Code | None = field("税种类别", "Tax category", codes="tax_category")
    tax_amount: Money | None = field("税额", "Tax amount")
    match_status: Code | None = field("匹配状态", "Match status", codes="match_status", aliases=("核对结果",))
    remark: str | None = common.remark()
