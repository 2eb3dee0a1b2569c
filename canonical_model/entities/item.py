"""Item: what is bought, made, stored and sold, how it is packed, and what its units are worth."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Quantity, Ref


class Item(Entity):
    """One material or product as one source knows it."""

    label = Text("物料", "Item")
    key = ("item_number",)

    item_number: str = field("物料编码", "Item number", required=True, max_length=60, aliases=common.ITEMS[1:])
    name: str | None = field("物料名称", "Name", aliases=("名称", "品名", "存货名称", "商品名称", "产品名称"))
    name_alternative: str | None = field("别名", "Alternative name", aliases=("英文名称",))
    specification: str | None = common.specification()
    brand: str | None = field("品牌", "Brand")
    category: str | None = field("类别", "Category", aliases=("物料分类", "存货分类", "商品分类"))
    commodity_code: str | None = field(
        "商品分类码",
        "Commodity code",
        note=("海关 HS 编码、UNSPSC 或 GPC", "HS, UNSPSC or GPC"),
        max_length=20,
        aliases=("HS编码", "海关编码", "税则号", "HS code"),
    )
    gtin: str | None = common.gtin()
    base_unit: Code | None = field("基本单位", "Base unit", codes="unit", aliases=("单位", "计量单位", "主计量单位"))
    gross_weight_kg: Decimal | None = field("毛重(kg)", "Gross weight in kg", minimum=0, aliases=("毛重",))
    net_weight_kg: Decimal | None = field("净重(kg)", "Net weight in kg", minimum=0, aliases=("净重",))
    shelf_life_days: int | None = field("保质期(天)", "Shelf life in days", minimum=0, aliases=("保质期",))
    minimum_remaining_days: int | None = field(
        "最短剩余效期(天)", "Minimum remaining shelf life in days", minimum=0, aliases=("最短剩余效期",)
    )
    storage_minimum_celsius: Decimal | None = field(
        "最低储存温度(℃)", "Lowest storage temperature in °C", aliases=("最低储存温度",)
    )
    storage_maximum_celsius: Decimal | None = field(
        "最高储存温度(℃)", "Highest storage temperature in °C", aliases=("最高储存温度",)
    )
    is_lot_controlled: bool | None = field("批次管理", "Lot controlled", aliases=("是否批次管理",))
    is_serial_controlled: bool | None = field("序列号管理", "Serial controlled", aliases=("是否序列号管理",))
    hazard: str | None = field("危险品编号", "Hazard (UN number)", max_length=20, aliases=("UN编号",))
    origin_country: Code | None = field("原产国", "Country of origin", codes="country", aliases=("产地国",))
    status: Code | None = field("状态", "Status", codes="item_status", aliases=("启用状态",))
    replaced_by: Ref | None = field("替代物料", "Replaced by", refers_to="item")


class ItemPack(Entity):
    """One packaging level of an item: piece, inner, case, pallet, each with its own bar code."""

    label = Text("物料包装", "Pack of an item")
    key = ("item_number", "level")
    parent = Item
    parent_key = ("item_number",)

    item_number: str = field("物料编码", "Item number", required=True, max_length=60, aliases=common.ITEMS[1:])
    level: Code = field("包装层级", "Pack level", codes="pack_level", required=True, aliases=("包装级别",))
    gtin: str | None = common.gtin()
    unit: Code | None = field("包装单位", "Pack unit", codes="unit", aliases=("单位",))
    content: Quantity | None = field(
        "内含数量",
        "Content",
        note=("下一层包装的数量", "of the next lower level"),
        minimum=0,
        aliases=("装箱数", "箱规", "包装数量", "每箱数量"),
    )
    gross_weight_kg: Decimal | None = field("毛重(kg)", "Gross weight in kg", minimum=0, aliases=("毛重",))
    net_weight_kg: Decimal | None = field("净重(kg)", "Net weight in kg", minimum=0, aliases=("净重",))
    length_mm: Decimal | None = field("长(mm)", "Length in mm", minimum=0, aliases=("长",))
    width_mm: Decimal | None = field("宽(mm)", "Width in mm", minimum=0, aliases=("宽",))
    height_mm: Decimal | None = field("高(mm)", "Height in mm", minimum=0, aliases=("高",))


class UnitConversion(Entity):
    """What one unit is worth in another; counts and packs only for one item, since a missing factor is never 1."""

    label = Text("单位换算", "Unit conversion")
    key = ("from_unit", "to_unit", "item")

    from_unit: Code = field("换算单位", "From unit", codes="unit", required=True, aliases=("辅助单位", "采购单位"))
    to_unit: Code = field("目标单位", "To unit", codes="unit", required=True, aliases=("基本单位", "主计量单位"))
    item: Ref | None = common.item()
    factor: Decimal | None = field(
        "换算率", "Factor", note=("一个换算单位等于多少目标单位", "of the second unit in one of the first"),
        minimum=0, aliases=("换算系数", "换算比例"),
    )  # fmt: skip
    rounding_digits: int | None = field("保留小数位", "Digits kept", minimum=0, aliases=("精度",))
    valid_from: date | None = field("生效日期", "Valid from")
