"""Functions that read spellings, as DuckDB macros: NULL for what they cannot read, never an error.

Each macro tries the plain form with a regular expression and a cast; only other spellings take the slow way, where
the cleaned value is bound once by a lambda. Bare TRY_CAST is no validator: it takes 1e5, 1_000 and 0x1F, rounds
12.7 to an integer and drops +08. Measurements: docs/adr/0004.
"""

from canonical_model.declaration import SCALE

_FULL = (
    "０１２３４５６７８９．，－＋％（）／：￥＄　"
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
)
_HALF = "0123456789.,-+%()/:¥$ ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BLANK = r"[ \t\r\n\x{A0}\x{3000}]"
_SPACES = "chr(9) || chr(10) || chr(13) || ' ' || chr(160) || chr(12288)"

DECIMAL = f"DECIMAL(24,{SCALE})"

# What a number is before it is rounded: digits behind the point beyond SCALE are rounded half away from zero.
_WIDE = "DECIMAL(38,18)"

# Grouped thousands, both ways round; "1.250,00" is clear because the comma comes last.
_GROUPED_POINT = r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"
_GROUPED_COMMA = r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+"
_PLAIN = r"[+-]?([0-9]{1,24}(\.[0-9]*)?|\.[0-9]+)"

# What may stand around a number: a currency before it, 元 behind it, blanks.
_SIGNS = r"'^(CNY|RMB|USD|[¥$€£])|\s|元$'"

_YEAR = "(?:19|20|21)[0-9]{2}"
_DAY_PARTS = rf"({_YEAR})\s*[-/.年]\s*([0-9]{{1,2}})\s*[-/.月]\s*([0-9]{{1,2}})"
_GAP = r"(?:\s*[日号]\s*|\s*T\s*|\s+)"
_YMD = rf"^{_DAY_PARTS}(?:\s*[日号]|{_GAP}[0-9]{{1,2}}[:时].*)?$"
_COMPACT = rf"^({_YEAR})([0-9]{{2}})([0-9]{{2}})$"
_DMY = rf"^([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]({_YEAR})(?: [0-9]{{1,2}}:.*)?$"
_EITHER = rf"^(?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|1[0-2])[-/.]{_YEAR}(?: [0-9]{{1,2}}:.*)?$"
_MON = rf"^([0-9]{{1,2}})[- ]([A-Za-z]{{3}})[a-z]*[- ,]+({_YEAR})$"
_TIME = (
    rf"^{_DAY_PARTS}(?:\s*[日号]|{_GAP}([0-9]{{1,2}})[:时]([0-9]{{1,2}})分?"
    r"(?::?([0-9]{1,2})秒?(?:[.,]([0-9]{1,6})[0-9]*)?)?\s*(Z|[+-](?:0[0-9]|1[0-4]):?(?:[0-5][0-9])?)?)?$"
)


ODD = rf"[\x{{FF01}}-\x{{FF5E}}\x{{3000}}\x{{FFE5}}\x{{A0}}\x00]|(^|\x1f){_BLANK}|{_BLANK}(\x1f|$)"
"""What makes a row need cleaning, its columns joined by the unit separator; most rows have none of it."""


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _day(year: str, month: str, day: str) -> str:
    return f"TRY_CAST({year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0') AS DATE)"


def _parts(pattern: str, names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names.split())
    return f"regexp_extract(x, {_quote(pattern)}, [{listed}])"


MACROS: tuple[str, ...] = (
    # trim and translate are dear, a regular expression that says they have nothing to do is cheap
    rf"""CREATE MACRO xd_clean(s) AS nullif(
        CASE WHEN regexp_matches(s, '^{_BLANK}|{_BLANK}$') THEN trim(s, {_SPACES}) ELSE s END, '')""",
    # `odd` says whether any column of the row holds something to clean or escape (mappings.engine)
    "CREATE MACRO xd_tidy(s, odd) AS CASE WHEN odd THEN xd_clean(s) ELSE nullif(s, '') END",
    rf"""CREATE MACRO xd_half(s) AS CASE
        WHEN strlen(s) = length(s) OR NOT regexp_matches(s, '[\x{{FF01}}-\x{{FF5E}}\x{{3000}}\x{{FFE5}}]') THEN s
        ELSE translate(s, '{_FULL}', '{_HALF}') END""",
    # the number behind currency signs, spaces, trailing minus, brackets, 万 and 亿
    f"""CREATE MACRO xd_plain(x) AS CASE
        WHEN regexp_full_match(x, '{_PLAIN}') THEN TRY_CAST(x AS {_WIDE})
        WHEN regexp_full_match(x, '{_GROUPED_POINT}') THEN TRY_CAST(replace(x, ',', '') AS {_WIDE})
        WHEN regexp_full_match(x, '{_GROUPED_COMMA}')
            THEN TRY_CAST(replace(replace(x, '.', ''), ',', '.') AS {_WIDE}) END""",
    """CREATE MACRO xd_scaled(x) AS CASE
        WHEN suffix(x, '万') THEN TRY(xd_plain(left(x, -1)) * 10000)
        WHEN suffix(x, '亿') THEN TRY(xd_plain(left(x, -1)) * 100000000)
        WHEN regexp_full_match(x, '[0-9][0-9.,]*-') THEN -xd_plain(left(x, -1))
        WHEN regexp_full_match(x, '\\([0-9][0-9.,]*\\)') THEN -xd_plain(x[2:-2])
        ELSE xd_plain(x) END""",
    rf"""CREATE MACRO xd_number(s) AS CASE
        WHEN regexp_full_match(s, '-?[0-9]{{1,18}}(\.[0-9]{{1,10}})?') THEN TRY_CAST(s AS {DECIMAL})
        ELSE list_transform([regexp_replace(xd_half(xd_clean(s)), {_SIGNS}, '', 'g')],
            lambda x: TRY_CAST(xd_scaled(x) AS {DECIMAL}))[1] END""",
    # a number that was not read because it does not fit is too large rather than no number
    rf"""CREATE MACRO xd_is_number(s) AS regexp_full_match(regexp_replace(xd_half(xd_clean(s)), {_SIGNS}, '', 'g'),
        '[+-]?([0-9]+|[0-9]{{1,3}}(,[0-9]{{3}})+)(\.[0-9]*)?[万亿]?')""",
    f"""CREATE MACRO xd_date(s, date_order) AS CASE
        WHEN regexp_full_match(s, '{_YEAR}-[0-9]{{2}}-[0-9]{{2}}( 00:00:00(\\.0+)?)?')
            THEN TRY_CAST(left(s, 10) AS DATE)
        ELSE list_transform([xd_half(xd_clean(s))], lambda x: CASE
            WHEN regexp_matches(x, {_quote(_YMD)}) THEN list_transform([{_parts(_YMD, "y m d")}],
                lambda p: {_day("p.y", "p.m", "p.d")})[1]
            WHEN regexp_matches(x, {_quote(_COMPACT)}) THEN list_transform([{_parts(_COMPACT, "y m d")}],
                lambda p: {_day("p.y", "p.m", "p.d")})[1]
            WHEN regexp_full_match(x, '[2-7][0-9]{{4}}(\\.0+)?')
                THEN DATE '1899-12-30' + TRY_CAST(left(x, 5) AS INTEGER)
            WHEN regexp_matches(x, {_quote(_DMY)}) THEN list_transform([{_parts(_DMY, "a b y")}], lambda p: CASE
                WHEN date_order = 'dmy' OR (date_order = '' AND p.a::INTEGER > 12) THEN {_day("p.y", "p.b", "p.a")}
                WHEN date_order = 'mdy' OR (date_order = '' AND p.b::INTEGER > 12) THEN {_day("p.y", "p.a", "p.b")}
                WHEN p.a = p.b THEN {_day("p.y", "p.a", "p.b")} END)[1]
            WHEN regexp_matches(x, {_quote(_MON)}) THEN list_transform([{_parts(_MON, "d m y")}],
                lambda p: TRY_CAST(try_strptime(p.d || '-' || p.m || '-' || p.y, '%d-%b-%Y') AS DATE))[1]
            END)[1] END""",
    f"""CREATE MACRO xd_is_ambiguous_date(s, date_order) AS
        date_order = '' AND regexp_matches(xd_half(xd_clean(s)), {_quote(_EITHER)})""",
    # local time, then its offset in minutes (NULL where none was written)
    f"""CREATE MACRO xd_local(s) AS list_transform([xd_half(xd_clean(s))], lambda x: CASE
        WHEN regexp_matches(x, {_quote(_TIME)}) THEN list_transform([{_parts(_TIME, "y m d h i s f z")}],
            lambda p: TRY_CAST(p.y || '-' || lpad(p.m, 2, '0') || '-' || lpad(p.d, 2, '0') || ' '
                || lpad(coalesce(nullif(p.h, ''), '0'), 2, '0') || ':' || lpad(coalesce(nullif(p.i, ''), '0'), 2, '0')
                || ':' || lpad(coalesce(nullif(p.s, ''), '0'), 2, '0')
                || '.' || rpad(coalesce(p.f, ''), 6, '0') AS TIMESTAMP))[1]
        WHEN regexp_matches(x, {_quote(_COMPACT)}) OR regexp_full_match(x, '[2-7][0-9]{{4}}(\\.0+)?')
            THEN CAST(xd_date(x, '') AS TIMESTAMP) END)[1]""",
    f"""CREATE MACRO xd_offset(s) AS list_transform([xd_half(xd_clean(s))], lambda x:
        list_transform([regexp_extract(x, {_quote(_TIME)}, 8)], lambda z: CASE
            WHEN z = 'Z' THEN 0
            WHEN z <> '' THEN (CASE WHEN left(z, 1) = '-' THEN -1 ELSE 1 END)
                * (z[2:3]::INTEGER * 60 + coalesce(TRY_CAST(right(replace(z, ':', ''), -3) AS INTEGER), 0))
            END)[1])[1]""",
    """CREATE MACRO xd_instant(s, zone) AS list_transform([{'t': xd_local(s), 'o': xd_offset(s)}], lambda v:
        CASE WHEN v.o IS NULL THEN timezone(zone, v.t)
        ELSE timezone('UTC', v.t - to_minutes(v.o)) END)[1]""",
    """CREATE MACRO xd_instant_offset(s, zone) AS coalesce(xd_offset(s),
        datediff('minute', timezone('UTC', xd_instant(s, zone)), xd_local(s)))""",
    """CREATE MACRO xd_flag(s) AS CASE
        WHEN lower(xd_half(xd_clean(s))) IN ('是', 'y', 'yes', 'true', '1', '√', '有', 't') THEN TRUE
        WHEN lower(xd_half(xd_clean(s))) IN ('否', 'n', 'no', 'false', '0', '×', '无', 'f') THEN FALSE END""",
    # products stay exact below 10^13 a side; beyond that the result is NULL and so an issue
    f"CREATE MACRO xd_times(a, b) AS TRY(CAST(CAST(a AS DECIMAL(19,6)) * CAST(b AS DECIMAL(19,6)) AS {DECIMAL}))",
    f"""CREATE MACRO xd_over(a, b) AS CASE WHEN b <> 0 THEN TRY(CAST(
        CAST((CAST(CAST(a AS DECIMAL(24,6)) * 1000000 AS HUGEINT) * 10000000
            // CAST(CAST(b AS DECIMAL(24,6)) * 1000000 AS HUGEINT)
            + CASE WHEN (a < 0) = (b < 0) THEN 5 ELSE -5 END) // 10 AS DECIMAL(31,0)) * 0.000001::DECIMAL(7,6)
        AS {DECIMAL})) END""",
    f"CREATE MACRO xd_plus(a, b) AS TRY(CAST(a + b AS {DECIMAL}))",
    f"CREATE MACRO xd_minus(a, b) AS TRY(CAST(a - b AS {DECIMAL}))",
    # PostgreSQL keeps no NUL, and a held row is stored with its key
    r"""CREATE MACRO xd_key(s) AS CASE
        WHEN contains(s, '|') OR contains(s, '\') OR contains(s, chr(0))
            THEN replace(replace(replace(s, chr(0), ''), '\', '\\'), '|', '\|')
        ELSE coalesce(s, '') END""",
)
"""Statements that define the macros, in order."""
