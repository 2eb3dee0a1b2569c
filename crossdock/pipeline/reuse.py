"""Order numbers that a partner uses again: another date and other lines are another document, never an overwrite."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from canonical_model.entities import SPECS
from canonical_model.issues import Issue
from crossdock.pipeline.merge import Stage, partner_of
from crossdock.pipeline.work import Work
from mappings.landed import HeldRow, LandedRows, PlacedIssue


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
    work: Work, stages: Mapping[str, Stage], landed: Mapping[int, LandedRows], fingerprint: str
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
        found = work.connection.execute(
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
                count, issues = _take_out(work, stage, number, documents, landed, fingerprint)
                reused.counts[stage.entity.name] = count
                reused.issues += issues
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
    work: Work,
    stage: Stage,
    number: str,
    documents: Mapping[tuple[str, str], str],
    landed: Mapping[int, LandedRows],
    fingerprint: str,
) -> tuple[int, list[PlacedIssue]]:
    """Holds what is staged of the documents; gives the number of rows, and an issue for each."""
    scopes, numbers = zip(*documents, strict=True)
    taken = work.connection.execute(
        text(
            f"""DELETE FROM {stage.name} s USING unnest(CAST(:scopes AS text[]), CAST(:numbers AS text[])) AS d(scope, number)
            WHERE s."{number}" = d.number AND {_scope(stage, "s")} = d.scope
            RETURNING s.key, s.batch_id, s.row_number, d.scope, d.number"""
        ),
        {"scopes": list(scopes), "numbers": list(numbers)},
    ).all()
    name = stage.entity.name
    rows = (HeldRow(name, row.batch_id, row.row_number, 0, row.key, "parked", is_known=True) for row in taken)
    counts = work.write_held(rows, fingerprint)
    issues = []
    for row in taken:
        place, detail = landed[row.batch_id].place(row.row_number, ""), documents[row.scope, row.number]
        issue = Issue("XD-DOC-001", name, number, "", place, row.number, detail)
        issues.append(PlacedIssue(row.batch_id, row.row_number, issue))
    return counts["parked"], issues
