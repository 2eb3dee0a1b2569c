ALTER TABLE crossdock.batch
    ADD COLUMN kind text DEFAULT 'rows' NOT NULL,
    ADD COLUMN is_approved boolean DEFAULT false NOT NULL,
    ADD CONSTRAINT ck_batch_kind CHECK (kind IN ('rows', 'keys')),
    DROP CONSTRAINT ck_batch_status,
    ADD CONSTRAINT ck_batch_status CHECK (status IN ('landed', 'applied', 'parked', 'superseded', 'expired'));

ALTER TABLE crossdock.held_row
    ADD COLUMN fingerprint text DEFAULT '' NOT NULL,
    ADD COLUMN settled_run bigint;
CREATE INDEX ix_held_row_waiting ON crossdock.held_row (source, stream)
    WHERE outcome = 'parked' AND settled_run IS NULL;
COMMENT ON TABLE crossdock.held_row IS
    'Rows that were not let in. A parked one is judged again until `settled_run` takes it up.';

CREATE TABLE crossdock.stated_key (
    source text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    entity text NOT NULL,
    mapping text NOT NULL,
    expressions jsonb NOT NULL,
    CONSTRAINT pk_stated_key PRIMARY KEY (source, stream, entity, mapping)
);
COMMENT ON TABLE crossdock.stated_key IS
    'What a mapping makes keys of; another `key:` would make new records beside the old ones.';
