"""Inventory: how much of an item lies where and in which state, and every movement that made it so."""

from datetime import date

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref


class InventoryBalance(Entity):
    """Stock of one item at one place in one state; available = on hand − reserved when the source does not say."""

    label = Text("库存余额", "Inventory balance")
    key = ("item", "location", "bin", "lot", "owner", "stock_status")
    adds_up = True

    item: Ref = common.item(required=True)
    location: Ref | None = common.warehouse()
    bin: str | None = field("库位", "Bin", max_length=60, aliases=("货位", "仓位", "储位"))
    lot: str | None = common.lot()
    owner: Ref | None = field("货主", "Owner", refers_to="party")
    stock_status: Code | None = field("库存状态", "Stock status", codes="stock_status", aliases=("质量状态",))
    as_of: Instant | None = field("截止时间", "As of", aliases=("日期", "统计日期", "快照时间"))
    on_hand: Quantity | None = field(
        "现存量", "On hand", aliases=("库存数量", "数量", "结存数量", "现有库存", "库存", "即时库存")
    )
    reserved: Quantity | None = field("占用量", "Reserved", aliases=("已分配", "锁定数量"))
    available: Quantity | None = field("可用量", "Available", aliases=("可用数量", "可用库存"))
    on_order: Quantity | None = field("在订量", "On order", aliases=("采购在途",))
    in_transit: Quantity | None = field("在途量", "In transit", aliases=("在途数量",))
    minimum: Quantity | None = field("最低库存", "Minimum stock", aliases=("安全库存", "最小库存"))


class InventoryMovement(Entity):
    """One line of a stock document: the quantity is without a sign, from and to say the direction."""

    label = Text("库存移动", "Inventory movement")
    key = ("movement_number", "line_number")
    adds_up = True

    movement_number: str = field(
        "移动单号",
        "Movement number",
        required=True,
        max_length=60,
        aliases=("出入库单号", "调拨单号", "盘点单号", "报废单号", "领料单号", "流水号", "单据编号"),
    )
    line_number: str = common.line_number()
    kind: Code | None = field(
        "移动类型", "Movement kind", codes="movement_kind", aliases=("出入库类型", "业务类型", "单据类型")
    )
    item: Ref | None = common.item()
    moved: Quantity | None = field("数量", "Moved", minimum=0, aliases=("移动数量", "出入库数量", "调拨数量"))
    from_location: Ref | None = field(
        "移出仓库", "From location", refers_to="location", aliases=("调出仓库", "发出仓库", "出库仓库")
    )
    from_bin: str | None = field("移出库位", "From bin", max_length=60, aliases=("调出库位",))
    from_status: Code | None = field("移出状态", "From status", codes="stock_status")
    to_location: Ref | None = field(
        "移入仓库", "To location", refers_to="location", aliases=("调入仓库", "接收仓库", "入库仓库")
    )
    to_bin: str | None = field("移入库位", "To bin", max_length=60, aliases=("调入库位",))
    to_status: Code | None = field("移入状态", "To status", codes="stock_status")
    lot: str | None = common.lot()
    serial_number: str | None = field("序列号", "Serial number", max_length=60, aliases=("SN",))
    owner: Ref | None = field("货主", "Owner", refers_to="party")
    document_number: str | None = field(
        "来源单号", "Document number", max_length=60, aliases=("源单号", "源单编号", "关联单号")
    )
    document_line_number: str | None = field("来源行号", "Document line number", max_length=20, aliases=("源单行号",))
    reason: str | None = field("原因", "Reason", max_length=500, aliases=("备注", "移动原因"))
    posted_on: date | None = field("过账日期", "Posted on", aliases=("记账日期", "单据日期", "日期"))
    happened_at: Instant | None = field("发生时间", "Happened at", aliases=("出入库时间", "操作时间"))
    reversal_of: str | None = field("冲销的单号", "Reversal of", max_length=60, aliases=("原单号", "红冲单号"))
