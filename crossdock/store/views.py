"""The schema `facts`: what rules and reports may read, derived from the model."""

import hashlib

from sqlalchemy import Connection, text

from canonical_model.entities import SPECS
from canonical_model.errors import StoreError
from canonical_model.language import Text

RULES_ROLE = "crossdock_rules"

_CHANGE = """CREATE VIEW facts.change AS
SELECT id, at, entity, source, key, fields FROM crossdock.change"""


# the evaluation's own clock, so that a rule can be asked about any moment
_CLOCK = """CREATE VIEW facts.clock AS
SELECT moment AS now, (moment AT TIME ZONE current_setting('crossdock.timezone'))::date AS today
FROM (SELECT current_setting('crossdock.now')::timestamptz AS moment) AS given"""


# What the guard stopped waits as it was landed, and each later run asks the same again: the first stands for them all,
# until more is landed. A file whose columns changed is asked about once. What waits for a key is asked about by every
# run, and goes by the run that landed the first of it.
_PARKED_RUN = """CREATE VIEW facts.parked_run AS
SELECT r.source, r.stream, r.id AS run, r.finished_at AS asked_at,
  concat_ws('', r.problem ->> 'zh', r.problem -> 'hint' ->> 'zh') AS problem_zh,
  concat_ws(' ', r.problem ->> 'en', r.problem -> 'hint' ->> 'en') AS problem_en
FROM (
  SELECT b.source, b.stream, max(b.landed_at) AS landed_at FROM crossdock.batch b
  WHERE b.status = 'landed' AND NOT b.is_approved AND EXISTS (
    SELECT FROM crossdock.run r
    WHERE r.source = b.source AND r.stream = b.stream AND r.status = 'parked' AND r.finished_at >= b.landed_at)
  GROUP BY b.source, b.stream
) stopped
CROSS JOIN LATERAL (
  SELECT * FROM crossdock.run r
  WHERE r.source = stopped.source AND r.stream = stopped.stream AND r.status = 'parked'
    AND r.finished_at >= stopped.landed_at ORDER BY r.id LIMIT 1
) r
UNION ALL
SELECT r.source, r.stream, r.id, r.finished_at,
  string_agg(DISTINCT b.name, '、') || '：' || min(b.problem ->> 'zh'),
  string_agg(DISTINCT b.name, ', ') || ': ' || min(b.problem ->> 'en')
FROM crossdock.batch b JOIN crossdock.run r ON r.id = b.applied_run
WHERE b.status = 'parked' AND b.problem ->> 'kind' = 'drift'
GROUP BY r.source, r.stream, r.id, r.finished_at
UNION ALL
SELECT r.source, r.stream, min(b.landed_run), min(b.landed_at),
  concat_ws('', r.problem ->> 'zh', r.problem -> 'hint' ->> 'zh'),
  concat_ws(' ', r.problem ->> 'en', r.problem -> 'hint' ->> 'en')
FROM crossdock.batch b JOIN crossdock.run r ON r.id = b.applied_run
WHERE b.status = 'parked' AND b.problem ->> 'kind' = 'key'
GROUP BY r.source, r.stream, r.id, r.problem"""


_OTHERS = """
SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend d
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class seen ON seen.oid = d.refobjid JOIN pg_class v ON v.oid = r.ev_class
WHERE seen.relnamespace::regnamespace::text = ANY(:schemas)
  AND v.relnamespace IS DISTINCT FROM to_regnamespace('facts') ORDER BY 1"""


def _definitions() -> list[str]:
    views = [
        f"CREATE VIEW facts.{spec.name} AS SELECT source, key, "
        f"{', '.join(column.name for column in spec.columns)}, created_at, changed_at "
        f"FROM canonical.{spec.name} WHERE deleted_at IS NULL"
        for spec in SPECS.values()
    ]
    return [*views, _CHANGE, _CLOCK, _PARKED_RUN]


def names() -> list[str]:
    """The views that a rule may read."""
    return [*SPECS, "change", "clock", "parked_run"]


def refuse_others(connection: Connection, *schemas: str) -> None:
    """Stops what makes the tables or views of `schemas` anew while somebody else's views read them, which would go too.

    Raises:
        StoreError (XD-STO-006): Names those views.
    """
    if others := connection.scalars(text(_OTHERS), {"schemas": list(schemas)}).all():
        raise StoreError(
            Text(
                f"新版本要重建 {'、'.join(schemas)} 里的表或视图，但这些视图在读它们：{'、'.join(others)}；没有改动任何内容。",
                f"This release makes tables or views of {', '.join(schemas)} anew, but these views read them: "
                f"{', '.join(others)}. Nothing was changed.",
            ),
            hint=Text(
                "请先保存它们的定义并删除，升级（crossdock db upgrade）后再建。",
                "Keep their definitions, drop them, upgrade (crossdock db upgrade), then make them again.",
            ),
            code="XD-STO-006",
        )


def refresh(connection: Connection) -> None:
    """Makes the views anew where the model has changed since they were made.

    Raises:
        StoreError (XD-STO-006): See `refuse_others`.
    """
    definitions = _definitions()
    digest = hashlib.sha256("\n".join(definitions).encode()).hexdigest()
    now = connection.scalar(text("SELECT obj_description(to_regnamespace('facts'), 'pg_namespace')"))
    if now == digest:
        return
    refuse_others(connection, "facts")
    connection.execute(text("DROP SCHEMA IF EXISTS facts CASCADE"))
    connection.execute(text("CREATE SCHEMA facts"))
    for definition in definitions:
        connection.execute(text(definition))
    connection.execute(text(f"GRANT USAGE ON SCHEMA facts TO {RULES_ROLE}"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA facts TO {RULES_ROLE}"))
    connection.execute(text(f"COMMENT ON SCHEMA facts IS '{digest}'"))
