"""Evaluation: asks the rules about what has changed, and commits incidents, alerts and its own position together."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from crossdock.delivery.outbox import raise_alerts
from crossdock.home import Home
from crossdock.incidents.rules import Rule, ask, load_rules
from crossdock.incidents.sentences import Facts
from crossdock.incidents.settle import Settlement, resolve
from crossdock.incidents.summary import summarise_first_loads
from crossdock.store.database import AnyRow, lock, translate_errors
from crossdock.store.partitions import ensure_partitions
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
    Runs and findings are read from one snapshot: a run that is committed meanwhile belongs whole to the next evaluation.

    Raises:
        ConfigError: A rule is wrong or its query fails; nothing was written.
    """
    rules = load_rules(home)
    at = clock()
    with translate_errors(), engine.begin() as connection:
        ensure_partitions(connection, at)
    with translate_errors(), engine.begin() as connection:
        lock(connection, ["incidents"])
        with _snapshot(engine) as seen:  # let go before anything is written: who waits for it would wait for us
            waiting = _waiting_runs(seen)
            answers = list(_answers(seen, home, rules, waiting, at))
        quiet = [row for row in waiting if row.is_baseline or row.kind != "sync"]
        # of a large first load that was committed meanwhile even an older snapshot sees the rows
        quiet += [row for row in _waiting_runs(connection) if row.is_baseline and row not in quiet]
        loaded, sources = _touched_entities(connection, [row.id for row in quiet]), {row.source for row in quiet}
        counts = dict.fromkeys(("opened", "updated", "resolved", "reopened", "baseline"), 0)
        alerts = []
        for answer in answers:
            rule = answer.rule
            first_loads = frozenset(sources if loaded & set(rule.spec.watches) else ())
            settlement = Settlement(connection, home.settings, rule, at, is_new=answer.is_new, first_loads=first_loads)
            settlement.settle(answer.found)
            _remember(connection, rule, at)
            alerts += settlement.alerts
            counts = {kind: count + settlement.counts[kind] for kind, count in counts.items()}
        counts["resolved"] += _resolve_orphans(connection, rules, at)
        connection.execute(update(run).where(run.c.id.in_([row.id for row in waiting])).values(is_evaluated=True))
        alerts += summarise_first_loads(connection, home, at)
        raised = raise_alerts(connection, alerts, at)
    return Evaluation(runs=len(waiting), alerts=raised, **counts)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a rule finds, and whether it is asked for the first time in these words."""

    rule: Rule
    found: Mapping[str, Facts]
    is_new: bool


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """What is committed now, and nothing later."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _answers(
    seen: Connection, home: Home, rules: Sequence[Rule], waiting: Sequence[AnyRow], at: datetime
) -> Iterator[_Answer]:
    """The answers of the rules that the waiting runs, the clock or a change of their own concern."""
    touched = _touched_entities(seen, [row.id for row in waiting])
    for rule in rules:
        is_new = _is_new(seen, rule)
        if is_new or rule.spec.clock or touched & set(rule.spec.watches):
            yield _Answer(rule, ask(seen, rule, at, home.settings.timezone), is_new)


def _waiting_runs(connection: Connection) -> Sequence[AnyRow]:
    waiting = select(run.c.id, run.c.source, run.c.is_baseline, run.c.kind).where(
        ~run.c.is_evaluated, run.c.status == "succeeded"
    )
    return connection.execute(waiting.order_by(run.c.id)).all()


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
