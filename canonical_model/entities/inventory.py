"""Inventory balance: how much of an item lies where, and in which state."""

from canonical_model.declaration import Entity, field
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref


class InventoryBalance(Entity):
    """Stock of one item at one place in one state; available = on hand − reserved when the source does not say."""

    label = Text("库存余额", "Inventory balance")
    key = ("item", "location", "bin", "lot", "owner", "stock_status")

    item: Ref = field(
        "物料",
        "Item",
        refers_to="item",
        required=True,
        aliases=("物料编码", "料号", "存货编码", "商品编码", "货号"),
    )
    location: Ref | None = field("仓库", "Location", refers_to="location", aliases=("仓库编码", "仓库名称", "库房"))
    bin: str | None = field("库位", "Bin", max_length=60, aliases=("货位", "仓位"))
    lot: str | None = field("批号", "Lot", max_length=60, aliases=("批次", "批次号"))
    owner: Ref | None = field("货主", "Owner", refers_to="party")
    stock_status: Code | None = field("库存状态", "Stock status", codes="stock_status")
    as_of: Instant | None = field("截止时间", "As of", aliases=("日期", "统计日期"))
    on_hand: Quantity | None = field("现存量", "On hand", aliases=("库存数量", "数量", "结存数量", "现有库存", "库存"))
    reserved: Quantity | None = field("占用量", "Reserved", aliases=("已分配", "锁定数量"))
    available: Quantity | None = field("可用量", "Available", aliases=("可用数量", "可用库存"))
    on_order: Quantity | None = field("在订量", "On order", aliases=("采购在途",))
    in_transit: Quantity | None = field("在途量", "In transit", aliases=("在途数量",))
    minimum: Quantity | None = field("最低库存", "Minimum stock", aliases=("安全库存", "最小库存"))
