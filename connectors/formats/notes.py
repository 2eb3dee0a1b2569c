"""What titles and notes around a table say of its lines, in several languages: quotations, cancelled lines, prices of many, currencies."""

import re
from collections.abc import Collection

from canonical_model.codes import code_list
from canonical_model.text import half_width, simplified

_LONGEST_TITLE = 60
_SHIPS, _RECEIVES = r"(?:发货|出库|送货|交货|出货)", r"(?:入库|收货|到货|收料)"
_LISTED = r"(?:订单|明细|列表|清单|数据|汇总|表|单)*"
YET_TO_BE = {
    "shipment_line": re.compile(rf"\W*(?:待|未){_SHIPS}{_LISTED}\W*"),
    "goods_receipt_line": re.compile(rf"\W*(?:待|未){_RECEIVES}{_LISTED}\W*"),
}
"""Entity -> titles of what is none yet: 待发货订单明细 over deliveries."""
_NUMBERED = r"\W*(?:(?:no|nr|n°|#)\W*)?(?:[\w/-]*\d[\w/-]*)?\W*"
_NOT_IN_FORCE = re.compile(
    r"\W*(?:\w+ ){0,3}forecasts?\b\s*[-–—(:].*|.*\bnot an? (?:firm |binding )?order\b.*|\W*entwurf\b.*|.*\b(?:nicht verbindlich|unverbindlich)\b.*"
    rf"|\W*(?:(?:sales|price) )?(?:quotations?|quotes?|angebot|devis|cotizaci[oó]n|preventivo){_NUMBERED}|\W*\w{{0,8}}?报价[单表]?{_LISTED}\W*|\W*御?见积书?\W*"
    r"|\W*pro[ -]?forma(?: invoice)?\b.{0,20}|.*\b(?:superseded|replaced) by\b.*|.*\bersetzt durch\b.*|.*\bremplacée? par\b.*"
    r"|\W*(?:storn(?:o|iert|ierung(?:en)?)|annul[ée]{1,2}s?|annulations?|cancelad[oa]s?|anulad[oa]s?|annullat[oaie]|cancel+ations?|cancel+ed (?:orders?|lines?))\W*"
    r"|\W*(?:キャンセル(?:分|[済济]み?|明细|一[覧览])?|取消(?:分|[済济]み?)|취소(?:분|내역)?)\W*",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"\W*(?:goods )?returns? to (?:vendor|supplier|sender)\b.{0,20}|\W*rtv\W*|\W*(?:lieferanten)?(?:retouren?|rücksendung(?:en)?)\W*"
    r"|\W*devoluci(?:[oó]n|ones)\W*|\W*返品(?:明细|一[覧览]|[伝传]票|分)?\W*|\W*반품(?:내역)?\W*",
    re.IGNORECASE,
)

_WHEN = re.compile(r"\b(?:if|unless|when|should|may|falls|wenn|si)\b|如|若|场合", re.IGNORECASE)
"""What makes a condition of a note."""
_NOTE = r"^\W*(?:(?:备?注|说明|注意|notes?|remarks?)\W+)?"
_CODE = r"(?=\S*\d)[\w./-]+"
_LINE_OFF = re.compile(
    rf"\b(?:lines?|items?|pos(?:ition)?s?|rows?)\W{{1,2}}(?:no\W*)?{_CODE}(?:\s*(?:,|and|&)\s*{_CODE})*\s+(?:(?:of|on)\s+\S+\s+)?(?:is|are|was|were|ha(?:s|ve) been)\s+(?:now |already )?"
    r"(?:cancel+ed|deleted|void(?:ed)?|removed|on hold|changed|replaced|postponed)\b"
    rf"|\b(?:pos(?:ition)?|zeile|artikel)\W{{1,2}}{_CODE}\s+(?:(?:wurde|wird|ist)\s+)?(?:storniert|gestrichen|gelöscht)"
    rf"|\b(?:ligne|article|poste)\s+{_CODE}\s+(?:est |a été )?(?:annul|supprim)[ée]"
    rf"|\b(?:l[ií]nea|art[ií]culo|posici[oó]n)\s+{_CODE}\s+(?:fue |ha sido |está )?(?:cancelad|anulad|eliminad)[oa]"
    r"|\d+\s*行目?[はを、]?\s*(?:キャンセル|取消|取り消し|削除|中止)(?!不可)|\d+\s*행[은는]?\s*(?:취소|삭제)"
    rf"|{_NOTE}[a-z0-9][\w./-]{{0,30}}\s*的?\s*(?:数量|交期|单价|价格)\s*(?:由.{{1,10}}?)?(?:改[为成到]|变更为|调整为|更改为)\s*\d"
    r"|(?:以[下上]|[下上]面)(?:各?[行项]|[均全皆都]?[为是]|均|全部)?[^不未无非含如若需]{0,6}?(?:取消|作废|退货(?!地|率|条|要求|说明|政策|流程|期限)|预测|在途|不下单|暂停)"
    r"|[上下]一?行.{0,4}?(?:取消|作废|删|不要)|第\s*\d+\s*行.{0,6}?(?:改[为成到]|变更为|调整为)\s*\d"
    rf"|{_NOTE}(?:数量|单价)由\s*\d.{{0,8}}?(?:改[为成到]|变更为|调整为|更改为)\s*\d",
    re.IGNORECASE,
)

_MANY = r"(?:10{2,4}\b|10{0,2}[., ]000\b|thousand|hundred|tausend|hundert|mille|mil|cent|cien|cento)\b"
_PRICES_MANY = re.compile(
    rf"\bprices?\b.{{0,25}}?(?:\bper\b|/)\s*{_MANY}|\bprices?\b.{{0,25}}?\bfor(?: each)?\s+{_MANY}\s*(?:pcs|pieces|units)\b|\bpreise?\b.{{0,25}}?\b(?:pro|je|per)\s*{_MANY}"
    rf"|\bprix\b.{{0,25}}?\b(?:par|pour|au|les)\s*{_MANY}|\bprecios?\b.{{0,25}}?\b(?:por|cada)\s*{_MANY}|\bprezz[io]\b.{{0,25}}?\b(?:per|ogni)\s*{_MANY}"
    r"|\b(?:price (?:unit|per|basis)|preiseinheit)\s*:\s*1(?:0{2,4}|0{0,2}[.,]000)\b"
    r"|[单単][价価].{0,8}(?:[千百万]|10{2,4}|1,000)[个個](?:あたり|当たり|につき|[单単]位)|价格?.{0,6}(?:每|/)\s*1,000\s*(?:[个只件支套片粒]|pcs)",
    re.IGNORECASE,
)
_PRICE_OF = re.compile(
    r"(?:单价|价格|价)(?:均|都|全)?(?:为|是|按)?\s*每\s*(吨|公斤|千克|斤|克|米|升|平方米|立方米|kg|箱|包|卷|盒|打)",
    re.IGNORECASE,
)

_CURRENCY = re.compile(
    r"(?:rechnungs)?(?:w[äa]e?hrung|devise|monnaie|moneda|divisa|valuta|moeda)|通货|통화", re.IGNORECASE
)
_CODES = (
    r"(?:usd|eur|gbp|jpy|chf|hkd|cad|aud|sgd|krw|twd|cny|rmb|us dollars?|euros?|dollars?|yen|pounds?|dólares|dollari)"
)
_FOREIGN = r"(?:美[元金]|港[元币]|欧元|日[元圆]|英镑)"
_TAXED = r"(?:[含未除]税|不含税|净)?(?:的)?"
_IN_MONEY = re.compile(
    rf"\b(?:(?:unit )?prices?|amounts?|values?|figures|prix|montants?|preise?|beträge|precios?|importes?|prezzi)\b[^:]{{0,25}}?\b(?:in|en)\s+(?P<code>{_CODES})\b"
    rf"|^\W*(?:{_CURRENCY.pattern}|币[种别]|currency)\s*:\s*(?P<named>{_CODES})\b"
    rf"|(?:价格?|金额|报价)[^:,，]{{0,6}}?(?:为|是|以|按)\s*{_TAXED}(?P<zh>{_FOREIGN})(?!汇率)"
    rf"|(?:以上|以下|均|都|全部)(?:为|是)\s*{_TAXED}(?P<zh2>{_FOREIGN})(?:报价|计价|价)|(?:^|\W)以\s*(?P<zh3>{_FOREIGN})\s*(?:计价|报价|结算)",
    re.IGNORECASE,
)
_TITLE_IN_MONEY = re.compile(
    rf"(?!.*(?:账|帐|户|银行|bank|account|税号)).*\S\s*(?:[(\[【]\s*(?:币[种别]|单位|currency)?\s*:?\s*(?P<in>{_CODES}|{_FOREIGN})(?:版|计?价)?\s*[)\]】]|[-–—_ ]\s*(?P<code>usd|eur|gbp|jpy|hkd|美[元金]))\W*",
    re.IGNORECASE,
)
"""采购订单（USD）, Purchase Order - EUR."""
_HOME = frozenset({"cny", "rmb"})

_MEASURED = (
    r"(?:以[上下]|本表|表中|所有)?(?:数据|数字)?(?:的|均|,)?(?P<of>[总净毛皮]?重量?|数量|计量|长度|体积|库存)?(?:的)?"
)
_UNIT = re.compile(
    rf"(?:^|[^\u3400-\u9fff]){_MEASURED}单位\s*(?:均|都|全|一律|统一)?(?:为|是|以|按|:)\s*(?P<zh>[^\s,，;；。()]+(?:[,、，][^\s,，;；。()]+)?)"
    r"|(?P<of2>[总净毛皮]?重量?|数量)(?:均|都|全|一律|统一)?(?:为|是|以|按)\s*(?P<by>[^\s\d,，;；。()]{1,3}?)(?:计|为?单位|$|[,，;；。)])"
    r"|(?:^|[^\u3400-\u9fff])以\s*(?P<as>[^\s\d,，;；。()]{1,3}?)\s*(?:计|为单位)"
    r"|(?:^|\W)(?P<of3>weights?|quantit(?:y|ies)|qtys?)\b(?: (?:are|is))?(?: (?:given|stated|shown))? in (?P<en>[a-z]+)\b"
    r"|(?:^|[(:;,.])\s*(?:(?P<of4>weight|quantity|qty) )?(?:units?(?: of measure)?|uom)\s*(?::| is | are )\s*(?P<unit>[a-z]+)\b",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"(?P<money>金额|货币|价格|单价|总价|价税合计)?(?:的)?单位\s*(?:均|都|全|一律|统一)?(?:为|是|以|按|:)\s*(?P<zh>(?:人民币)?(?:[百十]?万|[千亿])(?:元|人民币|美[元金])?)(?=$|[\s,，;；。()])"
    r"|(?:金额|价格|单价)(?:均|都|全)?(?:以|按)\s*(?P<by>(?:人民币)?(?:[百十]?万|[千亿])(?:元|美[元金])?)\s*(?:计|为?单位)"
    r"|\b(?:amounts?|values?|figures|prices?)\b.{0,20}\bin\b.{0,12}\b(?P<en>thousand|million)s?\b",
    re.IGNORECASE,
)


def _form(text: str) -> str:
    return simplified(half_width(text))


def is_not_in_force(title: str, entities: Collection[str]) -> bool:
    """Whether a title says that what is below does not hold, or is yet to be, as records of these entities: Quotation, 未发货明细."""
    form = _form(title)
    if len(form) > _LONGEST_TITLE:
        return False
    is_yet = any(one.fullmatch(form) for entity, one in YET_TO_BE.items() if entity in entities)
    return is_yet or _NOT_IN_FORCE.fullmatch(form) is not None


def names_returns(title: str) -> bool:
    """Whether a title says that goods went back: Return to vendor, 返品明細."""
    return _RETURNS.fullmatch(_form(title)) is not None


def calls_line_off(note: str) -> bool:
    """Whether a note says that a line was cancelled or changed: Line 2 of PO-1 is cancelled, 2行目はキャンセル."""
    form = _form(note)
    return _LINE_OFF.search(form) is not None and not _WHEN.search(form)


def prices_many(note: str) -> bool:
    """Whether a note says that prices are for many pieces: Prices are per 1,000 pieces, Preise in EUR pro 100 Stück."""
    return _PRICES_MANY.search(_form(note)) is not None


def unit_of_price(note: str) -> str:
    """The weight, length or package of which a note says that prices are, as 吨 of 以上价格为每吨含税价; empty for none."""
    found = _PRICE_OF.search(_form(note))
    return found[1] if found else ""


def labels_currency(label: str) -> bool:
    """Whether a label says the currency: Währung, 通貨."""
    return _CURRENCY.fullmatch(_form(label)) is not None


def currency_of(note: str) -> str:
    """The currency in which a note says that prices are, as it writes it; empty for none."""
    found = _IN_MONEY.search(_form(note))
    return next(filter(None, found.groups()), "") if found else ""


def currency_of_title(title: str) -> str:
    """The foreign currency that a title names at its end, as it writes it: 采购订单（USD）; empty for none."""
    form = _form(title)
    found = _TITLE_IN_MONEY.fullmatch(form) if len(form) <= _LONGEST_TITLE else None
    said = (found["in"] or found["code"]) if found else ""
    return "" if said.lower() in _HOME else said


def units_of(note: str) -> tuple[str, list[str]]:
    """What a note says to be in which known units, as it writes them: ("重量", ["吨"]) of 以下重量单位均为吨; ("", []) for none."""
    found = _UNIT.search(_form(note))
    if not found:
        return "", []
    said = next(filter(None, (found[name] for name in ("zh", "by", "as", "en", "unit"))))
    of = next(filter(None, (found[name] for name in ("of", "of2", "of3", "of4"))), "")
    known = code_list("unit").spellings
    return of, [
        one for one in re.split(r"[,、，/和及]", said) if known.keys() & {one.lower(), one.lower().removesuffix("s")}
    ]


def says_unit(note: str) -> bool:
    """Whether a note says in which unit numbers are."""
    return bool(units_of(note)[1])


def power_of(note: str) -> str:
    """The power of ten in which a note says that amounts are: 万元 of 金额单位为万元; empty for none."""
    found = _POWER.search(_form(note))
    return (found["zh"] or found["by"] or found["en"]) if found else ""
