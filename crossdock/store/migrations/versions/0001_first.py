"""The first revision: all that would be hard to change later."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_ACCOUNT = """
CREATE FUNCTION crossdock.account_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE crossdock.alert_account SET
            pending = pending - (OLD.status = 'pending')::int,
            delivered = delivered - (OLD.status = 'delivered')::int,
            merged = merged - (OLD.status = 'merged')::int,
            silenced = silenced - (OLD.status = 'silenced')::int,
            dead = dead - (OLD.status = 'dead')::int
        WHERE channel = OLD.channel;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO crossdock.alert_account (channel, pending, delivered, merged, silenced, dead)
        VALUES (NEW.channel, (NEW.status = 'pending')::int, (NEW.status = 'delivered')::int,
            (NEW.status = 'merged')::int, (NEW.status = 'silenced')::int, (NEW.status = 'dead')::int)
        ON CONFLICT (channel) DO UPDATE SET
            pending = alert_account.pending + excluded.pending,
            delivered = alert_account.delivered + excluded.delivered,
            merged = alert_account.merged + excluded.merged,
            silenced = alert_account.silenced + excluded.silenced,
            dead = alert_account.dead + excluded.dead;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER account_alert AFTER INSERT OR UPDATE OF status OR DELETE ON crossdock.alert
    FOR EACH ROW EXECUTE FUNCTION crossdock.account_alert();

CREATE FUNCTION crossdock.check_alert_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account crossdock.alert_account;
BEGIN
    SELECT * INTO account FROM crossdock.alert_account WHERE channel = NEW.channel;
    IF account.raised <> account.delivered + account.merged + account.silenced + account.pending + account.dead THEN
        RAISE EXCEPTION 'raised % alerts on % but % are accounted for', account.raised, account.channel,
            account.delivered + account.merged + account.silenced + account.pending + account.dead
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_alert_is_accounted_for';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER every_alert_is_accounted_for AFTER INSERT OR UPDATE ON crossdock.alert_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crossdock.check_alert_account();
"""

_RULES_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'crossdock_rules') THEN
        CREATE ROLE crossdock_rules NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN  -- another store of this server was quicker
    NULL;
END $$;
GRANT crossdock_rules TO CURRENT_USER;
"""


_SIGNING_KEY = """
INSERT INTO crossdock.signing_key (id, key)
VALUES (1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
"""


def upgrade() -> None:
    """Makes schemas, tables, the alert accounts, the role that evaluates rules, and the key that signs links."""
    tables = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statements in (tables, _ACCOUNT, _RULES_ROLE, _SIGNING_KEY):
        # without parameters, so that a % means itself and several statements may stand together
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
