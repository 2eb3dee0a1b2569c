"""What a mapping looks up among the stored records: all values of a batch in one statement."""

import pyarrow as pa
from sqlalchemy import Column, Connection, Text, text

from crossdock.store.bulk import fill_temporary
from mappings.spec import StoreLookup


def find_stored(connection: Connection, asked: StoreLookup, wanted: pa.Table) -> pa.Table:
    """Those of the wanted values that stand in exactly one way in the store, each with its `value`.

    Of a cross-reference only what was confirmed counts; deleted records never do.

    Args:
        connection: In the transaction of the run.
        asked: What is looked up.
        wanted: Distinct values, one text column for each field of `asked.match`.
    """
    fields = list(asked.match)
    names = ", ".join(f'"{field}"' for field in fields)
    columns = [Column(field, Text(collation="C")) for field in fields]
    texts = wanted.cast(pa.schema([(field, pa.string()) for field in fields])).to_reader()
    fill_temporary(connection, "wanted", columns, texts)
    of_source = " AND t.source = :source" if asked.source else ""
    confirmed = " AND t.state = 'confirmed'" if asked.entity == "code_xref" else ""
    found = connection.execute(
        text(
            f"""SELECT {", ".join(f'w."{field}"' for field in fields)}, min(t."{asked.give}") AS value
            FROM (SELECT DISTINCT {names} FROM wanted) w JOIN canonical.{asked.entity} t
                ON {" AND ".join(f't."{field}" = w."{field}"' for field in fields)}
            WHERE t.deleted_at IS NULL AND t."{asked.give}" IS NOT NULL{of_source}{confirmed}
            GROUP BY {", ".join(f'w."{field}"' for field in fields)} HAVING count(DISTINCT t."{asked.give}") = 1"""
        ),
        {"source": asked.source} if asked.source else {},
    ).all()
    listed = list(zip(*found, strict=True)) if found else [()] * (len(fields) + 1)
    return pa.table(
        {name: pa.array(values, pa.string()) for name, values in zip((*fields, "value"), listed, strict=True)}
    )
