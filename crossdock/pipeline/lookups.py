"""What a mapping looks up among the stored records: all values of a batch in one statement."""

import pyarrow as pa
from sqlalchemy import Column, Connection, MetaData, Table, Text, text

from crossdock.store.bulk import copy_rows
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
    columns = ", ".join(f'"{field}" text COLLATE "C"' for field in fields)
    connection.execute(text("DROP TABLE IF EXISTS wanted"))
    connection.execute(text(f"CREATE TEMP TABLE wanted ({columns}) ON COMMIT DROP"))
    texts = wanted.cast(pa.schema([(field, pa.string()) for field in fields]))
    table = Table("wanted", MetaData(), *(Column(field, Text) for field in fields))
    copy_rows(connection, table, pa.RecordBatchReader.from_batches(texts.schema, texts.to_batches()))
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
