"""Fields and headers that many entities share: one spelling of each, so that a sheet's column is known everywhere."""

from typing import Any

from canonical_model.declaration import field

PURCHASE_ORDER_NUMBERS = (
    "采购单号",
    "采购订单号",
    "订单编号",
    "采购订单",
    "PO",
    "PO No.",
    "PO号",
    "PO number",
    "order no",
)
SALES_ORDER_NUMBERS = (
    "销售单号",
    "销售订单号",
    "订单编号",
    "销售订单",
    "客户订单",
    "SO",
    "SO No.",
    "SO号",
    "sales order",
)
ANY_ORDER_NUMBERS = tuple(dict.fromkeys(("源单号", "源单编号", *PURCHASE_ORDER_NUMBERS, *SALES_ORDER_NUMBERS)))
SUPPLIERS = ("供应商编码", "供应商代码", "供应商编号", "供应商名称", "供货商", "vendor", "vendor code", "supplier code")
CUSTOMERS = ("客户编码", "客户代码", "客户编号", "客户名称", "购货单位", "customer code")
TRACKING_NUMBERS = ("物流单号", "快递单号", "tracking no")
WAREHOUSES = ("仓库编码", "仓库名称", "库房", "warehouse")
ITEMS = (
    "物料编码",
    "物料代码",
    "物料编号",
    "料号",
    "存货编码",
    "商品编码",
    "产品编码",
    "货号",
    "sku",
    "item code",
    "part no",
)


def revision() -> Any:
    """Which statement of the order it is, as the partners count."""
    return field("版本", "Revision", max_length=20, aliases=("版本号",))


def line_number(zh: str = "行号", en: str = "Line number", *aliases: str) -> Any:
    """A line's number within its document: text, since "00010" is not "10"."""
    usual = ("行", "序号", "项次", "行项目", "分录号", "line", "line no")
    return field(zh, en, required=True, max_length=20, aliases=aliases or usual)


def order_line_number() -> Any:
    """The order line that a line of another document speaks of."""
    return field(
        "订单行号", "Order line number", max_length=20, aliases=("采购订单行", "销售订单行", "源单行号", "订单行")
    )


def item(zh: str = "物料", en: str = "Item", *, required: bool = False) -> Any:
    """What a line is about, by the code that the document uses."""
    return field(zh, en, refers_to="item", required=required, aliases=ITEMS)


def partner_item_number() -> Any:
    """The partner's code beside ours: the best evidence for a cross-reference."""
    return field(
        "对方料号",
        "Partner's item number",
        note=("供应商或客户自己的编码", "the supplier's or customer's own code"),
        max_length=60,
        aliases=("供应商料号", "供应商物料编码", "客户料号", "客户物料编码", "supplier part no", "customer part no"),
    )


def gtin() -> Any:
    """The bar code."""
    return field("商品条码", "GTIN", scheme="gtin", max_length=14, aliases=("条码", "条形码", "barcode", "EAN"))


def description() -> Any:
    """The item's name as the document writes it."""
    names = ("物料描述", "品名", "名称", "存货名称", "商品名称", "产品名称", "货物名称")
    return field("物料名称", "Description", max_length=500, aliases=names)


def specification() -> Any:
    """规格型号."""
    return field("规格型号", "Specification", max_length=500, aliases=("规格", "型号"))


def lot(zh: str = "批号", en: str = "Lot", **more: Any) -> Any:
    """A lot number; identifies a lot only together with the item."""
    return field(zh, en, max_length=60, aliases=("批次", "批次号", "生产批号", "lot no", "batch"), **more)


def supplier_lot() -> Any:
    """The supplier's number of the same lot."""
    return field("供应商批号", "Supplier's lot", max_length=60, aliases=("原厂批号", "厂家批号", "来料批号"))


def supplier(**more: Any) -> Any:
    """The party that sells to us."""
    return field("供应商", "Supplier", refers_to="party", aliases=SUPPLIERS, **more)


def customer() -> Any:
    """The party that buys from us."""
    return field("客户", "Customer", refers_to="party", aliases=CUSTOMERS)


def warehouse(*aliases: str) -> Any:
    """Where the goods lie."""
    return field("仓库", "Location", refers_to="location", aliases=(*WAREHOUSES, *aliases))


def remark(*aliases: str) -> Any:
    """Free words."""
    return field("备注", "Remark", max_length=2000, aliases=aliases)
