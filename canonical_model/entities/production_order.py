"""Production: the order, what it consumes, its operations, and what the shop floor reports."""

from datetime import date
from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref

_NUMBERS = ("工单号", "生产任务单号", "生产单号", "制造令号", "任务单号", "生产订单编号", "MO", "work order")
_OPERATIONS = ("工序", "工序编号", "工序代码", "operation no")


class ProductionOrder(Entity):
    """One order to make one item."""

    label = Text("生产订单", "Production order")
    key = ("production_number",)

    production_number: str = field(
        "生产订单号", "Production order number", required=True, max_length=60, aliases=("单据编号", *_NUMBERS)
    )
    plant: Ref | None = field("工厂", "Plant", refers_to="location", aliases=("生产车间", "车间", "生产组织"))
    kind: Code | None = field("生产类型", "Production kind", codes="production_kind", aliases=("单据类型", "工单类型"))
    item: Ref | None = common.item()
    description: str | None = common.description()
    specification: str | None = common.specification()
    bom_version: str | None = field("BOM版本", "BOM version", max_length=60)
    routing_version: str | None = field("工艺版本", "Routing version", max_length=60, aliases=("工艺路线",))
    lot: str | None = common.lot("产出批号", "Output lot")
    sales_order_number: str | None = field(
        "销售订单号", "Sales order number", max_length=60, aliases=("客户订单", "销售单号")
    )
    sales_order_line_number: str | None = field("销售订单行号", "Sales order line number", max_length=20)
    planned: Quantity | None = field(
        "计划数量", "Planned", minimum=0, aliases=("数量", "生产数量", "任务数量", "计划产量")
    )
    good: Quantity | None = field("良品数量", "Good", minimum=0, aliases=("完工数量", "合格数量", "产量"))
    scrapped: Quantity | None = field("报废数量", "Scrapped", minimum=0, aliases=("不良数量", "废品数量"))
    reworked: Quantity | None = field("返工数量", "Reworked", minimum=0)
    qualified: Quantity | None = field("合格入库数量", "Qualified into stock", minimum=0, aliases=("入库数量",))
    planned_start_at: Instant | None = field(
        "计划开工时间", "Planned start", aliases=("计划开工日期", "计划开始日期", "计划开始时间")
    )
    planned_end_at: Instant | None = field(
        "计划完工时间", "Planned end", aliases=("计划完工日期", "计划结束日期", "计划结束时间")
    )
    started_at: Instant | None = field("实际开工时间", "Started at", aliases=("实际开工日期", "开工时间"))
    ended_at: Instant | None = field("实际完工时间", "Ended at", aliases=("实际完工日期", "完工时间"))
    due_on: date | None = field("交货日期", "Due on", aliases=("交期", "需求日期"))
    status: Code | None = field("状态", "Status", codes="production_status", aliases=("工单状态", "业务状态"))
    remark: str | None = common.remark()


class ProductionMaterial(Entity):
    """One component that a production order needs."""

    label = Text("生产用料", "Production material")
    key = ("production_number", "line_number")
    parent = ProductionOrder
    parent_key = ("production_number",)

    production_number: str = field(
        "生产订单号", "Production order number", required=True, max_length=60, aliases=_NUMBERS
    )
    line_number: str = common.line_number()
    item: Ref | None = common.item()
    required: Quantity | None = field("应领数量", "Required", minimum=0, aliases=("需求数量", "应发数量", "用量"))
    issued: Quantity | None = field("已领数量", "Issued", minimum=0, aliases=("已发数量", "领料数量"))
    returned: Quantity | None = field("退料数量", "Returned", minimum=0)
    operation_number: str | None = field("工序号", "Operation number", max_length=20, aliases=_OPERATIONS)


class ProductionMaterialLot(Entity):
    """How much of which lot of a component went in: the link that a recall follows."""

    label = Text("用料批次", "Lot of a production material")
    key = ("production_number", "line_number", "lot")
    parent = ProductionMaterial
    parent_key = ("production_number", "line_number")

    production_number: str = field(
        "生产订单号", "Production order number", required=True, max_length=60, aliases=_NUMBERS
    )
    line_number: str = common.line_number()
    lot: str = common.lot(required=True)
    issued: Quantity | None = field("已领数量", "Issued", minimum=0, aliases=("数量", "领料数量", "投料数量"))


class ProductionOperation(Entity):
    """One step of a production order."""

    label = Text("生产工序", "Production operation")
    key = ("production_number", "operation_number")
    parent = ProductionOrder
    parent_key = ("production_number",)

    production_number: str = field(
        "生产订单号", "Production order number", required=True, max_length=60, aliases=_NUMBERS
    )
    operation_number: str = field("工序号", "Operation number", required=True, max_length=20, aliases=_OPERATIONS)
    name: str | None = field("工序名称", "Name")
    work_center: str | None = field("工作中心", "Work centre", max_length=60, aliases=("班组", "产线"))
    equipment: str | None = field("设备", "Equipment", max_length=60, aliases=("设备编号", "机台"))
    standard_seconds: Decimal | None = field(
        "标准工时(秒)", "Standard time in seconds", minimum=0, aliases=("标准工时",)
    )
    entered: Quantity | None = field("转入数量", "Entered", minimum=0, aliases=("投入数量",))
    good: Quantity | None = field("良品数量", "Good", minimum=0, aliases=("合格数量", "完工数量"))
    scrapped: Quantity | None = field("报废数量", "Scrapped", minimum=0, aliases=("不良数量", "废品数量"))
    started_at: Instant | None = field("开工时间", "Started at", aliases=("开始时间",))
    ended_at: Instant | None = field("完工时间", "Ended at", aliases=("结束时间",))
    status: Code | None = field("状态", "Status", codes="operation_status", aliases=("工序状态",))


class OperationReport(Entity):
    """One report from the shop floor (报工单); only ever added to."""

    label = Text("报工单", "Operation report")
    key = ("report_number",)

    report_number: str = field(
        "报工单号", "Report number", required=True, max_length=60, aliases=("汇报单号", "单据编号")
    )
    production_number: str | None = field("生产订单号", "Production order number", max_length=60, aliases=_NUMBERS)
    operation_number: str | None = field("工序号", "Operation number", max_length=20, aliases=_OPERATIONS)
    reported_at: Instant | None = field("报工时间", "Reported at", aliases=("报工日期", "汇报时间"))
    shift: str | None = field("班次", "Shift", max_length=60)
    operator: str | None = field(
        "操作员", "Operator", note=("个人数据", "personal data"), max_length=60, aliases=("报工人", "员工")
    )
    good: Quantity | None = field("良品数量", "Good", minimum=0, aliases=("合格数量", "报工数量", "完工数量"))
    scrapped: Quantity | None = field("报废数量", "Scrapped", minimum=0, aliases=("不良数量", "废品数量"))
    scrap_reason: str | None = field("报废原因", "Scrap reason", max_length=500, aliases=("不良原因",))
    is_cumulative: bool | None = field(
        "是否累计数", "Cumulative", note=("否则是本次增量", "otherwise the amount of this report alone")
    )
    device: str | None = field("设备编号", "Device", max_length=60, aliases=("设备", "机台"))
