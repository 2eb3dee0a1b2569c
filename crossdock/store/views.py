"""The schema `facts`: what rules and reports may read, derived from the model."""

import hashlib

from sqlalchemy import Connection, text

from canonical_model.entities import SPECS

RULES_ROLE = "crossdock_rules"

_CHANGE = """CREATE VIEW facts.change AS
SELECT id, at, entity, source, key, fields FROM crossdock.change"""


# the evaluation's own clock, so that a rule can be asked about any moment
_CLOCK = """CREATE VIEW facts.clock AS
SELECT moment AS now, (moment AT TIME ZONE current_setting('crossdock.timezone'))::date AS today
FROM (SELECT current_setting('crossdock.now')::timestamptz AS moment) AS given"""


def _definitions() -> list[str]:
    views = [
        f"CREATE VIEW facts.{spec.name} AS SELECT source, key, "
        f"{', '.join(column.name for column in spec.columns)}, created_at, changed_at "
        f"FROM canonical.{spec.name} WHERE deleted_at IS NULL"
        for spec in SPECS.values()
    ]
    return [*views, _CHANGE, _CLOCK]


def names() -> list[str]:
    """The views that a rule may read."""
    return [*SPECS, "change", "clock"]


def refresh(connection: Connection) -> None:
    """Makes the views anew where the model has changed since they were made."""
    definitions = _definitions()
    digest = hashlib.sha256("\n".join(definitions).encode()).hexdigest()
    now = connection.scalar(text("SELECT obj_description(to_regnamespace('facts'), 'pg_namespace')"))
    if now == digest:
        return
    connection.execute(text("DROP SCHEMA IF EXISTS facts CASCADE"))
    connection.execute(text("CREATE SCHEMA facts"))
    for definition in definitions:
        connection.execute(text(definition))
    connection.execute(text(f"GRANT USAGE ON SCHEMA facts TO {RULES_ROLE}"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA facts TO {RULES_ROLE}"))
    connection.execute(text(f"COMMENT ON SCHEMA facts IS '{digest}'"))
