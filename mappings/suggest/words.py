"""What the words of a header mean: each known word is one or more concepts, in whichever language and trade jargon.

Two headers mean the same when their concepts are the same. The names of the fields are read with the same words, so
that nothing is said here about any field. A word of `SENSES` decides: 未收 is never 已收, 含税 never 未税.
"""

import re
from functools import cache

from canonical_model.text import half_width

_WORDS = """
CODE: 代号 reference ref 编码 代码 编号 号码 号 码 no number num id code nr #
NAME: 姓名 名称 名 全名 name
DATE: dt 日期 日 时间 date time day at
QTY: 数量 数 量 件数 qty quantity quantities pcs
PRICE: 净价 单价 价格 价 price cost
AMOUNT: subtotal 小计 金额 额 amount value
UNIT: 单位 计量单位 计量 uom measure unit
RATE: 率 rate
TAX: 税 vat tax gst
TAXED: 含税 含增值税 价税合计
UNTAXED: 未税 无税 不含税 税前 除税 net
STATUS: 状态 结果 标志 status state result
REMARK: 备注 附注 摘要 remark comment note memo
SAYS: 说明
REASON: 原因 理由 reason
PERSON: representative 员 人员 人 经办人 负责人 联系人 联络人 person agent contact
ITEM: 料件 物料 存货 商品 产品 货品 料品 材料 料 货 品 item material product article sku part
SUPPLIER: 供应商 供货商 供货单位 供方 厂商 厂家 卖方 vendor supplier seller
CUSTOMER: 客户 顾客 买方 customer client
PARTY: 往来单位 往来方 单位名称 公司 party company partner
CARRIER: 承运商 承运 物流公司 物流 carrier
WAREHOUSE: 库存地点 库存地 仓库 仓 库房 warehouse location store whse
BIN: 库位 货位 仓位 储位 bin shelf
LOT: 批号 批次 批 lot batch
SERIAL: 序列 序列号 serial
ORDER: 订单 订购 订货 下单 order ordered
PURCHASE: 采购 进货 purchase purchasing purchased po procurement
SALES: 销货 销售 sales sold so
DOCUMENT: 单据 单 凭证 开单 document doc voucher
LINE: 行 分录 明细 行项目 序号 项次 条目 line row entry position
PLACE: 地点 地址 address
PROJECT: 项目 project
CURRENCY: 币种 币别 货币 币 currency crcy curr
SPEC: 规格 型号 规格型号 specification spec model
DESCRIPTION: 描述 短文本 description text
CATEGORY: 类别 分类 大类 种类 类型 category group class type kind
BRAND: 品牌 厂牌 牌子 牌 brand make
BARCODE: 条码 条形码 国标条码 barcode gtin ean ean13 upc 69码
ENGLISH: 英文 english
SHORTNAME: 简称 别名 别称 alias
GROSS: 毛 gross
NETTO: 净
WEIGHT: 重 重量 weight
KG: kg 千克 公斤
GRAM: g 克
DAYS: 天 天数 days
SHELF: 保质期 有效期 保存期 expiry
UNTIL: 至 止 结束 截止 截至 end until till to
FROM: 起 开始 from start begin
MANAGE: 管理 控制 managed controlled
ORIGIN: 原产 产 产地 origin
COUNTRY: 国家 国 国别 地区 country
CITY: 城市 city
REGION: 省份 省 自治区 州 region province
POSTCODE: 邮编 邮政 postcode zip
PHONE: 移动电话 固定电话 电话 手机 联系电话 联系手机 手机号 phone mobile tel telephone
EMAIL: 邮箱 电子邮箱 邮件 电子邮件 email mail
CREDIT: 信用 社会信用 统一信用 统一社会信用 uscc
PAYMENT: 付款 结算 账期 支付 payment
TERMS: 条件 方式 期限 约定 条款 terms term
PERIOD: 周期 提前期 period leadtime
DRIVER: 司机 驾驶员 driver
VEHICLE: 车牌 车牌号 运输车 车号 车 vehicle truck
QUALITY: 质量 质检 检验 quality
STOCK: 库存 结存 现存 现有 账面 stock hand onhand
REQUESTED: 要求 需求 需要 计划 需 required requested request need needed wanted
PROMISED: 承诺 可交 可供 可交货 promise promised committed
ANSWERED: ack 回复 答复 反馈 answered response responded reply
CONFIRMED: 确认 confirmed confirmation confirm
EXPECTED: 预交 应收 应发 应到 通知 预计 expected planned eta
FIRST: 首次 初次 首 first initial
RECEIVED: 到厂 送达 rcvd 已交 收货 入库 到货 收料 到库 实收 已收 收 到 验收 received receipt receiving gr grn
SHIPPED: 出货 出库 发 发货 已发 送货 发运 发出 shipped despatch dispatch
DELIVERY: arrival 交货 交付 交 供货 delivery
DUE: 交期 货期 due
ACCEPTED: 合格 accepted good
REJECTED: 不合格 拒收 不良 报废 rejected defective
INVOICED: 开票 发票 invoiced billed
RETURNED: 退货 退 returned
CANCELLED: 取消 作废 cancelled canceled
SHORT: 短缺 缺少 欠收 short
OVER: 超收 over
DAMAGED: 破损 damaged
NOT: 未 欠 剩余 尚未 待 未完 open outstanding not remaining left
AVAILABLE: 可用 available
RESERVED: 预留 占用 锁定 分配 reserved allocated
TRANSIT: 在途 transit
ONORDER: 在订 采购在途
MINIMUM: 最低 最小 安全 下限 minimum min safety
MAXIMUM: 最高 最大 上限 maximum max
POSTED: 过账 过帐 记账 入账 posted posting
APPROVE: 审核 审批 核准 approved approval
MAKE: 制单 创建 录入 created
CHANGE: 修改 更新 变更 changed modified
DISABLED: 禁用 停用 冻结 失效 删除 disabled blocked deleted inactive
CLOSE: 关闭 结案 close closed
DECIDE: 接受 接单 accept
SUBSTITUTE: 替代 代用 替换 substitute
PERPIECE: 每 per
USE: 启用 使用 合作 active
OWNER: 货主 owner
TOTAL: 合计 总 total
VERSION: 版本 版次 revision version
FREIGHT: 运费 freight
DISCOUNT: 折扣 discount
ASSISTANT: 辅助 辅 副 secondary
PACK: 包装 装箱 箱 package pack
TARE: 皮
BANK: 开户 银行 bank
FAX: 传真 fax
LEGALPERSON: 法人 法人代表
LEGAL: 法定 全称 legal
RESPOND: 处理
SOURCE: 来源 源 原 源单 source
RELATED: 对应 关联 相关
"""
_IGNORED = (
    "原币 已 累计 实际 本次 是否 信息 主 所在 所属 主要 业务 单件 详细 当前 存放 增值 其他 完成 经营 通讯 参数 数据"
    " 单身 的 of the in on by is storage"
)
_PHRASES = {
    "net price": ("PRICE",),
    "unit price": ("PRICE",),
    "line item": ("LINE",),
    "unit cost": ("PRICE",),
    "ext cost": ("AMOUNT",),
    "u m": ("UNIT",),
    "价格单位": ("PRICEBASE",),
    "price base": ("PRICEBASE",),
    "生产批号": ("LOT",),
    "生产": ("PRODUCE",),
    "price per unit": ("PRICE",),
    "unit of measure": ("UNIT",),
    "po": ("PURCHASE", "ORDER"),
    "采购单": ("PURCHASE", "ORDER", "DOCUMENT"),
    "采购员": ("PURCHASE", "PERSON"),
    "业务员": ("PERSON",),
    "料号": ("ITEM", "CODE"),
    "货号": ("ITEM", "CODE"),
    "品名": ("ITEM", "NAME"),
    "sku": ("ITEM", "CODE"),
    "序号": ("LINE", "CODE"),
    "项次": ("LINE",),
    "交货日": ("DUE",),
    "采购人": ("PURCHASE", "PERSON"),
    "purchaser": ("PURCHASE", "PERSON"),
    "总额": ("AMOUNT",),
    "税额": ("TAX", "AMOUNT"),
    "价税合计": ("TAXED", "AMOUNT"),
    "不含税金额": ("UNTAXED", "AMOUNT"),
    "日期": ("DATE",),
    "可用结存": ("AVAILABLE", "QTY"),
    "营业执照": ("CREDIT",),
}
_DECIDING = """
TAXED UNTAXED UNTIL FROM REQUESTED PROMISED ANSWERED CONFIRMED EXPECTED FIRST RECEIVED SHIPPED DUE ACCEPTED REJECTED
INVOICED RETURNED CANCELLED SHORT OVER DAMAGED NOT AVAILABLE RESERVED TRANSIT ONORDER MINIMUM MAXIMUM POSTED APPROVE MAKE
CHANGE CLOSE GROSS NETTO GRAM CUSTOMER SUBSTITUTE ASSISTANT TOTAL SALES ENGLISH SHORTNAME TARE FREIGHT DISCOUNT PACK OWNER
BANK FAX DISABLED LEGALPERSON
"""
_KINDS = "NAME DATE QTY PRICE AMOUNT UNIT RATE REMARK REASON PERSON PHONE EMAIL PLACE WEIGHT TAX"
SENSES = frozenset(_DECIDING.split())
"""Concepts that both sides must have, or neither."""
HEADS = frozenset(_KINDS.split())
"""Concepts that say what kind of value a column holds."""
DOUBTFUL = frozenset({frozenset({"?buyer"}), frozenset({"CONFIRMED", "DATE"})})
"""What different systems mean differently: a buyer is a person here and a company there; a confirmed date a day or a moment."""

_PLAIN = re.compile(r"[^a-z0-9#\u4e00-\u9fff]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LATIN = re.compile(r"[a-z0-9#]+")


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}
    for line in _WORDS.strip().splitlines():
        concept, _, words = line.partition(": ")
        known.update(dict.fromkeys(words.split(), (concept,)))
    return known | dict.fromkeys(_IGNORED.split(), ()) | _PHRASES


@cache
def concepts(header: str) -> frozenset[str]:
    """What a header says; what no word is known for stays as itself, behind a question mark."""
    found: list[str] = []
    text = _PLAIN.sub(" ", half_width(_CAMEL.sub(" ", header)).lower()).strip()
    for phrase in sorted((one for one in _PHRASES if " " in one), key=len, reverse=True):
        if re.search(rf"\b{phrase}\b", text):
            text = re.sub(rf"\b{phrase}\b", " ", text)
            found += _PHRASES[phrase]
    for piece in text.split():
        for run in re.findall(r"[a-z0-9#]+|[\u4e00-\u9fff0-9]+", piece) if not _is_known(piece) else [piece]:
            found += _latin(run) if _LATIN.fullmatch(run) else _chinese(run)
    return _settle(set(found))


def _is_known(word: str) -> bool:
    return word in _lexicon()


def _latin(word: str) -> list[str]:
    known = _lexicon()
    for form in (word, word.removesuffix("s"), word.rstrip("0123456789")):
        if form in known:
            return list(known[form])
    if word.endswith("#") and word[:-1] in known:
        return [*known[word[:-1]], "CODE"]
    return [f"?{word}"]


def _chinese(text: str) -> list[str]:
    """The longest known words from left to right."""
    known = _lexicon()
    found: list[str] = []
    unknown = ""
    place = 0
    while place < len(text):
        length = next((n for n in range(min(8, len(text) - place), 0, -1) if text[place : place + n] in known), 0)
        if length:
            if unknown:
                found.append(f"?{unknown}")
                unknown = ""
            found += known[text[place : place + length]]
        else:
            unknown += text[place]
        place += length or 1
    return [*found, f"?{unknown}"] if unknown else found


def _settle(found: set[str]) -> frozenset[str]:
    """One way of saying what can be said in several: a day of delivery, a supplier's word."""
    if "SAYS" in found:
        said = {"DESCRIPTION"} if "ITEM" in found else set() if found & {"SPEC", "REASON", "REMARK"} else {"REMARK"}
        found = found - {"SAYS"} | said
    hopes = found & {"REQUESTED", "PROMISED", "ANSWERED", "CONFIRMED", "EXPECTED", "FIRST"}
    is_day = "DATE" in found or not found & (HEADS | {"CODE", "STATUS"})
    if is_day and (
        "DELIVERY" in found
        or (hopes and "RECEIVED" in found)
        or ("DATE" in found and hopes & {"REQUESTED", "PROMISED"})
    ):
        found = (found - {"DATE", "DELIVERY", "RECEIVED"} if hopes else found - {"DATE", "DELIVERY"}) | {"DUE"}
    if "DUE" in found:
        found = found - {"DATE"}
    if found & {"DUE", "QTY", "PRICE"} and found & {"ANSWERED", "CONFIRMED"}:
        found = found - {"ANSWERED", "CONFIRMED"} | {"PROMISED"}
    return frozenset(found)
