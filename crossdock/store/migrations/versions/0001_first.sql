-- Tables of the first revision.

CREATE SCHEMA IF NOT EXISTS canonical;

CREATE TABLE canonical.party (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    party_number TEXT COLLATE "C" NOT NULL,
    name TEXT,
    name_alternative TEXT,
    legal_name TEXT,
    role TEXT,
    role_source TEXT,
    uscc TEXT,
    gln TEXT,
    duns TEXT,
    vat_number TEXT,
    address TEXT,
    city TEXT,
    region TEXT,
    postcode TEXT,
    country TEXT,
    country_source TEXT,
    contact_name TEXT,
    contact_phone TEXT,
    contact_email TEXT,
    payment_terms TEXT,
    incoterm TEXT,
    incoterm_source TEXT,
    currency TEXT,
    currency_source TEXT,
    lead_time_days BIGINT,
    status TEXT,
    status_source TEXT,
    CONSTRAINT pk_party PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE TABLE canonical.item (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    item_number TEXT COLLATE "C" NOT NULL,
    name TEXT,
    name_alternative TEXT,
    specification TEXT,
    brand TEXT,
    category TEXT,
    gtin TEXT,
    base_unit TEXT,
    base_unit_source TEXT,
    gross_weight_kg NUMERIC(24, 6),
    net_weight_kg NUMERIC(24, 6),
    shelf_life_days BIGINT,
    is_lot_controlled BOOLEAN,
    is_serial_controlled BOOLEAN,
    hazard TEXT,
    origin_country TEXT,
    origin_country_source TEXT,
    status TEXT,
    status_source TEXT,
    replaced_by TEXT,
    replaced_by_id UUID,
    CONSTRAINT pk_item PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE TABLE canonical.location (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    location_number TEXT COLLATE "C" NOT NULL,
    name TEXT,
    kind TEXT,
    kind_source TEXT,
    gln TEXT,
    parent_location TEXT,
    parent_location_id UUID,
    owner TEXT,
    owner_id UUID,
    operator TEXT,
    operator_id UUID,
    address TEXT,
    country TEXT,
    country_source TEXT,
    timezone TEXT,
    is_bonded BOOLEAN,
    is_nettable BOOLEAN,
    status TEXT,
    status_source TEXT,
    CONSTRAINT pk_location PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE TABLE canonical.code_xref (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    entity_type TEXT COLLATE "C" NOT NULL,
    entity_type_source TEXT,
    system TEXT COLLATE "C" NOT NULL,
    scheme TEXT COLLATE "C" NOT NULL,
    scheme_source TEXT,
    raw_code TEXT COLLATE "C" NOT NULL,
    norm_code TEXT,
    golden_id TEXT NOT NULL,
    state TEXT NOT NULL,
    state_source TEXT,
    method TEXT,
    method_source TEXT,
    score NUMERIC(24, 6),
    evidence TEXT,
    decided_by TEXT,
    valid_from DATE,
    valid_to DATE,
    CONSTRAINT pk_code_xref PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE TABLE canonical.purchase_order (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    order_number TEXT COLLATE "C" NOT NULL,
    revision TEXT,
    kind TEXT,
    kind_source TEXT,
    counterpart_order_number TEXT,
    ordered_on DATE,
    buyer TEXT,
    buyer_id UUID,
    supplier TEXT,
    supplier_id UUID,
    ship_to TEXT,
    ship_to_id UUID,
    bill_to TEXT,
    bill_to_id UUID,
    buyer_contact TEXT,
    currency TEXT,
    currency_source TEXT,
    payment_terms TEXT,
    incoterm TEXT,
    incoterm_source TEXT,
    incoterm_place TEXT,
    requested_on DATE,
    net_total NUMERIC(24, 6),
    net_total_currency TEXT,
    tax_total NUMERIC(24, 6),
    tax_total_currency TEXT,
    gross_total NUMERIC(24, 6),
    gross_total_currency TEXT,
    document_status TEXT,
    document_status_source TEXT,
    fulfilment_status TEXT,
    fulfilment_status_source TEXT,
    billing_status TEXT,
    billing_status_source TEXT,
    close_status TEXT,
    close_status_source TEXT,
    hold_reason TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    approved_at_offset SMALLINT,
    approved_at_tz_assumed BOOLEAN,
    transmitted_at TIMESTAMP WITH TIME ZONE,
    transmitted_at_offset SMALLINT,
    transmitted_at_tz_assumed BOOLEAN,
    remark TEXT,
    CONSTRAINT pk_purchase_order PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_purchase_order_order_number ON canonical.purchase_order (order_number);

CREATE TABLE canonical.purchase_order_line (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    order_number TEXT COLLATE "C" NOT NULL,
    line_number TEXT COLLATE "C" NOT NULL,
    item TEXT,
    item_id UUID,
    description TEXT,
    specification TEXT,
    ordered NUMERIC(24, 6),
    ordered_unit TEXT,
    ordered_source_unit TEXT,
    unit_price NUMERIC(24, 6),
    unit_price_currency TEXT,
    price_base NUMERIC(24, 6),
    is_tax_included BOOLEAN,
    tax_rate NUMERIC(24, 6),
    net_amount NUMERIC(24, 6),
    net_amount_currency TEXT,
    requested_on DATE,
    first_promised_on DATE,
    promised_on DATE,
    confirmed NUMERIC(24, 6),
    confirmed_unit TEXT,
    confirmed_source_unit TEXT,
    cancelled NUMERIC(24, 6),
    cancelled_unit TEXT,
    cancelled_source_unit TEXT,
    shipped NUMERIC(24, 6),
    shipped_unit TEXT,
    shipped_source_unit TEXT,
    received NUMERIC(24, 6),
    received_unit TEXT,
    received_source_unit TEXT,
    accepted NUMERIC(24, 6),
    accepted_unit TEXT,
    accepted_source_unit TEXT,
    rejected NUMERIC(24, 6),
    rejected_unit TEXT,
    rejected_source_unit TEXT,
    invoiced NUMERIC(24, 6),
    invoiced_unit TEXT,
    invoiced_source_unit TEXT,
    returned NUMERIC(24, 6),
    returned_unit TEXT,
    returned_source_unit TEXT,
    location TEXT,
    location_id UUID,
    project TEXT,
    status TEXT,
    status_source TEXT,
    remark TEXT,
    CONSTRAINT pk_purchase_order_line PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_purchase_order_line_order_number ON canonical.purchase_order_line (order_number);

CREATE TABLE canonical.purchase_order_schedule (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    order_number TEXT COLLATE "C" NOT NULL,
    line_number TEXT COLLATE "C" NOT NULL,
    schedule_number TEXT COLLATE "C" NOT NULL,
    scheduled NUMERIC(24, 6),
    scheduled_unit TEXT,
    scheduled_source_unit TEXT,
    requested_on DATE,
    first_promised_on DATE,
    promised_on DATE,
    ship_by DATE,
    CONSTRAINT pk_purchase_order_schedule PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_purchase_order_schedule_order_number ON canonical.purchase_order_schedule (order_number);

CREATE INDEX ix_purchase_order_schedule_line_number ON canonical.purchase_order_schedule (line_number);

CREATE TABLE canonical.order_response (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    order_number TEXT COLLATE "C" NOT NULL,
    order_revision TEXT,
    response_number TEXT,
    sequence BIGINT,
    responded_at TIMESTAMP WITH TIME ZONE,
    responded_at_offset SMALLINT,
    responded_at_tz_assumed BOOLEAN,
    supplier TEXT,
    supplier_id UUID,
    decision TEXT,
    decision_source TEXT,
    remark TEXT,
    CONSTRAINT pk_order_response PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_order_response_order_number ON canonical.order_response (order_number);

CREATE TABLE canonical.order_response_line (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    order_number TEXT COLLATE "C" NOT NULL,
    line_number TEXT COLLATE "C" NOT NULL,
    item TEXT,
    item_id UUID,
    decision TEXT,
    decision_source TEXT,
    confirmed NUMERIC(24, 6),
    confirmed_unit TEXT,
    confirmed_source_unit TEXT,
    promised_on DATE,
    price NUMERIC(24, 6),
    price_currency TEXT,
    substitute TEXT,
    substitute_id UUID,
    reason TEXT,
    CONSTRAINT pk_order_response_line PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_order_response_line_order_number ON canonical.order_response_line (order_number);

CREATE TABLE canonical.goods_receipt (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    receipt_number TEXT COLLATE "C" NOT NULL,
    order_number TEXT,
    supplier TEXT,
    supplier_id UUID,
    location TEXT,
    location_id UUID,
    received_at TIMESTAMP WITH TIME ZONE,
    received_at_offset SMALLINT,
    received_at_tz_assumed BOOLEAN,
    posted_at TIMESTAMP WITH TIME ZONE,
    posted_at_offset SMALLINT,
    posted_at_tz_assumed BOOLEAN,
    carrier TEXT,
    carrier_id UUID,
    vehicle TEXT,
    despatch_number TEXT,
    status TEXT,
    status_source TEXT,
    remark TEXT,
    CONSTRAINT pk_goods_receipt PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_goods_receipt_order_number ON canonical.goods_receipt (order_number);

CREATE TABLE canonical.goods_receipt_line (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    receipt_number TEXT COLLATE "C" NOT NULL,
    line_number TEXT COLLATE "C" NOT NULL,
    order_number TEXT,
    order_line_number TEXT,
    item TEXT,
    item_id UUID,
    lot TEXT,
    received NUMERIC(24, 6),
    received_unit TEXT,
    received_source_unit TEXT,
    accepted NUMERIC(24, 6),
    accepted_unit TEXT,
    accepted_source_unit TEXT,
    rejected NUMERIC(24, 6),
    rejected_unit TEXT,
    rejected_source_unit TEXT,
    short NUMERIC(24, 6),
    short_unit TEXT,
    short_source_unit TEXT,
    "over" NUMERIC(24, 6),
    over_unit TEXT,
    over_source_unit TEXT,
    damaged NUMERIC(24, 6),
    damaged_unit TEXT,
    damaged_source_unit TEXT,
    reason TEXT,
    CONSTRAINT pk_goods_receipt_line PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE INDEX ix_goods_receipt_line_order_number ON canonical.goods_receipt_line (order_number);

CREATE INDEX ix_goods_receipt_line_receipt_number ON canonical.goods_receipt_line (receipt_number);

CREATE TABLE canonical.inventory_balance (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    created_run BIGINT NOT NULL,
    changed_run BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_evidence TEXT,
    unknown JSONB,
    item TEXT COLLATE "C" NOT NULL,
    item_id UUID,
    location TEXT COLLATE "C",
    location_id UUID,
    bin TEXT COLLATE "C",
    lot TEXT COLLATE "C",
    owner TEXT COLLATE "C",
    owner_id UUID,
    stock_status TEXT COLLATE "C",
    stock_status_source TEXT,
    as_of TIMESTAMP WITH TIME ZONE,
    as_of_offset SMALLINT,
    as_of_tz_assumed BOOLEAN,
    on_hand NUMERIC(24, 6),
    on_hand_unit TEXT,
    on_hand_source_unit TEXT,
    reserved NUMERIC(24, 6),
    reserved_unit TEXT,
    reserved_source_unit TEXT,
    available NUMERIC(24, 6),
    available_unit TEXT,
    available_source_unit TEXT,
    on_order NUMERIC(24, 6),
    on_order_unit TEXT,
    on_order_source_unit TEXT,
    in_transit NUMERIC(24, 6),
    in_transit_unit TEXT,
    in_transit_source_unit TEXT,
    minimum NUMERIC(24, 6),
    minimum_unit TEXT,
    minimum_source_unit TEXT,
    CONSTRAINT pk_inventory_balance PRIMARY KEY (source, key)
)
 WITH (fillfactor = 95);

CREATE TABLE crossdock.statement (
    entity TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT NOT NULL,
    source_hash UUID,
    version NUMERIC(24, 6),
    batch_id BIGINT NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (entity, source, key, stream)
);

COMMENT ON TABLE crossdock.statement IS 'What a second stream stated of a row that another stream made; their fields are disjoint.';

CREATE SEQUENCE crossdock.run_id;

CREATE TABLE crossdock.run (
    id BIGINT DEFAULT nextval('crossdock.run_id') NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    is_baseline BOOLEAN DEFAULT false NOT NULL,
    is_evaluated BOOLEAN DEFAULT false NOT NULL,
    is_summarised BOOLEAN DEFAULT false NOT NULL,
    problem JSONB,
    CONSTRAINT pk_run PRIMARY KEY (id, started_at),
    CONSTRAINT ck_run_status CHECK (status IN ('running', 'succeeded', 'failed', 'parked', 'idle')),
    CONSTRAINT ck_run_kind CHECK (kind IN ('sync', 'replay', 'backfill'))
)
 PARTITION BY RANGE (started_at);

CREATE INDEX ix_run_waiting ON crossdock.run (id) WHERE NOT is_evaluated AND status = 'succeeded';

CREATE INDEX ix_run_source_stream_started_at ON crossdock.run (source, stream, started_at);

CREATE TABLE crossdock.run_entity (
    run_id BIGINT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entity TEXT NOT NULL,
    read BIGINT DEFAULT 0 NOT NULL,
    created BIGINT DEFAULT 0 NOT NULL,
    updated BIGINT DEFAULT 0 NOT NULL,
    unchanged BIGINT DEFAULT 0 NOT NULL,
    stale BIGINT DEFAULT 0 NOT NULL,
    folded BIGINT DEFAULT 0 NOT NULL,
    parked BIGINT DEFAULT 0 NOT NULL,
    rejected BIGINT DEFAULT 0 NOT NULL,
    deleted BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_run_entity PRIMARY KEY (run_id, entity, started_at),
    CONSTRAINT ck_run_entity_every_record_is_accounted_for CHECK (read = created + updated + unchanged + stale + folded + parked + rejected)
)
 PARTITION BY RANGE (started_at);

CREATE TABLE crossdock.batch (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    landed_run BIGINT NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    sheet TEXT DEFAULT '' NOT NULL,
    parts JSONB DEFAULT '{}' NOT NULL,
    columns JSONB DEFAULT '[]' NOT NULL,
    places JSONB DEFAULT '{}' NOT NULL,
    is_json BOOLEAN DEFAULT false NOT NULL,
    sha256 TEXT DEFAULT '' NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE,
    header_row INTEGER DEFAULT 0 NOT NULL,
    header_reason JSONB,
    encoding TEXT DEFAULT '' NOT NULL,
    rows_total BIGINT NOT NULL,
    rows_above BIGINT NOT NULL,
    rows_header BIGINT NOT NULL,
    rows_skipped BIGINT NOT NULL,
    rows_read BIGINT NOT NULL,
    skipped JSONB DEFAULT '{}' NOT NULL,
    suspects JSONB DEFAULT '[]' NOT NULL,
    data_url TEXT NOT NULL,
    original_url TEXT,
    cursor JSONB NOT NULL,
    status TEXT NOT NULL,
    problem JSONB,
    mapping TEXT,
    applied_run BIGINT,
    CONSTRAINT pk_batch PRIMARY KEY (id),
    CONSTRAINT ck_batch_every_row_is_accounted_for CHECK (rows_total = rows_above + rows_header + rows_skipped + rows_read),
    CONSTRAINT ck_batch_status CHECK (status IN ('landed', 'applied', 'parked', 'superseded'))
);

CREATE INDEX ix_batch_source_stream_sha256 ON crossdock.batch (source, stream, sha256);

CREATE INDEX ix_batch_waiting ON crossdock.batch (source, stream, id) WHERE status = 'landed';

CREATE TABLE crossdock.cursor (
    source TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    position JSONB NOT NULL,
    run_id BIGINT NOT NULL,
    moved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_acknowledged BOOLEAN DEFAULT false NOT NULL,
    failed JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_cursor PRIMARY KEY (source, stream)
);

COMMENT ON TABLE crossdock.cursor IS 'Position behind the last committed batch, and files that failed whole; moved only with the rows.';

CREATE SEQUENCE crossdock.issue_id;

CREATE TABLE crossdock.issue (
    id BIGINT DEFAULT nextval('crossdock.issue_id') NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    code TEXT NOT NULL,
    entity TEXT NOT NULL,
    field TEXT NOT NULL,
    column_name TEXT NOT NULL,
    place TEXT NOT NULL,
    value TEXT NOT NULL,
    detail TEXT NOT NULL,
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    CONSTRAINT pk_issue PRIMARY KEY (id, at)
)
 PARTITION BY RANGE (at);

CREATE INDEX ix_issue_run_id ON crossdock.issue (run_id);

CREATE SEQUENCE crossdock.change_id;

CREATE TABLE crossdock.change (
    id BIGINT DEFAULT nextval('crossdock.change_id') NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id BIGINT NOT NULL,
    entity TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fields JSONB NOT NULL,
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    CONSTRAINT pk_change PRIMARY KEY (id, at)
)
 PARTITION BY RANGE (at);

CREATE INDEX ix_change_run_id ON crossdock.change (run_id);

CREATE INDEX ix_change_entity_source_key ON crossdock.change (entity, source, key);

COMMENT ON TABLE crossdock.change IS 'Field-level differences: {column: [before, after]}; numbers as text.';

CREATE TABLE crossdock.held_row (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    entity TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    element BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT pk_held_row PRIMARY KEY (id),
    CONSTRAINT ck_held_row_outcome CHECK (outcome IN ('rejected', 'parked'))
);

CREATE INDEX ix_held_row_run_id ON crossdock.held_row (run_id);

CREATE TABLE crossdock.rule_state (
    rule TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    evaluated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_rule_state PRIMARY KEY (rule)
);

CREATE TABLE crossdock.incident (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    rule TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    is_baseline BOOLEAN DEFAULT false NOT NULL,
    severity TEXT NOT NULL,
    title JSONB NOT NULL,
    sentence JSONB NOT NULL,
    facts JSONB NOT NULL,
    occurrence INTEGER DEFAULT 1 NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    acknowledged_by TEXT,
    resolved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_incident PRIMARY KEY (id),
    CONSTRAINT ck_incident_status CHECK (status IN ('open', 'acknowledged', 'resolved')),
    CONSTRAINT uq_incident_rule_subject UNIQUE (rule, subject)
);

CREATE INDEX ix_incident_order_number ON crossdock.incident ((facts ->> 'order_number'));

CREATE TABLE crossdock.delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    task_id TEXT,
    payload BYTEA NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE,
    message_id TEXT,
    response_code TEXT,
    errcode INTEGER,
    problem JSONB,
    wanted_button JSONB,
    shown_button JSONB,
    CONSTRAINT pk_delivery PRIMARY KEY (id),
    CONSTRAINT ck_delivery_status CHECK (status IN ('waiting', 'sent', 'dead')),
    CONSTRAINT uq_delivery_task_id UNIQUE (task_id)
);

CREATE INDEX ix_delivery_sent ON crossdock.delivery (channel, recipient, sent_at);

CREATE INDEX ix_delivery_waiting ON crossdock.delivery (channel, recipient, id) WHERE status = 'waiting';

CREATE TABLE crossdock.alert_account (
    channel TEXT NOT NULL,
    raised BIGINT DEFAULT 0 NOT NULL,
    delivered BIGINT DEFAULT 0 NOT NULL,
    merged BIGINT DEFAULT 0 NOT NULL,
    silenced BIGINT DEFAULT 0 NOT NULL,
    pending BIGINT DEFAULT 0 NOT NULL,
    dead BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_alert_account PRIMARY KEY (channel)
);

COMMENT ON TABLE crossdock.alert_account IS 'raised is counted by the rules, the rest by a trigger on alert; a deferred constraint compares them.';

CREATE TABLE crossdock.signing_key (
    id SERIAL NOT NULL,
    key TEXT NOT NULL,
    CONSTRAINT pk_signing_key PRIMARY KEY (id),
    CONSTRAINT ck_signing_key_one CHECK (id = 1)
);

COMMENT ON TABLE crossdock.signing_key IS 'Signs the links of our pages; made with the store, so that every process signs alike.';

CREATE TABLE crossdock.callback_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dedupe_key TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    event JSONB NOT NULL,
    processed_at TIMESTAMP WITH TIME ZONE,
    result TEXT,
    CONSTRAINT pk_callback_event PRIMARY KEY (id),
    CONSTRAINT uq_callback_event_dedupe_key UNIQUE (dedupe_key)
);

CREATE TABLE crossdock.incident_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    incident_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT DEFAULT '' NOT NULL,
    sentence JSONB,
    CONSTRAINT pk_incident_event PRIMARY KEY (id),
    CONSTRAINT ck_incident_event_kind CHECK (kind IN ('opened', 'updated', 'acknowledged', 'resolved', 'reopened')),
    CONSTRAINT fk_incident_event_incident_id FOREIGN KEY(incident_id) REFERENCES crossdock.incident (id)
);

CREATE INDEX ix_incident_event_incident_id ON crossdock.incident_event (incident_id);

CREATE TABLE crossdock.alert (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    incident_id BIGINT,
    occurrence INTEGER DEFAULT 1 NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    reason JSONB NOT NULL,
    title JSONB NOT NULL,
    sentence JSONB NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    delivery_id BIGINT,
    CONSTRAINT pk_alert PRIMARY KEY (id),
    CONSTRAINT ck_alert_status CHECK (status IN ('pending', 'delivered', 'merged', 'silenced', 'dead')),
    CONSTRAINT ck_alert_kind CHECK (kind IN ('opened', 'updated', 'reopened', 'resolved', 'summary')),
    CONSTRAINT fk_alert_incident_id FOREIGN KEY(incident_id) REFERENCES crossdock.incident (id),
    CONSTRAINT fk_alert_delivery_id FOREIGN KEY(delivery_id) REFERENCES crossdock.delivery (id)
);

CREATE INDEX ix_alert_incident_id ON crossdock.alert (incident_id);

CREATE INDEX ix_alert_pending ON crossdock.alert (channel, recipient, id) WHERE status = 'pending';

CREATE INDEX ix_alert_delivery_id ON crossdock.alert (delivery_id);

COMMENT ON TABLE crossdock.alert IS 'The outbox: one alert for one recipient. `reason` says why this recipient was chosen.';
