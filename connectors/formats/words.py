"""What headers are made of: words usual in them, and years, months, weeks or counted numbers as names of columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from canonical_model.codes import code_list, normalise
from canonical_model.text import simplified

_HEADER_WORDS = re.compile(
    r"编号|编码|代码|号码?$|单号|订单|名称|品名|型号|规格|数量|单位|单价|金额|价格|税率|税额|日期|时间|交期|备注|说明|状态|仓库|库存|库位|批号|批次|条码|供应商"
    r"|客户|物料|商品|产品|货品|品牌|类别|类型|分类|地址|电话|手机|联系人|邮箱|币种|币别|序号|行号|项次|重量|毛重|净重|体积|箱数|件数|收货|发货|到货|采购|销售"
    r"|账号|开户行|部门|人员?$|经办|摘要|余额|合同|发票|司机|车牌|运单|快递|姓名|款号|款式|颜色|尺码|材质|图号|厂家|厂商|产地|原因|用途|项目|数$|量$|价$|额$|率$|期$"
    r"|納期|単価|品番|得意先|注文"
    r"|(?i:\b(?:code|no|nr|number|name|qty|quantity|date|price|cost|amount|total|unit|uom|id|sku|item|product|material|description|desc|status|type"
    r"|category|vendor|supplier|customer|buyer|warehouse|location|address|city|zip|country|phone|email|currency|order|po|line|lot|batch|notes?|remarks?"
    r"|first|last|key|value?|weight|volume|size|time|ref|reference|carrier|invoice|tax|ean|upc|gtin|barcode|part|rev|revision|eta|etd|comments?"
    r"|colou?r|style|brand|model|stock|bin|plant|site|branch|department|owner|terms|rate|discount|ordered|received|shipped|due)\b)"
)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_PERIOD = re.compile(
    r"20\d{2}\s?年?"
    r"|20\d{2}\s?[-/.年]?\s?(?:0?[1-9]|1[0-2])\s?月?"
    r"|(?:0?[1-9]|1[0-2])[-/.]20\d{2}"
    rf"|(?i:(?:{_MONTH})[a-z]*[-./' ]*(?:\d{{2}}|\d{{4}}))"
    r"|(?i:(?:\d{2,4}[-/ ]?)?(?:wk|week|cw|kw|w|q)[- ]?\d{1,2}(?:[-/ ]\d{2,4})?)"
)
_EVERYWHERE = re.compile(r"^\s*(?:所有|全部)(?:仓库?|库房|地点)?\s*$|^\s*(?i:all(?: locations| warehouses)?)\s*$")
_SHORTEST_COUNT = 3
_SHORTEST_SERIES = 2


def is_header_word(text: str) -> bool:
    """Whether `text` has a word usual in headers."""
    return bool(_HEADER_WORDS.search(simplified(text)))


def is_period(text: str) -> bool:
    """Whether `text` is a year, month, quarter or week: 2026, 202603, 2026年3月, Mar-26, W10."""
    return bool(_PERIOD.fullmatch(text.strip()))


def series_of(cells: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Columns of a row whose cells go on from one to the next: those of periods, and those of counted numbers.

    Two different periods or more side by side (202603, 202604); three numbers or more that count by one (days of a
    month, sizes).
    """
    filled = [column for column, cell in enumerate(cells) if cell.strip()]
    periods: set[int] = set()
    counted: set[int] = set()
    for run in _runs(filled, cells, is_period):
        if len({cells[column].strip() for column in run}) == len(run) >= _SHORTEST_SERIES:
            periods |= set(run)
    for run in _runs(filled, cells, lambda text: text.strip().isdecimal() and len(text.strip()) <= 3):
        numbers = [int(cells[column]) for column in run]
        if len(run) >= _SHORTEST_COUNT and numbers == list(range(numbers[0], numbers[0] + len(run))):
            counted |= set(run)
    return frozenset(periods), frozenset(counted)


def _runs(filled: Sequence[int], cells: Sequence[str], belongs: Callable[[str], bool]) -> Iterator[list[int]]:
    """The longest stretches of filled cells of which each belongs."""
    for does_belong, run in groupby(filled, lambda column: belongs(cells[column])):
        if does_belong:
            yield list(run)


@lru_cache(maxsize=4096)
def is_measure(cell: str) -> bool:
    """Whether a cell says a unit or currency, which a total has like any row."""
    word = normalise(cell)
    is_known = word in code_list("unit").spellings or word in code_list("currency").spellings
    return is_known and not says_everywhere(cell)  # ALL is Albania's currency too


def says_everywhere(cell: str) -> bool:
    """Whether a cell stands in the place of a warehouse where a row sums up all of them."""
    return _EVERYWHERE.match(cell) is not None
