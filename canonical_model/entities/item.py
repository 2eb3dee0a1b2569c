"""Item: what is bought, made, stored and sold."""

from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code, Ref


class Item(Entity):
    """One material or product as one source knows it."""

    label = Text("物料", "Item")
    key = ("item_number",)

    item_number: str = field(
        "物料编码",
        "Item number",
        required=True,
        max_length=60,
        aliases=(
            "物料代码",
            "料号",
            "存货编码",
            "商品编码",
            "产品编码",
            "货号",
            "sku",
            "item code",
            "part no",
        ),
    )
    name: str | None = field("物料名称", "Name", aliases=("名称", "品名", "存货名称", "商品名称", "产品名称"))
    name_alternative: str | None = field("别名", "Alternative name", aliases=("英文名称",))
    specification: str | None = field("规格型号", "Specification", max_length=500, aliases=("规格", "型号"))
    brand: str | None = field("品牌", "Brand")
    category: str | None = field("类别", "Category", aliases=("物料分类", "存货分类"))
    gtin: str | None = field("商品条码", "GTIN", scheme="gtin", max_length=14, aliases=("条码", "条形码", "barcode"))
    base_unit: Code | None = field("基本单位", "Base unit", codes="unit", aliases=("单位", "计量单位", "主计量单位"))
    gross_weight_kg: Decimal | None = field("毛重(kg)", "Gross weight in kg", minimum=0, aliases=("毛重",))
    net_weight_kg: Decimal | None = field("净重(kg)", "Net weight in kg", minimum=0, aliases=("净重",))
    shelf_life_days: int | None = field("保质期(天)", "Shelf life in days", minimum=0, aliases=("保质期",))
    is_lot_controlled: bool | None = field("批次管理", "Lot controlled")
    is_serial_controlled: bool | None = field("序列号管理", "Serial controlled")
    hazard: str | None = field("危险品编号", "Hazard (UN number)", max_length=20)
    origin_country: Code | None = field("原产国", "Country of origin", codes="country", aliases=("产地国",))
    status: Code | None = field("状态", "Status", codes="item_status", aliases=("启用状态",))
    replaced_by: Ref | None = field("替代物料", "Replaced by", refers_to="item")
