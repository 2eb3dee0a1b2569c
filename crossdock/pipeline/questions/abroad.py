"""How languages other than Chinese say that a line does not hold: words of states and remarks, and the columns that have them."""

import re

STATE = re.compile(
    r"(?i:\b(?:statut|[ée]tat|estado|situa[cç][ií]on|stato|zustand|situação)\b)|ステータス|状態|상태|(?i:l[öo]e?sch(?:kenn|vor)|\bdel\.? ?ind|\bstorn|\bannul|\banulad)|キャンセル|취소"
)
"""What columns of a state, or of a sign that a line ended, are called."""
FLAG = re.compile(r"(?i:l[öo]e?sch(?:kenn|vor)|\bdel\.? ?ind|\bstorn|\bannul|\banulad)|キャンセル|취소")
"""Those of them that are a sign."""
REMARK = re.compile(
    r"(?i:\b(?:bemerkung(?:en)?|anmerkung(?:en)?|hinweise?|remarques?|commentaires?|observaci[oó]n(?:es)?|comentarios?|notas?)\b)|[備备]考|비고"
)
TYPE = re.compile(r"(?i:^\W*(?:movement|transaction)\W*$|\b(?:movement|transaction|doc(?:ument)?) ?type\b)")
_REMARK = re.compile(r"备注|備註|说明|附言|摘要|[变變]更[记記][录錄]|(?i:\b(?:remarks?|notes?|comments?)\b)")

_ENDED = (
    r"cancel+ed|void(?:ed)?|storniert|gel[öo]e?scht|gestrichen|annulliert|annul[ée]{1,2}s?|supprim[ée]{1,2}s?|cancelad[oa]s?|anulad[oa]s?"
    r"|eliminad[oa]s?|annullat[oaie]|geannuleerd|anulowan[aeoy]"
)
_ENDED_EAST = (
    r"キャンセル(?:済み?|分)?|取消し?済み?|取り消し(?:済み?)?|削除済み?|(?:주문 ?)?(?:취소|삭제)(?:됨|함|완료)?"
)
OFF = rf"^\s*(?:(?i:{_ENDED})|{_ENDED_EAST})\s*$"
"""What a state says of a line that ended before its time."""
GIVEN_BACK = (
    r"^\s*(?i:(?:fully |partially )?(?:refunded|returned)|erstattet|zurückgegeben|rembours[ée]{1,2}|reembolsad[oa])\s*$"
)

_WHAT = (
    r"(?:(?:(?:the|this) )?(?:line|item|order|po|position|zeile|auftrag|bestellung|ligne|commande|l[ií]nea|pedido) )?"
)
_WAS = r"(?:(?:is|was|has been|wurde|ist|a été|est|fue|ha sido) )?"
_BY = r"(?: (?:by|vom|par|por) (?:the )?(?:customer|client|buyer|kunden?|cliente?|us))?"
_HELD = r"(?:on )?hold|do not (?:ship|make|deliver|produce)"
SAID_OFF = (
    rf"^\s*(?i:{_WHAT}{_WAS}(?:{_ENDED}|{_HELD}){_BY})(?:\s*$|\s+[-–—].{{0,40}}$|\s*[/,.;:!(].{{0,40}}$)"
    rf"|^\s*(?:(?:この|本|当該?)行は?)?(?:{_ENDED_EAST}|取消)(?:です|しました|になりました|되었음)?\s*(?:$|[-/,.;:!(（、。].{{0,20}}$)"
)
"""A remark that its line ended, by itself: CANCELLED - do not ship, Line cancelled, キャンセル."""
_BECAME = r"(?:(?:was|has been|is) )?(?:changed|revised|reduced|increased|amended|corrected|updated|cut) (?:from [^ ].{0,15} )?to"
COUNT_CHANGED = rf"^\s*(?i:(?:order(?:ed)? |line )?(?:qty|quantity|(?:unit )?price) {_BECAME})\s*[0-9].{{0,20}}$"
"""qty changed to 8."""
NOT_SHIPPED = (
    r"^\s*(?i:not (?:yet )?(?:shipped|delivered|dispatched|sent)|unshipped|back ?-?order(?:ed)?|to be shipped"
    r"|(?:pending|awaiting) (?:shipment|dispatch))\b.{0,30}$"
)
NOT_RECEIVED = r"^\s*(?i:not (?:yet )?(?:received|delivered|arrived)|to be received|(?:pending|awaiting) (?:receipt|arrival))\b.{0,30}$"
WENT_BACK = (
    r"^\s*(?i:(?:(?:purchase|supplier|vendor|goods) )?returns?(?: to (?:vendor|supplier))?|rtv|reversal|reversed)\s*$"
)
"""A kind of movement by which goods went back."""


def is_remark(column: str) -> bool:
    """Whether a column holds remarks, by its name: 备注, Remarks, Bemerkung."""
    return _REMARK.search(column) is not None or REMARK.search(column) is not None
