"""Sheets as ERPs export them, with headers that the model does not know, shuffled: what `suggest` is measured on.

Each column is its field (None: a column that no field is for, many of them traps), the headers that it may carry, and
how its values look. Headers that are labels or aliases of the model are left out.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from canonical_model.entities import SPECS
from mappings.columns import normalise_header
from mappings.suggest.match import family

Values = Callable[[random.Random, int], str]
Column = tuple[str | None, tuple[str, ...], Values]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One generated sheet.

    Attributes:
        entity: The entity that it is about.
        columns: Header -> its values.
        truth: Header -> field, None where no field is for it.
    """

    entity: str
    columns: Mapping[str, list[str]]
    truth: Mapping[str, str | None]


def one_of(*values: str) -> Values:
    return lambda random, _: random.choice(values)


def numbered(prefix: str, digits: int = 4) -> Values:
    return lambda random, _: f"{prefix}{random.randrange(10**digits):0{digits}d}"


def quantity(random: random.Random, row: int) -> str:
    return random.choice(["1,200", "300", "45", "1.5万", "２４００", "0", "12.5", "", str(row)])


def price(random: random.Random, _: int) -> str:
    return f"{random.randrange(1, 90000) / 100:.2f}"


def day(random: random.Random, _: int) -> str:
    moment = date(2026, 1, 1) + timedelta(days=random.randrange(300))
    return random.choice([f"{moment:%Y-%m-%d}", f"{moment.year}/{moment.month}/{moment.day}", f"{moment:%Y年%m月%d日}"])


def moment(random: random.Random, row: int) -> str:
    return f"{day(random, row)} {random.randrange(8, 19)}:{random.randrange(60):02d}"


def counted(_: random.Random, row: int) -> str:
    return str((row + 1) * 10)


def gtin(random: random.Random, _: int) -> str:
    body = f"69{random.randrange(10**10):010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def uscc(random: random.Random, _: int) -> str:
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91330200" + "".join(random.choice(letters) for _ in range(9))
    total = sum(letters.index(letter) * 3**place % 31 for place, letter in enumerate(body))
    return body + letters[-total % 31]


person = one_of("张敏", "李伟", "王芳", "赵强", "陈静")
company = one_of("苏州恒远精密有限公司", "宁波华新紧固件厂", "东莞市永盛五金制品有限公司", "上海启明电子股份有限公司")
product = one_of("六角螺栓", "平垫圈", "冷轧板", "深沟球轴承", "密封圈")
form = one_of("M8×40", "1.2mm", "6204-2RS", "φ30", "DN50 PN16")
unit = one_of("个", "件", "箱", "kg", "PCS", "米")
currency = one_of("人民币", "CNY", "美元", "RMB")
yes_no = one_of("是", "否")
words = one_of("", "加急", "与螺栓同箱", "按图纸生产", "")
place = one_of("WH01", "WH02", "CK-03")
supplier_code = one_of("V0017", "V0020", "V0033", "0041")

ITEM: Column = (
    "item",
    ("存货代码", "物料号", "料品编码", "材料编码", "产品代码", "商品编号", "物料编号"),
    numbered("A-"),
)
SUPPLIER: Column = ("supplier", ("供应商编号", "供方编码", "厂商代码", "厂家编号"), supplier_code)
SUPPLIER_NAME: Column = (None, ("供应商全称", "供方名称", "厂商名称", "厂家全称"), company)
UNIT: Column = ("unit", ("采购计量单位", "主单位", "数量单位", "计量单位名称"), unit)
CURRENCY: Column = ("currency", ("结算币种", "订单币别", "货币", "币种代码"), currency)
LINE: Column = ("line_number", ("行项目号", "分录行号", "明细行号", "订单行项次"), counted)
REMARK: Column = ("remark", ("备注说明", "附注", "备注信息", "其他说明"), words)
NAME: Column = ("description", ("存货名称", "料品名称", "商品全名", "物料说明", "材料名称"), product)
FORM: Column = ("specification", ("规格说明", "型号规格", "规格/型号", "规格参数"), form)
ORDER: Column = ("order_number", ("采购订单编号", "PO单号", "采购单编号", "采购凭证号"), numbered("PO26", 5))
PEOPLE: tuple[Column, ...] = (
    (None, ("制单人", "最后修改人", "录入员"), person),
    (None, ("部门", "所属部门", "申请部门"), one_of("采购部", "生产部")),
)

CHINESE: Mapping[str, tuple[Column, ...]] = {
    "purchase_order": (
        ORDER, LINE, ITEM, SUPPLIER, SUPPLIER_NAME, UNIT, CURRENCY, REMARK, NAME, FORM, *PEOPLE,
        ("ordered_on", ("制单日期", "订货日期", "订单创建日期", "开单日期"), day),
        ("buyer_contact", ("采购人员", "采购经办人", "采购业务员"), person),
        ("ordered", ("订货数量", "订单数", "采购数", "下单数量"), quantity),
        ("unit_price", ("采购价", "进货单价", "采购价格", "订单单价"), price),
        ("tax_rate", ("税率(%)", "税率%", "增值税率"), one_of("13", "9", "6")),
        ("net_amount", ("无税金额", "不含税总额", "金额(不含税)"), price),
        ("gross_amount", ("价税合计金额", "含税总额", "金额(含税)"), price),
        ("requested_on", ("需求交期", "要求到货日", "要求交货日", "需求到货日期"), day),
        ("promised_on", ("供应商承诺日期", "供方确认交期", "承诺到货日期", "厂商答复交期"), day),
        ("first_promised_on", ("首次答复交期", "首次承诺到货日", "初次承诺日期"), day),
        ("received", ("已到货数量", "累计收货数量", "已入库量", "累计到货数"), quantity),
        ("outstanding", ("未到货数量", "未入库量", "未交货数量", "剩余未交数"), quantity),
        ("invoiced", ("累计开票数量", "已开票数", "已开票数量"), quantity),
        ("shipped", ("累计发货数量", "已发货数量", "供应商已发数"), quantity),
        ("returned", ("累计退货数量", "退货数", "已退货数量"), quantity),
        ("rejected", ("不合格数", "检验不合格数量", "拒收数"), quantity),
        ("location", ("收货仓", "入库仓库", "存放仓库", "收料仓库"), place),
        ("document_status", ("审批状态", "单据审核状态", "订单审批状态"), one_of("已审核", "审核中", "草稿")),
        ("payment_terms", ("付款方式", "付款约定", "结算条款"), one_of("月结30天", "货到付款")),
        (None, ("客户订单号", "客户合同", "图号"), numbered("C", 5)),
    ),
    "goods_receipt": (
        ITEM, SUPPLIER, SUPPLIER_NAME, UNIT, *PEOPLE,
        ("line_number", ("入库行号", "分录行号", "明细行号", "入库单行号"), counted),
        ("receipt_number", ("入库单编号", "收料单号", "入库凭证号", "收货单编号"), numbered("RK", 5)),
        ("order_number", ("来源订单号", "采购订单编号", "源订单编号", "对应采购单号"), numbered("PO26", 5)),
        ("order_line_number", ("来源订单行号", "采购订单行号", "源订单分录号", "对应订单行"), counted),
        ("location", ("仓库代码", "入库仓", "收料仓库", "库房编码"), place),
        ("received_at", ("收料日期", "到库日期", "实际到货时间", "收货完成时间"), moment),
        ("posted_at", ("记账日期", "过帐日期", "凭证过账日期"), day),
        ("lot", ("生产批号", "批次编号", "Lot号"), numbered("L26", 3)),
        ("received", ("实收数", "本次入库数量", "入库数", "收料数量"), quantity),
        (None, ("应收数量", "应收数", "通知数量"), quantity),
        ("accepted", ("合格数", "检验合格数量", "质检合格数"), quantity),
        ("rejected", ("不合格数", "检验不合格数量", "质检不合格数"), quantity),
        ("vehicle", ("车牌", "运输车号", "车号"), one_of("苏E12345", "浙B88888")),
        ("despatch_number", ("送货单编号", "供应商送货单号", "送货单据号"), numbered("SH", 5)),
    ),
    "inventory_balance": (
        ITEM,
        ("location", ("仓库代码", "所在仓库", "仓库编号", "库房编码"), place),
        ("bin", ("储位", "库位编码", "货位编号", "储位编号"), one_of("A-01-02", "B-11-03")),
        ("lot", ("生产批号", "批次号码", "批次编号"), numbered("L26", 3)),
        ("on_hand", ("结存数", "库存量", "账面数量", "当前库存数量", "现有量"), quantity),
        ("available", ("可用结存", "可用数", "可用库存量"), quantity),
        ("reserved", ("预留数量", "已占用数量", "锁定库存"), quantity),
        ("in_transit", ("在途库存", "在途数", "调拨在途数量"), quantity),
        ("minimum", ("安全库存量", "最低库存量", "库存下限"), quantity),
        (None, ("最高库存", "库存上限", "最高库存量"), quantity),
        ("unit", ("计量单位名称", "库存单位", "主单位"), unit),
        (None, ("库存金额", "结存金额", "成本金额"), price),
        (None, ("库龄(天)", "库存天数"), one_of("12", "90", "180")),
        ("stock_status", ("质量状态", "库存质量状态", "存货状态"), one_of("可用", "待检", "冻结")),
    ),
    "item": (
        ("item_number", ITEM[1], ITEM[2]),
        ("name", ("料品名称", "商品全名", "料件名称"), product),
        FORM,
        ("name_alternative", ("物料英文名", "英文品名", "产品别名"), one_of("Hex bolt", "Washer", "Bearing")),
        ("brand", ("品牌名称", "厂牌", "产品品牌"), one_of("世达", "SKF", "NSK")),
        ("category", ("物料类别", "存货大类", "商品分类", "产品类别"), one_of("紧固件", "轴承", "板材")),
        ("gtin", ("国标条码", "69码", "商品条形码", "条码号"), gtin),
        ("base_unit", ("主计量单位名称", "基本计量单位", "库存单位"), unit),
        ("gross_weight_kg", ("毛重KG", "单件毛重(kg)", "毛重（千克）"), price),
        ("net_weight_kg", ("净重KG", "单件净重(kg)", "净重（千克）"), price),
        (None, ("包装重量(g)", "皮重(克)"), price),
        ("shelf_life_days", ("保质期天数", "有效期天数", "保存期(天)"), one_of("180", "365", "540")),
        ("is_lot_controlled", ("是否批次管理", "启用批号管理", "批号控制"), yes_no),
        ("is_serial_controlled", ("是否序列号管理", "启用序列号", "序列号控制"), yes_no),
        ("origin_country", ("原产地国家", "产地(国)", "原产地"), one_of("中国", "德国", "日本")),
        ("status", ("物料状态", "使用状态", "存货状态"), one_of("启用", "停用")),
        (None, ("零售价", "参考进价", "建议售价"), price),
        PEOPLE[0],
    ),
    "party": (
        ("party_number", ("供应商编号", "供方代码", "厂商编号", "往来单位代码"), numbered("V")),
        ("name", ("供方名称", "厂商名称", "往来单位名称"), company),
        ("name_alternative", ("供应商简称", "厂商简称"), one_of("恒远", "华新", "永盛")),
        ("uscc", ("社会信用代码", "统一信用代码", "营业执照号"), uscc),
        ("address", ("详细地址", "经营地址", "通讯地址"), one_of("苏州市工业园区星湖街1号", "宁波市鄞州区学士路9号")),
        ("city", ("所在城市", "所属城市"), one_of("苏州", "宁波")),
        ("region", ("所在省份", "省/自治区"), one_of("江苏", "浙江")),
        ("postcode", ("邮政编号", "邮编号码"), one_of("215000", "315000")),
        ("country", ("所在国家", "国家/地区"), one_of("中国", "德国")),
        ("contact_name", ("联络人", "主要联系人", "业务联系人"), person),
        ("contact_phone", ("联系手机", "电话号码", "手机号"), one_of("13800001111", "0512-66668888")),
        ("contact_email", ("Email地址", "电子邮件", "邮件地址"), one_of("a@hy.cn", "sales@hx.com")),
        ("payment_terms", ("付款方式", "付款期限", "付款约定"), one_of("月结30天", "货到付款")),
        CURRENCY,
        ("lead_time_days", ("采购提前期", "供货周期(天)", "交货提前期(天)"), one_of("7", "15", "30")),
        ("status", ("供应商状态", "合作状态"), one_of("启用", "停用")),
        (None, ("开户银行", "开户行名称"), one_of("工商银行苏州分行", "建设银行")),
        (None, ("银行账号", "银行账户"), numbered("6222", 12)),
        (None, ("传真", "传真号码"), one_of("0512-66668889",)),
        (None, ("法人代表", "法人姓名"), person),
    ),
    "sales_order": (
        ITEM, LINE, UNIT, CURRENCY, REMARK, NAME, FORM, *PEOPLE,
        ("order_number", ("销售订单编号", "SO单号", "销货单号", "内部订单号"), numbered("SO26", 5)),
        ("counterpart_order_number", ("客户订单编号", "客户采购订单号", "买方订单号"), numbered("4500", 5)),
        ("ordered_on", ("订货日期", "接单日期", "签单日期"), day),
        ("customer", ("客户代号", "买方编码", "顾客编号"), numbered("C")),
        (None, ("客户简称", "客户全称"), company),
        ("seller_contact", ("销售人员", "销售业务员", "业务人员"), person),
        ("ordered", ("订货数量", "销售数", "下单数量"), quantity),
        ("unit_price", ("销售价", "销售价格", "订单单价", "含税销售单价"), price),
        ("tax_rate", ("税率%", "增值税率"), one_of("13", "9")),
        ("gross_amount", ("价税合计金额", "含税总额", "金额(含税)"), price),
        ("requested_on", ("要求交货日", "客户要求交期", "需求交期"), day),
        ("promised_on", ("承诺发货日期", "承诺交货日", "答复交期"), day),
        ("shipped", ("已发货量", "累计发货数", "已出货数量"), quantity),
        ("outstanding", ("未发货数量", "未出货数量", "剩余未发数量"), quantity),
        ("invoiced", ("累计开票数", "已开票数"), quantity),
        ("returned", ("累计退货数量", "已退货数量"), quantity),
        ("location", ("出货仓库", "发货仓"), place),
        ("document_status", ("审批状态", "单据审核状态"), one_of("已审核", "审核中")),
        ("payment_terms", ("收款方式", "付款方式", "结算条款"), one_of("月结30天", "款到发货")),
    ),
    "shipment": (
        ITEM, UNIT, REMARK, NAME, FORM, *PEOPLE,
        ("shipment_number", ("送货单编号", "发货通知单号", "出库单编号"), numbered("SH", 5)),
        ("line_number", ("分录行号", "明细行号", "行项目号"), counted),
        ("order_number", ("采购订单编号", "来源订单号", "对应采购单号"), numbered("PO26", 5)),
        ("order_line_number", ("采购订单行号", "来源订单行号", "对应订单行"), counted),
        ("shipped_at", ("出货日期", "发运日期", "实际发货时间"), moment),
        ("expected_at", ("预计送达时间", "预计到厂时间"), moment),
        ("shipped", ("送货数", "本次发货数量", "实际发货数量"), quantity),
        (None, ("订单数量", "应发数量"), quantity),
        ("lot", ("批次编号", "Lot号"), numbered("L26", 3)),
        ("package_number", ("箱号编码", "托盘编号"), numbered("BX", 4)),
        ("carrier", ("承运单位", "物流承运商", "承运公司"), one_of("顺丰速运有限公司", "德邦物流")),
        ("tracking_number", ("快递运单号", "承运单号"), numbered("SF", 9)),
        ("vehicle", ("车牌", "运输车号"), one_of("苏E12345", "浙B88888")),
        ("driver", ("司机姓名", "送货司机"), person),
    ),
    "order_response": (
        ORDER, LINE, ITEM, UNIT, CURRENCY, ("supplier", SUPPLIER_NAME[1], company),
        ("confirmed", ("供应商确认数量", "答复数量", "可供数量", "承诺数量"), quantity),
        (None, ("订货数量", "订单数量", "采购数量"), quantity),
        ("promised_on", ("供应商承诺日期", "答复交期", "可交货日期", "承诺到货日期"), day),
        (None, ("要求交货日", "需求到货日期", "要求交期"), day),
        ("decision", ("接单状态", "回复状态", "是否接单"), one_of("接受", "拒绝", "改期")),
        ("reason", ("差异原因", "变更原因", "原因说明"), one_of("", "缺料", "产能不足")),
        ("price", ("确认价格", "答复单价", "供应商确认单价"), price),
        (None, ("订单单价", "采购单价", "原单价"), price),
        ("responded_at", ("答复日期", "供应商回复时间", "答复时间"), moment),
        ("substitute", ("代用料号", "替代料编码", "替代品编码"), numbered("B-")),
        ("response_number", ("回复单编号", "答复单号"), numbered("HF", 5)),
    ),
}  # fmt: skip
"""Entity -> its columns in Chinese."""

ENGLISH: tuple[Column, ...] = (
    ("order_number", ("Purchase Order", "PO #", "Purchasing Document"), numbered("45000", 5)),
    ("line_number", ("Line #", "Line Item", "PO Line No"), counted),
    ("ordered_on", ("PO Date", "Document Date", "Order Date"), day),
    ("supplier", ("Vendor No.", "Supplier ID", "Vendor Number"), supplier_code),
    (None, ("Vendor Name", "Supplier Name"), one_of("Acme Ltd", "Globex GmbH", "Initech Inc.")),
    ("buyer_contact", ("Purchaser", "Purchasing Agent"), one_of("Ann Lee", "Bob Ray")),
    ("item", ("Material Number", "Product Code", "SKU No."), numbered("A-")),
    ("description", ("Material Description", "Product Name", "Item Description"), one_of("Hex bolt", "Washer")),
    ("ordered", ("Order Quantity", "Ordered Qty", "PO Qty"), quantity),
    ("unit", ("UoM", "Order Unit", "Unit of Measure"), one_of("EA", "KG", "PCS")),
    ("unit_price", ("Net Price", "Price per Unit", "Purchase Price"), price),
    ("currency", ("Currency Code", "Document Currency"), one_of("USD", "EUR", "CNY")),
    ("requested_on", ("Requested Delivery Date", "Required Date", "Need By Date"), day),
    ("promised_on", ("Promise Date", "Confirmed Delivery Date", "Promised Delivery"), day),
    ("received", ("Qty Received", "Received Quantity", "Quantity Received"), quantity),
    ("outstanding", ("Open Qty", "Quantity Not Received", "Outstanding Quantity"), quantity),
    ("location", ("Warehouse", "Storage Location", "Receiving Warehouse"), place),
    ("tax_rate", ("Tax Rate %", "VAT Rate"), one_of("13", "9", "6")),
    ("remark", ("Remarks", "Line Remark", "Comments"), one_of("", "urgent", "see drawing")),
    (None, ("Created By", "Changed By"), one_of("Ann Lee", "Bob Ray")),
)
"""A purchase order in English."""


def known(entity: str) -> set[str]:
    """Headers that the model itself knows for the fields of the entity and its lines."""
    return {
        normalise_header(word)
        for each in family(entity)
        for field in SPECS[each].fields.values()
        for word in (field.label.zh, field.label.en, *field.aliases)
    }


def sheets(entity: str, columns: Sequence[Column], count: int) -> list[Sheet]:
    """`count` sheets whose headers, order and values are drawn by a fixed seed, without headers that the model knows."""
    made = []
    names_known = known(entity)
    unknown = [
        (field, [one for one in names if normalise_header(one) not in names_known], values)
        for field, names, values in columns
    ]
    for seed in range(count):
        draw = random.Random(f"{entity}{seed}")
        chosen = [
            (field, names[(seed + place) % len(names)], values)
            for place, (field, names, values) in enumerate(unknown)
            if names
        ]
        draw.shuffle(chosen)
        by_header = {name: (field, values) for field, name, values in chosen}
        made.append(
            Sheet(
                entity,
                {name: [values(draw, row) for row in range(30)] for name, (_, values) in by_header.items()},
                {name: field for name, (field, _) in by_header.items()},
            )
        )
    return made


ERP: Mapping[str, tuple[str, tuple[tuple[str, str | None, Values], ...]]] = {
    "kingdee purchase orders": (
        "purchase_order",
        (
            ("单据编号", "order_number", numbered("CGDD", 6)), ("采购日期", "ordered_on", day),
            ("供应商.编码", "supplier", supplier_code), ("供应商.名称", None, company), ("采购组织.名称", None, company),
            ("采购员.名称", "buyer_contact", person), ("单据状态", "document_status", one_of("已审核", "审核中")),
            ("关闭状态", "close_status", one_of("未关闭", "已关闭")), ("结算币别.名称", "currency", currency),
            ("明细.序号", "line_number", counted), ("物料编码.编码", "item", numbered("1.01.", 4)),
            ("物料编码.名称", "description", product), ("规格型号", "specification", form),
            ("采购单位.名称", "unit", unit), ("采购数量", "ordered", quantity), ("交货日期", "requested_on", day),
            ("含税单价", "unit_price", price), ("税率%", "tax_rate", one_of("13.00")), ("价税合计", "gross_amount", price),
            ("累计入库数量", "received", quantity), ("剩余入库数量", "outstanding", quantity), ("备注", "remark", words),
        ),
    ),
    "yonyou u8 purchase orders": (
        "purchase_order",
        (
            ("订单编号", "order_number", numbered("000000", 4)), ("日期", "ordered_on", day),
            ("供应商编码", "supplier", supplier_code), ("供应商简称", None, company),
            ("业务员", "buyer_contact", person), ("币种", "currency", currency), ("行号", "line_number", counted),
            ("存货编码", "item", numbered("0301", 3)), ("存货名称", "description", product),
            ("规格型号", "specification", form), ("主计量", "unit", unit), ("数量", "ordered", quantity),
            ("原币含税单价", "unit_price", price), ("原币金额", "net_amount", price), ("原币价税合计", "gross_amount", price),
            ("税率", "tax_rate", one_of("13")), ("计划到货日期", "requested_on", day),
            ("累计到货数量", "received", quantity), ("累计开票数量", "invoiced", quantity), ("行关闭人", None, person),
            ("审核人", "approved_by", person), ("制单人", None, person),
        ),
    ),
    "sap me2n in chinese": (
        "purchase_order",
        (
            ("采购凭证", "order_number", numbered("45000", 5)), ("项目", "line_number", counted),
            ("凭证日期", "ordered_on", day), ("供应商/供应工厂", "supplier", supplier_code),
            ("采购组", None, one_of("001", "002")), ("物料", "item", numbered("1000", 4)),
            ("短文本", "description", product), ("订单数量", "ordered", quantity), ("订单单位", "unit", unit),
            ("净价", "unit_price", price), ("货币", "currency", currency), ("价格单位", "price_base", one_of("1", "100")),
            ("仍要交货（数量）", "outstanding", quantity), ("仍要开票（数量）", None, quantity),
            ("库存地点", "location", place), ("删除标识", None, one_of("", "L")),
        ),
    ),
    "guanjiapo stock": (
        "inventory_balance",
        (
            ("商品编号", "item", numbered("SP", 4)), ("商品全名", None, product), ("规格", None, form),
            ("型号", None, form), ("单位", "unit", unit), ("仓库全名", "location", one_of("主仓库", "残次品库")),
            ("库存数量", "on_hand", quantity), ("可销售数量", None, quantity), ("成本均价", None, price),
            ("库存金额", None, price), ("最近进价", None, price), ("批号", "lot", numbered("B", 4)),
            ("库存上限", None, quantity), ("库存下限", "minimum", quantity),
        ),
    ),
    "odoo purchase order lines": (
        "purchase_order",
        (
            ("Order Reference", "order_number", numbered("P0", 4)), ("Order Deadline", None, day),
            ("Vendor", "supplier", one_of("Azure Interior", "Deco Addict")), ("Purchase Representative", "buyer_contact", one_of("Mitchell Admin")),
            ("Sequence", "line_number", counted), ("Product", "item", numbered("FURN_", 4)),
            ("Description", "description", one_of("Office chair", "Desk")), ("Quantity", "ordered", quantity),
            ("Received Qty", "received", quantity), ("Billed Qty", "invoiced", quantity),
            ("Unit of Measure", "unit", one_of("Units", "kg")), ("Unit Price", "unit_price", price),
            ("Subtotal", "net_amount", price), ("Expected Arrival", "promised_on", day), ("Currency", "currency", one_of("USD")),
        ),
    ),
    "yonyou receipts": (
        "goods_receipt",
        (
            ("入库单号", "receipt_number", numbered("RK", 6)), ("入库日期", "received_at", day),
            ("仓库编码", "location", one_of("01", "02")), ("仓库", None, one_of("原料库", "成品库")),
            ("供货单位编码", "supplier", supplier_code), ("供货单位", None, company), ("存货编码", "item", numbered("03", 4)),
            ("存货名称", None, product), ("主计量单位", "unit", unit), ("数量", "received", quantity), ("应收数量", None, quantity),
            ("订单号", "order_number", numbered("PO", 5)), ("到货单号", None, numbered("DH", 5)), ("批号", "lot", numbered("B", 4)),
            ("失效日期", "expires_on", day), ("记账人", None, person), ("行号", "line_number", counted),
        ),
    ),
    "kingdee suppliers": (
        "party",
        (
            ("编码", "party_number", numbered("VEN", 5)), ("名称", "name", company), ("简称", "name_alternative", one_of("恒远", "华新")),
            ("统一社会信用代码", "uscc", uscc), ("通讯地址", "address", one_of("苏州市星湖街1号")), ("联系人", "contact_name", person),
            ("移动电话", "contact_phone", one_of("13800001111")), ("电子邮箱", "contact_email", one_of("a@hy.cn")),
            ("付款条件", "payment_terms", one_of("月结30天")), ("结算币别", "currency", currency), ("禁用状态", None, one_of("否", "是")),
            ("供应类别", None, one_of("采购", "委外")), ("创建日期", None, day), ("税率", None, one_of("13%")),
        ),
    ),
    "digiwin purchase orders": (
        "purchase_order",
        (
            ("采购单号", "order_number", numbered("3301-", 6)), ("项次", "line_number", counted), ("采购日期", "ordered_on", day),
            ("供应商编号", "supplier", supplier_code), ("供应商简称", None, one_of("恒远", "华新")), ("采购员", "buyer_contact", person),
            ("料件编号", "item", numbered("A-")), ("品名", "description", product), ("规格", "specification", form),
            ("采购数量", "ordered", quantity), ("采购单位", "unit", unit), ("单价", "unit_price", price), ("未税金额", "net_amount", price),
            ("含税金额", "gross_amount", price), ("预交日", "requested_on", day), ("已交量", "received", quantity), ("未交量", "outstanding", quantity),
            ("仓库编号", "location", place), ("项目编号", "project", numbered("PJ", 3)), ("单身备注", "remark", words),
        ),
    ),
    "wms stock": (
        "inventory_balance",
        (
            ("仓库", "location", place), ("库区", None, one_of("A区", "B区")), ("库位", "bin", one_of("A-01", "B-02")),
            ("商品编码", "item", numbered("SKU", 5)), ("商品名称", None, product), ("批次", "lot", numbered("L", 4)),
            ("生产日期", None, day), ("失效日期", None, day), ("库存状态", "stock_status", one_of("可用", "待检")),
            ("总数量", "on_hand", quantity), ("可用数量", "available", quantity), ("冻结数量", None, quantity),
            ("分配数量", "reserved", quantity), ("包装单位", "unit", unit),
        ),
    ),
    "digiwin items": (
        "item",
        (
            ("料件编号", "item_number", numbered("A-")), ("品名", "name", product), ("规格", "specification", form),
            ("主分群码", "category", one_of("1001", "1002")), ("库存单位", "base_unit", unit), ("单位净重", "net_weight_kg", price),
            ("国际条码", "gtin", gtin), ("品牌", "brand", one_of("SKF", "NSK")), ("失效天数", "shelf_life_days", one_of("180", "365")),
            ("有效码", "status", one_of("Y", "N")), ("标准采购单价", None, price), ("图号", None, numbered("TH", 4)),
        ),
    ),
    "epicor open orders": (
        "purchase_order",
        (
            ("PO Number", "order_number", numbered("7", 5)), ("Line", "line_number", counted), ("Vendor Code", "supplier", supplier_code),
            ("Vendor Description", None, one_of("Acme Ltd", "Globex GmbH")), ("Part Number", "item", numbered("A-")), ("Rev", None, one_of("A", "B")),
            ("Part Description", "description", one_of("Hex bolt", "Washer")), ("Qty Ordered", "ordered", quantity), ("Qty Open", "outstanding", quantity),
            ("Qty Rcvd", "received", quantity), ("U/M", "unit", one_of("EA", "KG")), ("Unit Cost", "unit_price", price), ("Ext. Cost", "net_amount", price),
            ("Due Date", "requested_on", day), ("Promise Dt", "promised_on", day), ("Buyer", "buyer_contact", one_of("Ann Lee", "Bob Ray")),
            ("Ship Via", None, one_of("UPS", "DHL")), ("Order Dt", "ordered_on", day),
        ),
    ),
    "supplier portal answers": (
        "order_response",
        (
            ("PO Number", "order_number", numbered("7", 5)), ("PO Line", "line_number", counted), ("Supplier Part No.", "partner_item_number", numbered("SP")),
            ("Buyer Part No.", "item", numbered("A-")), ("Confirmed Qty", "confirmed", quantity), ("UOM", "unit", one_of("EA", "KG")),
            ("Confirmed Date", "promised_on", day), ("Ack Status", "decision", one_of("accepted", "rejected")),
            ("Reason", "reason", one_of("", "shortage")), ("Requested Qty", None, quantity), ("Requested Date", None, day),
        ),
    ),
}  # fmt: skip
"""Exports of real systems: name -> entity, then (header, field, values)."""


def export(name: str) -> Sheet:
    """The export of a system, with values drawn by a fixed seed."""
    entity, columns = ERP[name]
    draw = random.Random(name)
    return Sheet(
        entity,
        {header: [values(draw, row) for row in range(30)] for header, _, values in columns},
        {header: field for header, field, _ in columns},
    )
