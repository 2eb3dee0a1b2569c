"""Which landed records the store knows already, told by the hashes of their raw values."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from mappings.parts import Parts

PLACE = ("batch", "row", "element")
"""Columns that say where a record stands."""


def compare(parts: Parts, name: str, rows: int, known: Iterable[pa.RecordBatch]) -> None:
    """Makes `known_<entity>`, `compared_<entity>`, and `doubled_<entity>`: hashes that more than one of the landed records has.

    Compared are the landed records that are not known, the known ones that were not landed (without a place), and in
    one row how many pairs of both there are. Where these are as many as the known ones among them, each of which
    then stands in one pair, no landed record that is known comes twice.

    Args:
        parts: Runs statements over many rows.
        name: The entity, of which `hashed_<entity>` holds the landed records.
        rows: How many were landed.
        known: Stored hashes; asked for here, so that a lost store is not an error of DuckDB's.
    """
    db = parts.db
    db.execute(f"CREATE TEMP TABLE known_{name} (source_hash UUID)")
    for some in known:
        db.register("_known", some)
        db.execute(f"INSERT INTO known_{name} FROM _known")
        db.unregister("_known")
    columns = "batch BIGINT, row BIGINT, element BIGINT, source_hash UUID"
    db.execute(f"CREATE TEMP TABLE compared_{name} ({columns}, count BIGINT)")
    db.execute(f"CREATE TEMP TABLE doubled_{name} (source_hash UUID)")
    if _are_same(db, f"hashed_{name}", f"known_{name}"):
        db.execute(f"INSERT INTO compared_{name} SELECT NULL, NULL, NULL, NULL, count(*) FROM known_{name}")
        return
    alone = ", ".join(f"CASE WHEN NOT is_pair THEN {column} END AS {column}" for column in (*PLACE, "source_hash"))
    parts.execute(
        "source_hash",
        rows,
        lambda part: (
            f"INSERT INTO compared_{name} SELECT *, count(*) FROM (SELECT {alone} FROM ("
            "SELECT batch, row, element, coalesce(h.source_hash, k.source_hash) AS source_hash, "
            "coalesce(h.source_hash = k.source_hash, FALSE) AS is_pair "
            f"FROM (FROM hashed_{name} WHERE {part}) h FULL JOIN (FROM known_{name} WHERE {part}) k "
            "ON h.source_hash = k.source_hash)) GROUP BY ALL"
        ),
    )
    pairs, unseen = (
        f"(SELECT coalesce(sum(count), 0) FROM compared_{name} WHERE batch IS NULL AND source_hash IS {what})"
        for what in ("NULL", "NOT NULL")
    )
    asked = f"SELECT {pairs} + {unseen} = (SELECT count(*) FROM known_{name})"
    ((is_once,),) = db.execute(asked).fetchall()
    parts.execute(
        "source_hash",
        rows,
        lambda part: (
            f"INSERT INTO doubled_{name} SELECT source_hash FROM {'compared' if is_once else 'hashed'}_{name} "
            f"WHERE batch IS NOT NULL AND source_hash IS NOT NULL AND {part} GROUP BY ALL HAVING count(*) > 1"
        ),
    )


def _are_same(db: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Whether two tables hold the same hashes, told by two sums over 64 bits of each: where nothing has changed, nothing has to be joined.

    Others have the same sums as seldom as another row has the same hash. No stored hash comes twice, since it covers
    what makes the key.
    """
    sums = ", ".join(f"sum(CAST(hash({bits}) AS HUGEINT))" for bits in ("source_hash", "source_hash, 1"))
    found = {
        db.execute(f"SELECT count(*), count(source_hash), {sums} FROM {table}").fetchone() for table in (one, other)
    }
    return len(found) == 1
