"""How totals are called in other languages than Chinese, and whether a row is the sum of those above it."""

from collections.abc import Sequence

from connectors.formats.cells import decimals

TOTALS = (
    r"(?:gesamt|zwischen|teil|end)?(?:summe|ergebnis)|insgesamt|gesamt(?:betrag|menge)?"
    r"|totale(?: complessivo| generale| parziale)?|subtotale|somma(?: totale)?|suma(?: total| ko[nń]cowa| y sigue)?|soma|razem"
    r"|(?:sub[- ]?)?totals?(?: geral| general| g[eé]n[eé]ral| ht| ttc| keseluruhan)|sous[- ]?total|total parcial|(?:eind|sub)?totaal"
    r"|(?:genel |ara )?toplam|celkov[ýy] sou[cč]et|celkem|jumlah(?: total)?|totalsumma|[总総]\s?合计|集\s?计"
    r"|(?:общий )?итог|итого(?: по)?|всего|(?:총\s?)?[합소누총]\s?계|tổng(?: cộng| số)?|cộng|รวม(?:ทั้งสิ้น|ทั้งหมด)?"
)
"""What says total in a cell of its own; in small letters and simplified characters."""
COUNTS = (
    r"(?:balance |amount )?(?:carried|brought) (?:forward|down|over)|average|mittelwert|durchschnitt|moyenne|promedio|gemiddelde|평균"
    r"|count|anzahl|(?:total )?(?:number|no\.?|count) of (?:items?|lines?|records?|rows|orders|products|articles|parts|pieces|entries)"
)
"""What does so where columns are blank, and may be a name."""
TOTALS_BEHIND = r"ergebnis|(?:zwischen)?summe|totale|totaal|toplam|итог|[합소누총]\s?계|집계|集\s?计"
"""What says so behind the name of a group: A1 Ergebnis."""
SUBTOTALS_BEFORE = (
    r"sub[- ]?total(?:e|s)?|sous[- ]?total|zwischensumme|teilergebnis|subtotaal|소계|(?:grand |sub[- ]?)?totals? (?:for|of)"
    r"|summe (?:für|von)|total (?:pour|del?) (?=\S*\d)|итого по"
)
"""What says so before the name of a group and begins no name of a thing: Total for W1."""
TOTALS_BEFORE = (
    r"totals?|totale|totaal|summe|ergebnis|somme|suma|toplam|tổng(?: cộng)?|итого|всего|[합총누]\s?계|[合总小共累]\s?计"
)
"""What says so before the name of a group, and may begin a name too: Total W1, Total Station."""
WEAK_TOTALS = r"count|anzahl|suma|soma|somma|razem|cộng"
"""Those that may as well be a code."""
BLANKS = r"[(（]\s*(?:blank|empty|leer|vide|vuoto|en blanco|vac[ií]o|em branco|leeg|空白|비어 있음)\s*[)）]"
"""What a pivot calls the rows without a value."""
LATIN_SIGNS = (
    r"[Ee]rgebnis|ERGEBNIS|otaa?l|OTAA?L|[Ss]omm|SOMM|[Ss]oma|SOMA|[Rr]azem|RAZEM|oplam|OPLAM|elkem|ELKEM|(?:arried|rought|ARRIED|ROUGHT) "
    r"|ittelwert|ITTELWERT|urchschnitt|URCHSCHNITT|oyenne|OYENNE|romedio|ROMEDIO|emiddelde|EMIDDELDE|[Aa]nzahl|ANZAHL"
    r"|(?:umber|UMBER|[Nn]o\.?|NO\.?) (?:of|OF)|\((?i:blank|empty|leer|vide|vuoto|leeg|en blanco|vacio|em branco)\)"
)
SIGNS = r"[계집평]|ổng|ỔNG|ộng|ỘNG|тог|ТОГ|сего|СЕГО|รวม|elkov|空白|vac[ií]o|비어"
"""Parts of these words; a cell without any is none. The Latin ones stand in a text of ASCII too."""
_FEWEST = 2


def is_sum(above: Sequence[Sequence[str]], figures: Sequence[str]) -> bool:
    """Whether each figure is the sum of the texts above it, of two rows or more.

    Args:
        above: For each figure what stands above it.
        figures: The figures of the row.
    """
    if not figures or any(len(column) < _FEWEST for column in above):
        return False
    columns = (decimals([*column, figure]) for column, figure in zip(above, figures, strict=True))
    return all(values and sum(values[:-1]) == values[-1] for values in columns)
