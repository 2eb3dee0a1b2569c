"""Shipment: what leaves or comes, in which packages, with which carrier. A 送货单, 发货单, 出库单 or ASN is one."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref

_NUMBERS = (
    "送货单号",
    "出库单号",
    "发运单号",
    "装箱单号",
    "交货单号",
    "送货单",
    "单据编号",
    "ASN",
    "delivery note no",
    "despatch no",
)


class Shipment(Entity):
    """One shipment."""

    label = Text("发货单", "Shipment")
    key = ("shipment_number",)

    shipment_number: str = field("发货单号", "Shipment number", required=True, max_length=60, aliases=_NUMBERS)
    kind: Code | None = field("发货类型", "Shipment kind", codes="shipment_kind", aliases=("出库类型", "单据类型"))
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=common.ANY_ORDER_NUMBERS)
    supplier: Ref | None = common.supplier()
    customer: Ref | None = common.customer()
    ship_from: Ref | None = field(
        "发货地点", "Ship from", refers_to="location", aliases=("发货仓库", "出库仓库", "仓库", "起运地")
    )
    ship_to: Ref | None = field(
        "收货地点", "Ship to", refers_to="location", aliases=("收货仓库", "收货地址", "送货地址", "目的地")
    )
    shipped_at: Instant | None = field(
        "发货时间", "Shipped at", aliases=("发货日期", "送货日期", "出库日期", "单据日期", "日期")
    )
    expected_at: Instant | None = field(
        "预计到达时间", "Expected at", aliases=("预计到货日期", "预计到货时间", "ETA", "到货日期")
    )
    delivered_at: Instant | None = field("签收时间", "Delivered at", aliases=("签收日期", "送达时间"))
    carrier: Ref | None = field("承运商", "Carrier", refers_to="party", aliases=("物流公司", "快递公司"))
    carrier_service: str | None = field("物流服务", "Carrier's service", max_length=60, aliases=("快递产品",))
    transport_mode: Code | None = field(
        "运输方式", "Transport mode", codes="transport_mode", aliases=("发运方式", "送货方式")
    )
    tracking_number: str | None = field("运单号", "Tracking number", max_length=60, aliases=common.TRACKING_NUMBERS)
    bill_of_lading: str | None = field("提单号", "Bill of lading", max_length=60, aliases=("B/L", "BL No."))
    vehicle: str | None = field("车牌号", "Vehicle", max_length=60, aliases=("车号", "船名航次"))
    driver: str | None = field("司机", "Driver", max_length=60, aliases=("驾驶员",))
    seal_number: str | None = field("封条号", "Seal number", max_length=60, aliases=("铅封号",))
    package_count: int | None = field("件数", "Package count", minimum=0, aliases=("箱数", "总件数"))
    gross_weight_kg: Decimal | None = field("毛重(kg)", "Gross weight in kg", minimum=0, aliases=("毛重", "总重"))
    status: Code | None = field("状态", "Status", codes="shipment_status", aliases=("物流状态", "单据状态"))
    remark: str | None = common.remark()


class ShipmentLine(Entity):
    """What of one order line, lot and package a shipment holds."""

    label = Text("发货单行", "Shipment line")
    key = ("shipment_number", "line_number")
    adds_up = True
    parent = Shipment
    parent_key = ("shipment_number",)

    shipment_number: str = field("发货单号", "Shipment number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    order_number: str | None = field("订单号", "Order number", max_length=60, aliases=common.ANY_ORDER_NUMBERS)
    order_line_number: str | None = common.order_line_number()
    item: Ref | None = common.item()
    partner_item_number: str | None = common.partner_item_number()
    gtin: str | None = common.gtin()
    description: str | None = common.description()
    specification: str | None = common.specification()
    package_number: str | None = field("箱号", "Package number", max_length=60, aliases=("包装号", "托盘号"))
    tracking_number: str | None = field("运单号", "Tracking number", max_length=60, aliases=common.TRACKING_NUMBERS)
    lot: str | None = common.lot()
    expires_on: date | None = field("失效日期", "Expires on", aliases=("有效期至", "到期日", "有效期"))
    shipped: Quantity | None = field(
        "发货数量", "Shipped", minimum=0, aliases=("数量", "送货数量", "出库数量", "实发数量", "实发")
    )
    backordered: Quantity | None = field("欠交数量", "Backordered", minimum=0, aliases=("欠货数量", "未发数量"))
    backorder_reason: str | None = field("欠交原因", "Backorder reason", max_length=500)
    location: Ref | None = common.warehouse("发货仓库", "出库仓库")
    remark: str | None = common.remark()


class Package(Entity):
    """One carton, pallet or other logistic unit of a shipment, itself perhaps within another."""

    label = Text("包装件", "Package")
    key = ("shipment_number", "package_number")
    parent = Shipment
    parent_key = ("shipment_number",)

    shipment_number: str = field("发货单号", "Shipment number", required=True, max_length=60, aliases=_NUMBERS)
    package_number: str = field(
        "箱号", "Package number", required=True, max_length=60, aliases=("包装号", "托盘号", "件号")
    )
    sscc: str | None = field(
        "物流单元条码",
        "SSCC",
        note=(
            "18 位；也收合作方自己的标签，不校验",
            "18 digits; a partner's own label is kept as it is, so nothing is checked",
        ),
        max_length=40,
        aliases=("SSCC码", "箱码", "标签号"),
    )
    parent_package_number: str | None = field("外层箱号", "Outer package number", max_length=60, aliases=("所在托盘",))
    kind: Code | None = field(
        "包装类型", "Package kind", note=("UN/ECE Rec 21", "UN/ECE Rec 21"), codes="unit", aliases=("包装方式",)
    )
    gross_weight_kg: Decimal | None = field("毛重(kg)", "Gross weight in kg", minimum=0, aliases=("毛重",))
    length_mm: Decimal | None = field("长(mm)", "Length in mm", minimum=0, aliases=("长",))
    width_mm: Decimal | None = field("宽(mm)", "Width in mm", minimum=0, aliases=("宽",))
    height_mm: Decimal | None = field("高(mm)", "Height in mm", minimum=0, aliases=("高",))
    minimum_celsius: Decimal | None = field("最低温度(℃)", "Lowest temperature in °C", aliases=("最低温度",))
    maximum_celsius: Decimal | None = field("最高温度(℃)", "Highest temperature in °C", aliases=("最高温度",))
    status: Code | None = field("状态", "Status", codes="package_status")
