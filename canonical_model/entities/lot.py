"""Lots and serial numbers: which goods exactly."""

from datetime import date

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Ref


class Lot(Entity):
    """One lot of one item; a lot number alone identifies nothing."""

    label = Text("批次", "Lot")
    key = ("item", "lot")

    item: Ref = common.item(required=True)
    lot: str = field(
        "批号", "Lot number", required=True, max_length=60, aliases=("批次号", "生产批号", "lot no", "batch")
    )
    supplier_lot: str | None = common.supplier_lot()
    supplier: Ref | None = common.supplier()
    manufactured_on: date | None = field("生产日期", "Manufactured on", aliases=("制造日期",))
    best_before_on: date | None = field("最佳食用日期", "Best before", aliases=("赏味期限",))
    expires_on: date | None = field("失效日期", "Expires on", aliases=("有效期至", "到期日", "有效期", "保质期至"))
    retest_on: date | None = field("复验日期", "Retest on", aliases=("复检日期",))
    origin_country: Code | None = field("原产国", "Country of origin", codes="country")
    grade: str | None = field("等级", "Grade", max_length=60, aliases=("品级",))
    attributes: str | None = field("其他属性", "Attributes", max_length=2000)
    status: Code | None = field("状态", "Status", codes="lot_status", aliases=("批次状态",))
    certificate_number: str | None = field(
        "质检报告号", "Certificate of analysis", max_length=60, aliases=("COA编号", "质保书号", "材质证明号")
    )


class Serial(Entity):
    """One piece with a number of its own, where it is and on which documents it last stood."""

    label = Text("序列号", "Serial number")
    key = ("item", "serial_number")

    item: Ref = common.item(required=True)
    serial_number: str = field(
        "序列号", "Serial number", required=True, max_length=60, aliases=("序号", "SN", "机身号", "出厂编号")
    )
    lot: str | None = common.lot()
    location: Ref | None = common.warehouse()
    stock_status: Code | None = field("库存状态", "Stock status", codes="stock_status", aliases=("状态",))
    receipt_number: str | None = field("入库单号", "Receipt number", max_length=60)
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("出库单号",))
    production_number: str | None = field("生产订单号", "Production order number", max_length=60, aliases=("工单号",))
