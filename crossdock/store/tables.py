"""All tables: one for each canonical entity, generated from its declaration, and those of Crossdock's own work.

Schemas: `canonical` holds each source's statement of each record; `crossdock` the runs, landings, issues, changes,
incidents and messages; `facts` the views that rules may read.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    exists,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from canonical_model.declaration import ColumnType, EntitySpec
from canonical_model.entities import SPECS

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_TYPES: Mapping[ColumnType, TypeEngine[Any]] = {
    ColumnType.TEXT: Text(),
    ColumnType.DECIMAL: Numeric(24, 6),
    ColumnType.DATE: Date(),
    ColumnType.TIMESTAMP: DateTime(timezone=True),
    ColumnType.SMALLINT: SmallInteger(),
    ColumnType.INTEGER: BigInteger(),
    ColumnType.BOOLEAN: Boolean(),
    ColumnType.UUID: Uuid(),
}


def _key(name: str) -> Column[str]:
    return Column(name, Text(collation="C"), nullable=False)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _counted(sequence: str) -> Column[int]:
    """An id from a sequence; partitioned tables have no identity columns before PostgreSQL 17."""
    numbers = Sequence(sequence, schema="crossdock", metadata=metadata)
    return Column("id", BigInteger, numbers, server_default=numbers.next_value(), nullable=False)


def _entity_table(spec: EntitySpec) -> Table:
    """The table of one entity: key, envelope, then its fields, so that what every merge reads lies in front.

    Envelope: `stream` and `source_hash` tell which stream stated the row from which raw values (none once it is deleted); `version` which
    statement is newer; `batch` and `row_number` where the raw row lies; `unknown` the source's own words for fields
    of which it says that it does not know; `deleted_at` a tombstone, of the version that dropped it.

    Each source has a partition; the key comes before the source in the index, since it tells rows apart at once.
    """
    return Table(
        spec.name,
        metadata,
        _key("source"),
        _key("key"),
        Column("stream", Text, nullable=False),
        Column("source_hash", LargeBinary),
        _at("deleted_at", nullable=True),
        Column("version", Numeric(24, 6)),
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", BigInteger, nullable=False),
        Column("created_run", BigInteger, nullable=False),
        Column("changed_run", BigInteger, nullable=False),
        _at("created_at"),
        _at("changed_at"),
        Column("deleted_evidence", Text),
        Column("unknown", JSONB),
        *(
            Column(
                column.name,
                Text(collation="C")
                if column.name in spec.key and column.type is ColumnType.TEXT
                else _TYPES[column.type],
                nullable=not (spec.fields.get(column.name) and spec.fields[column.name].is_required),
            )
            for column in spec.columns
        ),
        PrimaryKeyConstraint("key", "source"),
        *(
            Index(f"ix_{spec.name}_{name}", name)
            for name in dict.fromkeys((*spec.parent_key, *(n for n in ("order_number",) if n in spec.fields)))
        ),
        schema="canonical",
        postgresql_partition_by="LIST (source)",
    )


canonical: Mapping[str, Table] = {name: _entity_table(spec) for name, spec in SPECS.items()}
"""Entity name -> its table."""

_LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL."""


def partition_of(table: Table, source: str) -> str:
    """Name, with its schema, of the partition of `table` that holds what `source` states; it need not be there."""
    name = f"{table.name}__{source}"
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        name = f"{name[: _LONGEST_NAME - len(digest)]}{digest}"
    return f"{table.schema}.{name}"


statement = Table(
    "statement",
    metadata,
    Column("entity", Text, nullable=False),
    _key("source"),
    _key("key"),
    Column("stream", Text, nullable=False),
    Column("source_hash", LargeBinary),
    Column("version", Numeric(24, 6)),
    Column("batch_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("entity", "source", "key", "stream"),
    schema="crossdock",
    comment="What a second stream stated of a row that another stream made; their fields are disjoint.",
)

run = Table(
    "run",
    metadata,
    _counted("run_id"),
    _at("started_at"),
    _at("finished_at", nullable=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_baseline", Boolean, nullable=False, server_default=text("false")),
    Column("is_evaluated", Boolean, nullable=False, server_default=text("false")),
    Column("is_summarised", Boolean, nullable=False, server_default=text("false")),
    Column("problem", JSONB),
    PrimaryKeyConstraint("id", "started_at"),
    CheckConstraint("status IN ('running', 'succeeded', 'failed', 'parked', 'idle')", name="status"),
    CheckConstraint("kind IN ('sync', 'replay', 'backfill')", name="kind"),
    Index("ix_run_waiting", "id", postgresql_where=text("NOT is_evaluated AND status = 'succeeded'")),
    Index(None, "source", "stream", "started_at"),
    schema="crossdock",
    postgresql_partition_by="RANGE (started_at)",
)

run_entity = Table(
    "run_entity",
    metadata,
    Column("run_id", BigInteger, nullable=False),
    _at("started_at"),
    Column("entity", Text, nullable=False),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected", "deleted")
    ),
    PrimaryKeyConstraint("run_id", "entity", "started_at"),
    CheckConstraint(
        "read = created + updated + unchanged + stale + folded + parked + rejected",
        name="every_record_is_accounted_for",
    ),
    schema="crossdock",
    postgresql_partition_by="RANGE (started_at)",
)

batch = Table(
    "batch",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("landed_at"),
    Column("landed_run", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sheet", Text, nullable=False, server_default=""),
    Column("parts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("columns", JSONB, nullable=False, server_default=text("'[]'")),
    Column("places", JSONB, nullable=False, server_default=text("'{}'")),
    Column("is_json", Boolean, nullable=False, server_default=text("false")),
    Column("sha256", Text, nullable=False, server_default=""),
    _at("modified_at", nullable=True),
    Column("header_row", Integer, nullable=False, server_default=text("0")),
    Column("header_reason", JSONB),
    Column("encoding", Text, nullable=False, server_default=""),
    Column("rows_total", BigInteger, nullable=False),
    Column("rows_above", BigInteger, nullable=False),
    Column("rows_header", BigInteger, nullable=False),
    Column("rows_skipped", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("skipped", JSONB, nullable=False, server_default=text("'{}'")),
    Column("suspects", JSONB, nullable=False, server_default=text("'[]'")),
    Column("data_url", Text, nullable=False),
    Column("original_url", Text),
    Column("cursor", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("problem", JSONB),
    Column("mapping", Text),
    Column("applied_run", BigInteger),
    Column("kind", Text, nullable=False, server_default="rows"),
    Column("is_approved", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("kind IN ('rows', 'keys')", name="kind"),
    Column("lineage", Text),
    Column("date_orders", JSONB, nullable=False, server_default=text("'[]'")),
    Column("absent", JSONB, nullable=False, server_default=text("'[]'")),
    Column("labels", JSONB, nullable=False, server_default=text("'{}'")),
    Column("unread", JSONB, nullable=False, server_default=text("'[]'")),
    Column("is_part", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "rows_total = rows_above + rows_header + rows_skipped + rows_read", name="every_row_is_accounted_for"
    ),
    CheckConstraint("status IN ('landed', 'applied', 'parked', 'superseded', 'expired')", name="status"),
    Index("ix_batch_waiting", "source", "stream", "id", postgresql_where=text("status = 'landed'")),
    Index(None, "source", "stream", "sha256"),
    schema="crossdock",
)

mapping_lineage = Table(
    "mapping_lineage",
    metadata,
    Column("digest", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("expression", Text, nullable=False),
    Column("columns", JSONB, nullable=False),
    PrimaryKeyConstraint("digest", "entity", "field"),
    schema="crossdock",
    comment="Which source columns each field was made of; `lineage` of a batch names the digest that its run went by.",
)

cursor = Table(
    "cursor",
    metadata,
    _key("source"),
    _key("stream"),
    Column("position", JSONB, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    _at("moved_at"),
    Column("is_acknowledged", Boolean, nullable=False, server_default=text("false")),
    Column("failed", JSONB, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("source", "stream"),
    schema="crossdock",
    comment="Position behind the last committed batch, and files that failed whole; moved only with the rows.",
)

issue = Table(
    "issue",
    metadata,
    _counted("issue_id"),
    _at("at"),
    Column("run_id", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("row_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("id", "at"),
    Index(None, "run_id"),
    schema="crossdock",
    postgresql_partition_by="RANGE (at)",
)

change = Table(
    "change",
    metadata,
    _counted("change_id"),
    _at("at"),
    Column("run_id", BigInteger, nullable=False),
    Column("entity", Text, nullable=False),
    _key("source"),
    _key("key"),
    Column("fields", JSONB, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("row_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("id", "at"),
    Index(None, "run_id"),
    Index(None, "entity", "source", "key"),
    schema="crossdock",
    postgresql_partition_by="RANGE (at)",
    comment="Field-level differences: {column: [before, after]}; numbers as text.",
)

held_row = Table(
    "held_row",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("at"),
    Column("run_id", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("entity", Text, nullable=False),
    _key("key"),
    Column("batch_id", BigInteger, nullable=False),
    Column("row_number", BigInteger, nullable=False),
    Column("element", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("settled_run", BigInteger),
    CheckConstraint("outcome IN ('rejected', 'parked')", name="outcome"),
    Index(None, "run_id"),
    Index(None, "batch_id"),
    Index(
        "ix_held_row_waiting", "source", "stream", postgresql_where=text("outcome = 'parked' AND settled_run IS NULL")
    ),
    schema="crossdock",
    comment="Rows that were not let in. A parked one is judged again until `settled_run` takes it up.",
)

stated_key = Table(
    "stated_key",
    metadata,
    _key("source"),
    _key("stream"),
    Column("entity", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("expressions", JSONB, nullable=False),
    PrimaryKeyConstraint("source", "stream", "entity", "mapping"),
    schema="crossdock",
    comment="What a mapping makes keys of; another `key:` would make new records beside the old ones.",
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    _at("evaluated_at"),
    schema="crossdock",
)

incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("rule", Text, nullable=False),
    Column("subject", Text(collation="C"), nullable=False),
    Column("status", Text, nullable=False),
    Column("is_baseline", Boolean, nullable=False, server_default=text("false")),
    Column("severity", Text, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("sentence", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("occurrence", Integer, nullable=False, server_default=text("1")),
    _at("opened_at"),
    _at("updated_at"),
    _at("acknowledged_at", nullable=True),
    Column("acknowledged_by", Text),
    _at("resolved_at", nullable=True),
    CheckConstraint("status IN ('open', 'acknowledged', 'resolved')", name="status"),
    UniqueConstraint("rule", "subject"),
    Index("ix_incident_order_number", text("(facts ->> 'order_number')")),
    schema="crossdock",
)

incident_event = Table(
    "incident_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident_id", BigInteger, ForeignKey(incident.c.id), nullable=False),
    _at("at"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False, server_default=""),
    Column("sentence", JSONB),
    CheckConstraint("kind IN ('opened', 'updated', 'acknowledged', 'resolved', 'reopened')", name="kind"),
    Index(None, "incident_id"),
    schema="crossdock",
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("created_at"),
    _at("sent_at", nullable=True),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("task_id", Text, unique=True),
    Column("payload", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _at("next_attempt_at", nullable=True),
    Column("message_id", Text),
    Column("response_code", Text),
    Column("errcode", Integer),
    Column("problem", JSONB),
    Column("wanted_button", JSONB),
    Column("shown_button", JSONB),
    CheckConstraint("status IN ('waiting', 'sent', 'dead')", name="status"),
    Index("ix_delivery_waiting", "channel", "recipient", "id", postgresql_where=text("status = 'waiting'")),
    Index("ix_delivery_sent", "channel", "recipient", "sent_at"),
    schema="crossdock",
)

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("raised_at"),
    Column("incident_id", BigInteger, ForeignKey(incident.c.id)),
    Column("occurrence", Integer, nullable=False, server_default=text("1")),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("reason", JSONB, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("sentence", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("delivery_id", BigInteger, ForeignKey(delivery.c.id)),
    CheckConstraint("status IN ('pending', 'delivered', 'merged', 'silenced', 'dead')", name="status"),
    CheckConstraint("kind IN ('opened', 'updated', 'reopened', 'resolved', 'summary')", name="kind"),
    Index("ix_alert_pending", "channel", "recipient", "id", postgresql_where=text("status = 'pending'")),
    Index(None, "incident_id"),
    Index(None, "delivery_id"),
    schema="crossdock",
    comment="The outbox: one alert for one recipient. `reason` says why this recipient was chosen.",
)

alert_account = Table(
    "alert_account",
    metadata,
    Column("channel", Text, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("raised", "delivered", "merged", "silenced", "pending", "dead")
    ),
    schema="crossdock",
    comment="raised is counted by the rules, the rest by a trigger on alert; a deferred constraint compares them.",
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    CheckConstraint("id = 1", name="one"),
    schema="crossdock",
    comment="Signs the links of our pages; made with the store, so that every process signs alike.",
)

callback_event = Table(
    "callback_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dedupe_key", Text, nullable=False, unique=True),
    _at("received_at"),
    Column("event", JSONB, nullable=False),
    _at("processed_at", nullable=True),
    Column("result", Text),
    schema="crossdock",
)


def has_gone_in() -> ColumnElement[bool]:
    """Condition on a batch that what it says went in, whether or not its files are still kept."""
    return batch.c.status.in_(("applied", "expired"))


def was_judged_again() -> ColumnElement[bool]:
    """Condition on an issue that a later run took up its row: what is still wrong with it is an issue of that run."""
    return exists().where(
        held_row.c.run_id == issue.c.run_id,
        held_row.c.batch_id == issue.c.batch_id,
        held_row.c.row_number == issue.c.row_number,
        held_row.c.settled_run.is_not(None),
    )


PARTITIONED = (run, run_entity, issue, change)
"""Tables in monthly range partitions."""
