"""Order numbers that a partner uses again: another date and other lines are another document, never an overwrite."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from canonical_model.entities import SPECS
from canonical_model.issues import Issue
from crossdock.pipeline.merge import Stage, partner_of
from mappings.landed import PlacedIssue


@dataclass(slots=True)
class Reused:
    """What was taken out of the stages.

    Attributes:
        counts: Rows of each entity.
        issues: One for each row.
        taken: Entity -> field with the number, and the documents by (scope, number): the stored ones keep all that they have.
    """

    counts: dict[str, int] = field(default_factory=dict)
    issues: list[PlacedIssue] = field(default_factory=list)
    taken: dict[str, tuple[str, Collection[tuple[str, str]]]] = field(default_factory=dict)

    def spares(self, stage: Stage, end: int) -> tuple[str, dict[str, list[str]]]:
        """Condition, with its values, that a stored record `t` is none of such a document; empty where there are none.

        The names of the values end in `end`.
        """
        number, documents = self.taken.get(stage.entity.name, ("", ()))
        if not documents:
            return "", {}
        scopes, numbers = zip(*documents, strict=True)
        same = f't."{number}" = d.number AND {_scope(stage, "t")} = d.scope'
        names = (f"spared_scopes_{end}", f"spared_numbers_{end}")
        listed = "unnest({}) AS d(scope, number)".format(", ".join(f"CAST(:{name} AS text[])" for name in names))
        values = dict(zip(names, (list(scopes), list(numbers)), strict=True))
        return f"NOT EXISTS (SELECT FROM {listed} WHERE {same})", values


def hold_reused_numbers(
    connection: Connection, stages: Mapping[str, Stage], run_id: int, at: datetime, fingerprint: str
) -> Reused:
    """Parks documents whose number is taken by another document, until the mapping of this `fingerprint` changes.

    Another document is one with a different date (the entity's `reuse_guard`) of which no line has the same line
    number and item. Where the batch carries no lines there is nothing to compare, and the change goes through.
    """
    reused = Reused()
    for name, header in stages.items():
        guard = header.entity.reuse_guard
        lines = [s for s in stages.values() if s.entity.parent == name and "item" in s.columns]
        if guard is None or guard not in header.columns or not lines:
            continue
        line = lines[0]
        (number,) = header.entity.key
        of_s, of_l, of_o = (_scope(header, alias) for alias in "slo")
        found = connection.execute(
            text(
                f"""SELECT {of_s} AS scope, s."{number}" AS number, t."{guard}" AS before FROM {header.name} s
                JOIN canonical.{name} t ON t.source = :source AND t.key = s.key AND t.deleted_at IS NULL
                WHERE t."{guard}" <> s."{guard}"
                AND EXISTS (SELECT FROM {line.name} l WHERE l."{number}" = s."{number}" AND {of_l} = {of_s})
                AND EXISTS (SELECT FROM canonical.{line.entity.name} o
                    WHERE o.source = :source AND o."{number}" = t."{number}" AND {of_o} = {of_s} AND o.deleted_at IS NULL)
                AND NOT EXISTS (SELECT FROM {line.name} l JOIN canonical.{line.entity.name} o
                    ON o.source = :source AND o.key = l.key AND o.item IS NOT DISTINCT FROM l.item
                    WHERE l."{number}" = s."{number}" AND {of_l} = {of_s} AND o.deleted_at IS NULL)"""
            ),
            {"source": header.source},
        ).all()
        label = SPECS[name].fields[guard].label.zh
        documents = {(row.scope, row.number): f"{label} {row.before}" for row in found}
        for stage in stages.values():
            if documents and (stage is header or name in _ancestors(stage)):
                _take_out(connection, stage, number, documents, reused, run_id, at, fingerprint)
                reused.taken[stage.entity.name] = (number, documents)
    return reused


def _scope(stage: Stage, alias: str) -> str:
    """SQL of what a number is unique within: the partner with whom the key begins, where it does."""
    return partner_of(alias) if stage.has_partner else "''"


def _ancestors(stage: Stage) -> list[str]:
    found: list[str] = []
    parent = stage.entity.parent
    while parent is not None:
        found.append(parent)
        parent = SPECS[parent].parent
    return found


def _take_out(
    connection: Connection,
    stage: Stage,
    number: str,
    documents: Mapping[tuple[str, str], str],
    reused: Reused,
    run_id: int,
    at: datetime,
    fingerprint: str,
) -> None:
    scopes, numbers = zip(*documents, strict=True)
    taken = connection.execute(
        text(
            f"""DELETE FROM {stage.name} s USING unnest(CAST(:scopes AS text[]), CAST(:numbers AS text[])) AS d(scope, number)
            WHERE s."{number}" = d.number AND {_scope(stage, "s")} = d.scope
            RETURNING s.key, s.batch_id, s.row_number, d.scope, d.number"""
        ),
        {"scopes": list(scopes), "numbers": list(numbers)},
    ).all()
    batches = text("SELECT id, name FROM crossdock.batch WHERE id = ANY(:ids)")
    found = connection.execute(batches, {"ids": [row.batch_id for row in taken]})
    names: dict[int, str] = {row.id: row.name for row in found}
    for row in taken:
        place = f"{names[row.batch_id]} #{row.row_number}"
        detail = documents[row.scope, row.number]
        issue = Issue("XD-DOC-001", stage.entity.name, number, "", place, row.number, detail)
        reused.issues.append(PlacedIssue(row.batch_id, row.row_number, issue))
    written = connection.execute(
        text(
            "INSERT INTO crossdock.held_row (at, run_id, source, stream, entity, key, batch_id, row_number, element, outcome, "
            "fingerprint) SELECT :at, :run, :source, :stream, :entity, k, b, r, 0, 'parked', :fingerprint "
            "FROM unnest(CAST(:keys AS text[]), CAST(:batches AS bigint[]), CAST(:rows AS bigint[])) AS t(k, b, r)"
        ),
        {"at": at, "run": run_id, "source": stage.source, "stream": stage.stream, "entity": stage.entity.name, "fingerprint": fingerprint,
         "keys": [row.key for row in taken], "batches": [row.batch_id for row in taken], "rows": [row.row_number for row in taken]},
    )  # fmt: skip
    reused.counts[stage.entity.name] = written.rowcount
