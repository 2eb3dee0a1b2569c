"""Evaluation: asks the rules about what has changed, and commits incidents, alerts and its own position together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from crossdock.delivery.outbox import raise_alerts
from crossdock.home import Home
from crossdock.incidents.rules import Rule, ask, load_rules
from crossdock.incidents.settle import Settlement, resolve
from crossdock.incidents.summary import summarise_first_loads
from crossdock.store.database import AnyRow, ensure_partitions, lock, translate_errors
from crossdock.store.tables import incident, rule_state, run, run_entity


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation did.

    Attributes:
        runs: Runs whose changes it took in.
        opened, updated, resolved, reopened: Incidents.
        baseline: Incidents of a first load or new rule, opened without an alert.
        alerts: Alerts raised, one for each recipient.
    """

    runs: int = 0
    opened: int = 0
    updated: int = 0
    resolved: int = 0
    reopened: int = 0
    baseline: int = 0
    alerts: int = 0


def evaluate(home: Home, engine: Engine, *, clock: Clock = utc_now) -> Evaluation:
    """Asks every rule that what happened since the last evaluation concerns.

    A backfill tells old news, and a first load or a new rule everything at once: their incidents are the baseline,
    and nobody is told of each. A finding belongs to a first load when one of its `sources` was loaded just now.

    Raises:
        ConfigError: A rule is wrong or its query fails; nothing was written.
    """
    rules = load_rules(home)
    at = clock()
    with translate_errors(), engine.begin() as connection:
        ensure_partitions(connection, at)
        lock(connection, ["incidents"])
        waiting = _waiting_runs(connection)
        touched = _touched_entities(connection, [row.id for row in waiting])
        quiet = [row for row in waiting if row.is_baseline or row.kind != "sync"]
        loaded, sources = _touched_entities(connection, [row.id for row in quiet]), {row.source for row in quiet}
        counts = dict.fromkeys(("opened", "updated", "resolved", "reopened", "baseline"), 0)
        alerts = []
        for rule in rules:
            is_new = _is_new(connection, rule)
            watched = set(rule.spec.watches)
            if is_new or rule.spec.clock or touched & watched:
                first_loads = frozenset(sources if loaded & watched else ())
                settlement = Settlement(connection, home.settings, rule, at, is_new=is_new, first_loads=first_loads)
                settlement.settle(ask(connection, rule, at, home.settings.timezone))
                _remember(connection, rule, at)
                alerts += settlement.alerts
                counts = {kind: count + settlement.counts[kind] for kind, count in counts.items()}
        counts["resolved"] += _resolve_orphans(connection, rules, at)
        connection.execute(update(run).where(run.c.id.in_([row.id for row in waiting])).values(is_evaluated=True))
        alerts += summarise_first_loads(connection, home, at)
        raised = raise_alerts(connection, alerts, at)
    return Evaluation(runs=len(waiting), alerts=raised, **counts)


def _waiting_runs(connection: Connection) -> Sequence[AnyRow]:
    waiting = select(run.c.id, run.c.source, run.c.is_baseline, run.c.kind).where(
        ~run.c.is_evaluated, run.c.status == "succeeded"
    )
    return connection.execute(waiting.order_by(run.c.id).with_for_update()).all()


def _touched_entities(connection: Connection, runs: Sequence[int]) -> set[str]:
    wrote = run_entity.c.created + run_entity.c.updated + run_entity.c.deleted > 0
    return set(connection.scalars(select(run_entity.c.entity).where(run_entity.c.run_id.in_(runs), wrote).distinct()))


def _is_new(connection: Connection, rule: Rule) -> bool:
    known = connection.scalar(select(rule_state.c.fingerprint).where(rule_state.c.rule == rule.name))
    return known != rule.fingerprint


def _remember(connection: Connection, rule: Rule, at: datetime) -> None:
    values = {"fingerprint": rule.fingerprint, "evaluated_at": at}
    statement = upsert(rule_state).values(rule=rule.name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["rule"], set_=values))


def _resolve_orphans(connection: Connection, rules: Sequence[Rule], at: datetime) -> int:
    """Ends the incidents of rules that are no longer in force; gives their number."""
    names = [rule.name for rule in rules]
    mine = select(incident.c.id).where(incident.c.rule.not_in(names), incident.c.status != "resolved")
    orphans = connection.scalars(mine).all()
    for number in orphans:
        resolve(connection, number, at)
    connection.execute(delete(rule_state).where(rule_state.c.rule.not_in(names)))
    return len(orphans)
