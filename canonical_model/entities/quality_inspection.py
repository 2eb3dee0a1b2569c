"""Quality inspection: what was examined, what was measured and found, and what was decided."""

from decimal import Decimal

from canonical_model.declaration import Entity, field
from canonical_model.entities import _common as common
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Quantity, Ref

_NUMBERS = ("质检单号", "检验单", "报检单号", "检验编号", "inspection no")


class QualityInspection(Entity):
    """One inspection of goods that came, are being made, are made or go out."""

    label = Text("质量检验", "Quality inspection")
    key = ("inspection_number",)

    inspection_number: str = field(
        "检验单号", "Inspection number", required=True, max_length=60, aliases=("单据编号", *_NUMBERS)
    )
    kind: Code | None = field("检验类型", "Inspection kind", codes="inspection_kind", aliases=("单据类型",))
    item: Ref | None = common.item()
    lot: str | None = common.lot()
    supplier: Ref | None = common.supplier()
    receipt_number: str | None = field("入库单号", "Receipt number", max_length=60, aliases=("收货单号", "到货单号"))
    receipt_line_number: str | None = field("收货行号", "Receipt line number", max_length=20, aliases=("源单行号",))
    production_number: str | None = field("生产订单号", "Production order number", max_length=60, aliases=("工单号",))
    operation_number: str | None = field("工序号", "Operation number", max_length=20, aliases=("工序",))
    shipment_number: str | None = field("发货单号", "Shipment number", max_length=60, aliases=("送货单号", "出库单号"))
    lot_size: Quantity | None = field("报检数量", "Lot size", minimum=0, aliases=("批量", "送检数量", "数量"))
    sampled: Quantity | None = field("抽样数量", "Sampled", minimum=0, aliases=("样本量", "抽检数量"))
    sampling_level: str | None = field(
        "检验水平", "Sampling level", note=("ISO 2859-1", "ISO 2859-1"), max_length=20, aliases=("抽样方案",)
    )
    aql: Decimal | None = field("接收质量限", "AQL", minimum=0, aliases=("AQL值",))
    accept_number: int | None = field("合格判定数", "Accept number", note=("Ac", "Ac"), minimum=0, aliases=("Ac",))
    reject_number: int | None = field("不合格判定数", "Reject number", note=("Re", "Re"), minimum=0, aliases=("Re",))
    decision: Code | None = field(
        "检验结论", "Decision", codes="inspection_decision", aliases=("检验结果", "判定结果", "处理意见")
    )
    decided_at: Instant | None = field("判定时间", "Decided at", aliases=("检验日期", "判定日期", "检验时间"))
    decided_by: str | None = field("检验员", "Decided by", max_length=60, aliases=("判定人",))
    accepted: Quantity | None = field("合格数量", "Accepted", minimum=0)
    conceded: Quantity | None = field("让步接收数量", "Accepted by concession", minimum=0, aliases=("特采数量",))
    rejected: Quantity | None = field("不合格数量", "Rejected", minimum=0, aliases=("拒收数量", "不良数量"))
    reworked: Quantity | None = field("返工数量", "Sent to rework", minimum=0)
    held: Quantity | None = field("待处理数量", "Held", minimum=0)
    certificate_number: str | None = field(
        "质检报告号", "Certificate of analysis", max_length=60, aliases=("COA编号", "报告编号")
    )
    deviation_number: str | None = field(
        "偏差单号", "Deviation or 8D number", max_length=60, aliases=("8D编号", "不合格品处理单号")
    )
    status: Code | None = field("状态", "Status", codes="inspection_status", aliases=("单据状态",))
    remark: str | None = common.remark()


class InspectionCharacteristic(Entity):
    """One thing that an inspection looks at, with its limits."""

    label = Text("检验项目", "Inspection characteristic")
    key = ("inspection_number", "line_number")
    parent = QualityInspection
    parent_key = ("inspection_number",)

    inspection_number: str = field("检验单号", "Inspection number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    name: str | None = field("检验项目", "Name", aliases=("项目名称", "检测项目"))
    method: str | None = field("检验方法", "Method", aliases=("检测方法", "检验工具"))
    unit: Code | None = field("单位", "Unit", codes="unit", aliases=("计量单位",))
    lower_limit: Decimal | None = field("下限", "Lower limit", aliases=("规格下限", "LSL"))
    upper_limit: Decimal | None = field("上限", "Upper limit", aliases=("规格上限", "USL"))
    target: Decimal | None = field("目标值", "Target", aliases=("标准值",))
    result: Code | None = field("结果", "Result", codes="inspection_result", aliases=("判定", "是否合格"))


class InspectionMeasurement(Entity):
    """One measured value of a characteristic."""

    label = Text("检验测量值", "Inspection measurement")
    key = ("inspection_number", "line_number", "sample_number")
    parent = InspectionCharacteristic
    parent_key = ("inspection_number", "line_number")

    inspection_number: str = field("检验单号", "Inspection number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    sample_number: str = field("样本号", "Sample number", required=True, max_length=20, aliases=("样品号",))
    value: Decimal | None = field("测量值", "Value", aliases=("实测值", "检测值"))
    words: str | None = field("描述结果", "Value in words", aliases=("外观描述",))


class InspectionDefect(Entity):
    """One kind of defect that an inspection found."""

    label = Text("检验缺陷", "Inspection defect")
    key = ("inspection_number", "line_number")
    parent = QualityInspection
    parent_key = ("inspection_number",)

    inspection_number: str = field("检验单号", "Inspection number", required=True, max_length=60, aliases=_NUMBERS)
    line_number: str = common.line_number()
    defect_code: str | None = field("缺陷代码", "Defect code", max_length=60, aliases=("不良代码", "缺陷"))
    defects: Decimal | None = field("缺陷数", "Number of defects", minimum=0, aliases=("不良数", "数量"))
    severity: Code | None = field("严重程度", "Severity", codes="defect_severity", aliases=("缺陷等级",))
    remark: str | None = common.remark("缺陷描述")
