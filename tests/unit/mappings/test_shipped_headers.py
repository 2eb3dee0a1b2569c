"""Headers as systems and partners send them, under the shipped mappings: which column each field takes."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from mappings.plan import MappingDoesNotFitError
from tests.unit.mappings.conftest import Map

LINE = "purchase_order_line"
PO = "purchase_order"


@pytest.mark.parametrize(
    ("mapping", "entity", "header", "cells", "expected"),
    [
        # English and bilingual sheets, where Item numbers the lines
        (PO, LINE, "PO No.|Line|Item|Part Number|Qty|UOM", "P1|1|001|A1|5|PCS", {"line_number": "1", "item": "A1"}),
        (PO, LINE, "PO No.|Line|Item|Material|Qty|UOM", "P1|1|10|A1|5|PCS", {"line_number": "1", "item": "A1"}),
        (
            PO, LINE, "订单号 PO No.|序号 Item|料号 Part No.|数量 Qty|单位 Unit", "P1|1|A1|5|PCS",
            {"line_number": "1", "item": "A1"},
        ),
        (PO, PO, "PO No.|Line|Item Code|Supplier Code|Supplier", "P1|1|A1|V001|Hengyuan", {"supplier": "V001"}),
        # what is counted in fact beside what was to be
        ("goods_receipt", "goods_receipt_line", "入库单号|行号|料号|数量|实际入库|单位", "R|1|A1|1000|980|个", {"received": 980}),
        ("goods_receipt", "goods_receipt_line", "GRN|Line|Part No|Quantity|Received Quantity|UOM", "R|1|A1|9|3|PCS", {"received": 3}),
        ("delivery_note", "shipment_line", "送货单号|序号|料号|数量|送货数|单位", "S|1|A1|1000|300|个", {"shipped": 300}),
        (PO, LINE, "PO No.|Line|Part No|Qty|Order Qty|UOM", "P|1|A1|9|3|PCS", {"ordered": 3}),
        ("order_response", "order_response_line", "订单号|行号|回复交期|二次回复交期", "P|1|2026-03-05|2026-03-12", {"promised_on": date(2026, 3, 12)}),
        ("order_response", "order_response_line", "订单号|行号|回复交期|二次回复交期", "P|1|2026-03-05|", {"promised_on": date(2026, 3, 5)}),
        ("order_response", "order_response_line", "订单号|行号|最新交期", "P|1|2026-03-12", {"promised_on": date(2026, 3, 12)}),
        ("order_response", "order_response_line", "订单号|行号|是否接受", "P|1|是", {"decision": "accepted"}),
        # columns that a supplier fills in, below a band of their own
        ("order_response", "order_response_line", "订单号|行号|料号|数量|单位|要求交期|供应商填写 确认数量|供应商填写 确认交期", "P|1|A1|9|个|2026-03-01|5|2026-03-05", {"confirmed": 5, "promised_on": date(2026, 3, 5)}),
        ("order_response", "order_response_line", "订单号|行号|供方确认 回复数量|单位|回复栏 备注", "P|1|5|个|缺料", {"confirmed": 5, "reason": "缺料"}),
        (PO, LINE, "订单号|行号|料号|数量|单位|供应商填写 数量", "P|1|A1|9|个|5", {"ordered": 9}),
        # as programs name them
        ("goods_receipt", "goods_receipt_line", "receipt_no|line_number|po_number|part_number|received_qty|uom", "R|1|P1|A1|5|PCS", {"receipt_number": "R", "order_number": "P1", "received": 5}),
        ("goods_receipt", "goods_receipt_line", "入库单号|行号|订单单号|料号|实收数量|合格数量|拒收数量|单位", "R|1|P1|A1|9|8|1|个", {"order_number": "P1", "received": 9, "accepted": 8, "rejected": 1}),
        ("sales_order", "sales_order_line", "Order No.|SO Line|SKU编码|Qty|UOM", "S|1|A1|5|PCS", {"order_number": "S", "line_number": "1", "item": "A1"}),
        ("item", "item", "物料编码|物料名称|使用状态|Shelf Life (days)", "A1|x|逐步禁用|30", {"status": "phase_out", "shelf_life_days": 30}),
        # Unit Price is no Price Unit
        (PO, LINE, "PO No.|Line|Part No|Qty|UOM|Unit Price|Currency", "P|1|A1|5|PCS|0.12|USD", {"unit_price": Decimal("0.12"), "price_base": None}),
        (PO, LINE, "PO No.|Line|Part No|Qty|UOM|单价含税|币种", "P|1|A1|5|PCS|0.12|USD", {"unit_price": Decimal("0.12"), "is_tax_included": True}),
        ("goods_receipt", "goods_receipt", "入库单号|行号|料号|实收数量|单位|单据类型", "R|1|A1|20|个|销售退货", {"kind": "return"}),
        # the same said twice, on a few headers
        (PO, LINE, "采购订单号|行号|料号|数量(Qty)|单位", "P1|1|A1|5|个", {"ordered": 5}),
        ("inventory", "inventory_balance", "料号|批号（Lot No.）|库存/QOH|单位", "A1|L1|5|个", {"lot": "L1", "on_hand": 5}),
        ("inventory", "inventory_balance", "料号|批号 Lot|库位 Bin|库存数量|单位 UM", "A1|L1|B2|5|个", {"lot": "L1", "bin": "B2", "on_hand": 5}),
        ("goods_receipt", "goods_receipt_line", "入库单号|行号|料号|批次 Batch|实收数量|单位", "R|1|A1|L1|5|个", {"lot": "L1"}),
        # as people and programs call them elsewhere
        (PO, LINE, "采购单号|行号|料号|数量|单位|交期|客户交期", "P|1|A1|5|个|2026-12-01|2026-12-20", {"requested_on": date(2026, 12, 1)}),
        (PO, LINE, "采购单号|行号|料号|数量|单位|预交货日", "P|1|A1|5|个|2026-12-01", {"requested_on": date(2026, 12, 1)}),
        (PO, LINE, "Order #|Line ID|Part #|Quantity Ordered|UOM|Need-by Date", "P|1|A1|5|PCS|2026-12-01", {"item": "A1", "ordered": 5, "requested_on": date(2026, 12, 1)}),
        (PO, LINE, "订货单号|序|零件编号|数量|计量|协议价|币种", "P|1|A1|5|个|3|CNY", {"item": "A1", "ordered": 5, "unit_price": 3}),
        ("inventory", "inventory_balance", "材料编码|存放地点|批次编号|库存状态|实时库存|主单位", "A1|W1|L1|合格品|5|个", {"location": "W1", "lot": "L1", "stock_status": "unrestricted", "on_hand": 5}),
        # the state of a line
        (PO, LINE, "采购单号|行号|料号|数量|单位|行状态", "P|1|A1|5|个|已关闭", {"status": "closed"}),
        (PO, LINE, "采购单号|行号|料号|数量|单位|Line Status", "P|1|A1|5|个|Deleted", {"status": "cancelled"}),
        ("sales_order", "sales_order_line", "销售单号|行号|料号|数量|单位|行状态", "S|1|A1|5|个|正常", {"status": "open"}),
        # a number is in its own unit, whatever other columns are called
        (PO, LINE, "订单号|行号|料号|单位|需求量|采购数量(KG)", "P|1|A1|KG|50|5", {"ordered": 5, "ordered_unit": "KGM"}),
        # below a group that adds nothing
        (PO, LINE, "采购单号|行号|料号|数量 采购数量|数量 已收数量|单位", "P|1|A1|5|3|个", {"ordered": 5, "received": 3}),
        (PO, LINE, "采购单号|行号|物料信息 编码|物料信息 名称|订购 数量|订购 单位", "P|1|A1|轴|5|个", {"item": "A1", "description": "轴", "ordered": 5}),
        (PO, LINE, "订单 采购单号|订单 行号|物料 料号|订购 数量|订购 单位|价格 单价|价格 币种", "P|1|A1|5|个|3|CNY", {"ordered": 5, "unit_price": 3}),
        ("inventory", "inventory_balance", "物料 料号|物料 单位|库存 现存量|库存 占用量", "A1|个|5|2", {"on_hand": 5, "reserved": 2}),
        # tax, with its rate
        (PO, LINE, "采购订单号|行号|料号|数量|单位|含税单价(13%)|币种", "P|1|A1|5|个|2|CNY", {"unit_price": 2, "is_tax_included": True}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|单价(含税13%)|币种", "P|1|A1|5|个|2|CNY", {"unit_price": 2, "is_tax_included": True}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|单价（税前）|币种", "P|1|A1|5|个|2|CNY", {"unit_price": 2, "is_tax_included": False}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|单价(含税，不含运费)|币种", "P|1|A1|5|个|2|CNY", {"unit_price": 2, "is_tax_included": True}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|U/P(ex VAT)|币种", "P|1|A1|5|个|2|CNY", {"unit_price": 2, "is_tax_included": False}),
        # how a date is to be written
        (PO, LINE, "采购订单号|行号|料号|数量|单位|要求交期 (YYYY-MM-DD)", "P|1|A1|5|个|2026-03-01", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|要求交期\n(YYYY-MM-DD)", "P|1|A1|5|个|2026-03-01", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|交期（yyyy/mm/dd）", "P|1|A1|5|个|2026/3/1", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|交期(yyyymmdd)", "P|1|A1|5|个|20260301", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|交货日期(年/月/日)", "P|1|A1|5|个|2026/3/1", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|交货日期(格式:2026-03-01)", "P|1|A1|5|个|2026-03-01", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|交货日期【格式：YYYY-MM-DD】", "P|1|A1|5|个|2026-03-01", {"requested_on": date(2026, 3, 1)}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|毛重(mm)|交期(实际)", "P|1|A1|5|个|2|2026-03-01", {"requested_on": None}),
        # signs that nobody sees
        (PO, LINE, "\u200b采购订单号|行\u200e号|料号\ufeff|数\u00ad量|单位", "\u202dP1\u202c|1|A\u200b1|5|个", {"order_number": "P1", "item": "A1", "ordered": 5}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位", "ＰＯ１|１|Ａ－０１|5|个", {"order_number": "PO1", "line_number": "1", "item": "A-01"}),
        # a running number beside the line's own
        ("goods_receipt", "goods_receipt_line", "序号|单据编号|料号|行号|实收数量|单位", "3|RK2|A1|1|5|个", {"line_number": "1"}),
        (PO, LINE, "序号|采购订单号|项次|料号|数量|单位", "1|PO-7|20|A1|5|PCS", {"line_number": "20"}),
        (
            "delivery_note", "shipment_line", "送货单号|序号|采购订单号|行号|料号|送货数量|单位", "S1|1|PO-1|10|A1|5|PCS",
            {"line_number": "1", "order_number": "PO-1"},
        ),
        # two pairs of quantity and unit
        (PO, LINE, "订单编号|行号|存货编码|主计量|数量|采购单位|件数", "P|1|A1|瓶|120|箱|5", {"ordered": 120, "ordered_source_unit": "瓶"}),
        (PO, LINE, "采购订单号|行号|料号|数量|单位|主数量|主单位", "P|1|A1|5|箱|60|瓶", {"ordered": 5, "ordered_source_unit": "箱"}),
        (
            "goods_receipt", "goods_receipt_line", "入库单号|行号|料号|主单位|主数量|单位|数量", "R|1|A1|瓶|60|箱|5",
            {"received": 5, "received_source_unit": "箱"},
        ),
        (
            "inventory", "inventory_balance", "仓库编码|存货编码|主计量单位|库存单位|现存数量|现存件数", "01|A1|瓶|箱|120|5",
            {"on_hand": 120, "on_hand_source_unit": "瓶"},
        ),
        (PO, LINE, "采购订单号|行号|物料编码|采购数量|采购单位|计量单位", "P|1|A1|5|箱|个", {"ordered_source_unit": "箱"}),
        (PO, LINE, "PO No.|Line|Item Code|Order Qty|Order Unit|UOM", "P|1|A1|5|CTN|PCS", {"ordered_source_unit": "CTN"}),
        (
            "goods_receipt", "goods_receipt_line", "入库单号|行号|料号|入库数量|入库单位|库存数量|库存单位", "R|1|A1|5|箱|60|瓶",
            {"received": 5, "received_source_unit": "箱"},
        ),
        ("inventory", "inventory_balance", "料号|库存数量|库存单位|主计量单位", "A1|5|箱|个", {"on_hand_source_unit": "箱"}),
        ("inventory", "inventory_balance", "料号|数量|采购单位|单位", "A1|5|箱|个", {"on_hand_source_unit": "个"}),
        (
            "delivery_note", "shipment_line", "送货单号|送货单行号|料号|送货数量|送货单位|计量单位", "S|1|A1|5|恒远五金|个",
            {"shipped_source_unit": "个"},
        ),
        # a code beside a name, and the line's own number beside a running one
        (PO, LINE, "采购订单号|行号|产品|产品编号|数量|单位", "P|1|螺丝|A1|5|个", {"item": "A1"}),
        ("inventory", "inventory_balance", "物料|物料编号|数量|单位", "螺丝|A1|5|个", {"item": "A1"}),
        (PO, LINE, "PO No.|Line|Item|Item Number|Qty|UOM", "P|1|Bolt|A1|5|PCS", {"item": "A1"}),
        (
            "goods_receipt", "goods_receipt_line", "序号|入库单号|入库单行号|料号|数量|单位", "3|R2|10|A1|5|个",
            {"line_number": "10"},
        ),
        # what a price is for
        (PO, LINE, "采购凭证|行项目|物料|净价|货币|价格单位", "P|10|A1|12.5|CNY|1000", {"unit_price": 12.5, "price_base": 1000}),
        (PO, LINE, "采购单号|行号|料号|单价(含税)|币种", "P|1|A1|5|CNY", {"unit_price": 5, "is_tax_included": True}),
        (PO, LINE, "采购单号|行号|料号|Unit Price (excl. tax)|币种", "P|1|A1|5|CNY", {"unit_price": 5, "is_tax_included": False}),
        # powers of ten in a header beside a column of units
        (PO, LINE, "采购单号|行号|料号|数量(千)|单位", "P|1|A1|5|个", {"ordered": 5000}),
        (PO, LINE, "采购单号|行号|料号|数量(百)|单位", "P|1|A1|5|个", {"ordered": 500}),
        ("order_response", "order_response_line", "订单信息 订单号|订单信息 行号|订单信息 数量|供应商回复 数量|供应商回复 交期|订单信息 单位", "P|1|9|5|2026-03-05|个", {"confirmed": 5}),
        ("order_response", "order_response_line", "订单号|行号|料号|第一次回复交期|第二次回复交期|第三次回复交期", "P|1|A|2026-03-05|2026-03-06|2026-03-07", {"promised_on": date(2026, 3, 7)}),
        ("order_response", "order_response_line", "订单号|行号|料号|第一次回复交期|第二次回复交期|第三次回复交期", "P|1|A|2026-03-05|2026-03-06|", {"promised_on": date(2026, 3, 6)}),
        ("order_response", "order_response_line", "订单号|行号|产品编码|客户料号|单位|回复数量", "P|1|H1|A1|个|5", {"item": "A1"}),
        ("delivery_note", "shipment_line", "送货单号|序号|订单号|客户订单号|料号|单位|送货数量", "D|1|S1|P1|A1|个|5", {"order_number": "P1"}),
        ("delivery_note", "shipment_line", "送货单号|序号|订单号|料号|单位|数量|箱数|总数", "D|1|P1|A1|个|24|10|240", {"shipped": 240}),
        (PO, LINE, "采购单号|行号|料号|数量(千克)", "P|1|A1|5", {"ordered": 5, "ordered_unit": "KGM"}),
        ("inventory", "inventory_balance", "Warehouse|Location|Item|Quantity|UOM", "WH1|A-01|A1|5|PCS", {"location": "WH1"}),
        # the line's own number, not a running one before it
        (PO, LINE, "序号|采购订单号|订单行号|料号|数量|单位", "3|P|10|A1|5|个", {"line_number": "10"}),
        ("sales_order", "sales_order_line", "序号|订单号|销售订单行号|料号|数量|单位", "3|P|10|A1|5|个", {"line_number": "10"}),
        ("order_response", "order_response_line", "序号|订单号|订单项次|料号|单位|确认数量", "3|P|10|A1|个|5", {"line_number": "10"}),
        # whose number it is
        (
            "order_response", "order_response_line", "订单号|客户订单号|行号|承诺到货期", "SO8|PO-1|1|2026-03-05",
            {"order_number": "PO-1", "promised_on": date(2026, 3, 5)},
        ),
        ("delivery_note", "shipment_line", "送货单号|序号|贵司料号|我司料号|送货数量|单位", "S|1|A1|X9|5|个", {"item": "A1"}),
        # what is asked for beside what came
        (PO, LINE, "采购订单号|行号|料号|要求交货日期|到货日期", "P|1|A1|2026-03-05|2026-03-09", {"requested_on": date(2026, 3, 5)}),
        (PO, LINE, "PO No|Line|Part No|Delivery Date|Required Date", "P|1|A1|2026-03-09|2026-03-05", {"requested_on": date(2026, 3, 5)}),
        (
            "sales_order", "sales_order_line", "订单号|行号|料号|发货日期|客户要求交期", "P|1|A1||2026-03-05",
            {"requested_on": date(2026, 3, 5)},
        ),
        ("delivery_note", "shipment_line", "送货单号|行号|料号|数量|本次出货数|单位", "S|1|A1|5000|2500|个", {"shipped": 2500}),
        ("item", "item", "料号|名称|毛重(g)|净重(g)|单位", "A1|螺丝|500|450|个", {"gross_weight_kg": Decimal("0.5"), "net_weight_kg": Decimal("0.45")}),
        ("item", "item", "Item Code|Item Name|Name|Unit", "A1|Bearing|张三|PCS", {"name": "Bearing"}),
    ],
)  # fmt: skip
def test_a_field_takes_the_column_that_means_it(
    run_mapping: Map, mapping: str, entity: str, header: str, cells: str, expected: dict[str, object]
) -> None:
    text = (files("mappings") / "generic" / f"{mapping}.yaml").read_text(encoding="utf-8")
    outcome = run_mapping(text, [dict(zip(header.split("|"), cells.split("|"), strict=True))])
    (record,) = outcome.good[entity]
    assert {name: record.get(name) for name in expected} == expected
    assert outcome.issues == []


@pytest.mark.parametrize(
    "header",
    ["U/P(USD/DZ)", "单价:元/千只", "单价(USD/KPCS)", "单价(元/M)", "单价(元/打)", "单价(元/千个)", "单价/千只"],
)
def test_a_price_for_many_pieces_is_not_taken_for_one_of_one(run_mapping: Map, header: str) -> None:
    text = (files("mappings") / "generic" / f"{PO}.yaml").read_text(encoding="utf-8")
    row = {"采购单号": "P", "行号": "1", "料号": "A1", header: "42", "币种": "CNY"}
    with pytest.raises(MappingDoesNotFitError, match="not understood"):
        run_mapping(text, [row])
