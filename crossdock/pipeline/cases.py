"""Cases beside mappings: an input as a partner sends it, and the records and issues that must come of it.

A case is a folder `<mapping>.cases/<case>/` with `input.*`, `expected.jsonl`, `issues.json` and, where the stream says
something about the form of its files, `stream.yaml`. The command line and the tests run them through here, with the
readers and the engine of a real run.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from canonical_model.errors import ConfigError, CrossdockError, MappingError
from canonical_model.issues import Issue
from canonical_model.language import Language, Text
from canonical_model.text import JsonValue, parse_json
from connectors.formats import FormatOptions, read_file
from crossdock.home import Currency, DateOrderSetting, Zone, check_model, load_yaml
from crossdock.pipeline.scratch import landed_columns, scratch_rows
from mappings.engine import MappingRun
from mappings.landed import LandedRows
from mappings.plan import make_plan
from mappings.spec import MappingFile, StoreLookup, find_mapping, shipped_folder

RECORDS, ISSUES = "expected.jsonl", "issues.json"
_LEFT_OUT = ("batch", "version", "source_hash")


class CaseStream(BaseModel):
    """`stream.yaml` of a case: what the source would say about the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: FormatOptions = Field(default=FormatOptions(), description="How the file is read, as in the source.")
    timezone: Zone = Field(default="Asia/Shanghai", description="IANA zone of naive times.")
    date_order: DateOrderSetting = Field(default="", description="dmy, mdy or ymd; else the mapping's.")
    currency: Currency = Field(default="", description="Currency of amounts that state none, such as CNY.")
    parts: dict[str, str] = Field(default={}, description="Parts of the path, such as partner.")
    store: dict[str, list[dict[str, str]]] = Field(
        default={}, description="Records that lookups: finds: entity, then each record's fields."
    )


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        mapping: Name of the mapping that it is about.
        name: Its own name.
        folder: Where its files lie.
        own: Folder of the deployment's mappings; None for a shipped case, which tests the shipped mapping.
    """

    mapping: str
    name: str
    folder: Path
    own: Path | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the outcome is not what the case expects.

    Attributes:
        what: "record", "issue", "account" or "file".
        place: The record ("purchase_order PO-1"), where the issue stands, or the file that is not there.
        field: The field; empty for the whole record or issue.
        expected: What the case says; None where it does not expect it at all.
        got: What came; None where it did not come.
    """

    what: str
    place: str
    field: str
    expected: str | None
    got: str | None


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What a case gave.

    Attributes:
        case: The case.
        records: Text of its expected.jsonl as it would be written now.
        issues: Text of its issues.json as it would be written now.
        differences: Where these differ from the files; empty when the case holds.
        problem: Why it could not be run; None when it was.
    """

    case: Case
    records: str
    issues: str
    differences: tuple[Difference, ...]
    problem: CrossdockError | None = None

    @property
    def holds(self) -> bool:
        """Whether the case gave what it expects."""
        return not self.differences and self.problem is None


@dataclass(frozen=True, slots=True)
class MappedFile:
    """What a mapping made of a file.

    Attributes:
        records: Records that would go in, each with its entity; fields without a value are left out.
        issues: What is wrong with the rest.
        accounts: Entities whose rows do not add up; empty when all is well.
    """

    records: list[dict[str, object]]
    issues: list[Issue]
    accounts: list[Difference]


def find_cases(own: Path | None, names: Sequence[str] = ()) -> list[Case]:
    """The deployment's own cases, then the shipped ones.

    Args:
        own: Folder of the deployment's mappings; None where there is none.
        names: Mappings whose cases are wanted; all when empty.

    Raises:
        MappingError: There is no mapping of a name.
    """
    for name in names:
        find_mapping(name, own)
    roots = [*([(own, own)] if own else []), (shipped_folder(), None)]
    found = [
        Case(folder.parent.relative_to(root).as_posix().removesuffix(".cases"), folder.name, folder, mappings)
        for root, mappings in roots
        for folder in sorted(root.glob("**/*.cases/*"))
        if folder.is_dir()
    ]
    return [case for case in found if not names or case.mapping in names]


def run_case(case: Case) -> CaseOutcome:
    """What the case gives; whatever is wrong with mapping or input is a `problem` of the outcome."""
    try:
        records, issues, accounts = _run(case)
    except CrossdockError as error:
        return CaseOutcome(case, "", "", (), error)
    try:
        differences = [
            *accounts,
            *_compare("record", _records(_read(case, RECORDS)), _records(records)),
            *_compare("issue", _issues(_read(case, ISSUES)), _issues(issues)),
        ]
    except ValueError as error:
        what = Text(
            f"样例 {case.name} 的 {RECORDS} 或 {ISSUES} 不是合法的 JSON：{error}。",
            f"{RECORDS} or {ISSUES} of the case {case.name} is not JSON: {error}.",
        )
        problem = MappingError(what, where=str(case.folder), code="XD-MAP-020")
        return CaseOutcome(case, records, issues, (), problem)
    differences += [
        Difference("file", name, "", "", None) for name in (RECORDS, ISSUES) if not (case.folder / name).is_file()
    ]
    return CaseOutcome(case, records, issues, tuple(differences))


def write_expected(outcome: CaseOutcome) -> bool:
    """Writes what came as what is expected from now on; whether that changed a file."""
    made = {RECORDS: outcome.records, ISSUES: outcome.issues}
    changed = [
        name
        for name, text in made.items()
        if not (outcome.case.folder / name).is_file() or _read(outcome.case, name) != text
    ]
    for name in changed:
        (outcome.case.folder / name).write_text(made[name], encoding="utf-8")
    return bool(changed)


def add_case(own: Path, mapping: str, name: str, file: Path) -> CaseOutcome:
    """Makes a case of a file: its copy, and what the mapping makes of it now.

    Raises:
        MappingError: There is no such mapping, or it cannot take the file.
        ConfigError (XD-CFG-111): There is a case of that name, or the name is no folder's.
    """
    find_mapping(mapping, own)
    folder = own / f"{mapping}.cases" / name
    if not name.strip(".") or Path(name).name != name:
        raise ConfigError(
            Text(f"“{name}”不能作样例的名字。", f"“{name}” cannot be the name of a case."),
            hint=Text("请用文件夹的名字，例如 bad_cells。", "Use the name of a folder such as bad_cells."),
            code="XD-CFG-111",
        )
    if folder.exists():
        raise ConfigError(
            Text(f"样例 {name} 已经有了。", f"There already is a case {name}."),
            where=str(folder),
            hint=Text("请换一个名字，或先删掉它。", "Choose another name, or delete it first."),
            code="XD-CFG-111",
        )
    folder.mkdir(parents=True)
    shutil.copyfile(file, folder / f"input{file.suffix.lower()}")
    outcome = run_case(Case(mapping, name, folder, own))
    if outcome.problem:
        shutil.rmtree(folder)
        raise outcome.problem
    write_expected(outcome)
    return outcome


def map_file(spec: MappingFile, path: Path, stream: CaseStream) -> MappedFile:
    """What a mapping makes of a file, without any store.

    Raises:
        MappingError: The file cannot be read, or the mapping does not fit it.
    """
    mapped_file = MappedFile([], [], [])
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        for (header, is_json), batches in _land(path, stream, Path(folder)).items():
            plan = make_plan(
                spec,
                header=header,
                is_json=is_json,
                timezone=stream.timezone,
                date_order=stream.date_order,
                currency=stream.currency,
                key_parts=[part for part in stream.parts if part == "partner"],
            )
            with MappingRun(plan, batches, lookups=partial(_look_up, stream.store)) as mapped:
                for entity in plan.entities:
                    name = entity.entity.name
                    good = mapped.good(entity).read_all().to_pylist()
                    mapped_file.records.extend(
                        {"entity": name} | {k: v for k, v in record.items() if v is not None and k not in _LEFT_OUT}
                        for record in good
                    )
                    held = len(list(mapped.held(entity)))
                    told = (mapped.read_count(entity), len(good), mapped.folded_count(entity), held)
                    mapped_file.accounts.extend(_account(name, *told))
                mapped_file.issues.extend(placed.issue for placed in mapped.issues())
    return mapped_file


def _run(case: Case) -> tuple[str, str, list[Difference]]:
    spec = find_mapping(case.mapping, case.own)
    said = case.folder / "stream.yaml"
    stream = check_model(load_yaml(said) if said.is_file() else {}, CaseStream, f"{case.name}/stream.yaml")
    mapped = map_file(spec, _input(case), stream)
    issues = [
        {"code": one.code, "entity": one.entity, "place": one.place, "says": one.render(Language.ZH)}
        for one in mapped.issues
    ]
    lines = "".join(json.dumps(record, ensure_ascii=False, default=str) + "\n" for record in mapped.records)
    return lines, json.dumps(issues, ensure_ascii=False, indent=2) + "\n", mapped.accounts


def _input(case: Case) -> Path:
    found = sorted(case.folder.glob("input.*"))
    if len(found) != 1:
        raise MappingError(
            Text(
                f"样例 {case.name} 里应有一个 input.*，实际有 {len(found)} 个。",
                f"The case {case.name} must have one input.*, not {len(found)}.",
            ),
            where=str(case.folder),
            code="XD-MAP-020",
        )
    return found[0]


def _land(path: Path, stream: CaseStream, folder: Path) -> dict[tuple[tuple[str, ...], bool], list[LandedRows]]:
    """The tables of the file as a run would land them, by (header, whether they are JSON documents)."""
    landed: dict[tuple[tuple[str, ...], bool], list[LandedRows]] = {}
    for number, read in enumerate(read_file(path, options=stream.config), start=1):
        if read.problem:
            raise MappingError(read.problem, where=str(path), code="XD-MAP-020")
        if not read.table.num_rows:
            continue
        rows = scratch_rows(read, folder, batch=number, name=path.name, parts=stream.parts)
        landed.setdefault((landed_columns(read, stream.parts), read.is_json), []).append(rows)
    return landed


def _look_up(store: Mapping[str, Sequence[Mapping[str, str]]], asked: StoreLookup, wanted: pa.Table) -> pa.Table:
    """Those of the wanted values that stand in exactly one way among the case's records, each with its `value`."""
    found = []
    for row in wanted.to_pylist():
        alike = (
            one for one in store.get(asked.entity, ()) if all(one.get(field) == row[field] for field in asked.match)
        )
        values = {one[asked.give] for one in alike if asked.give in one}
        if len(values) == 1:
            found.append(row | {"value": values.pop()})
    names = (*asked.match, "value")
    return pa.table({name: pa.array([row[name] for row in found], pa.string()) for name in names})


def _account(entity: str, read: int, good: int, folded: int, held: int) -> list[Difference]:
    if read == good + folded + held:
        return []
    return [Difference("account", entity, "", f"read {read}", f"good {good} + folded {folded} + held {held}")]


def _read(case: Case, name: str) -> str:
    path = case.folder / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


_Values = Mapping[str, JsonValue]


def _records(text: str) -> dict[str, _Values]:
    lines = StringIO(text)  # splitlines() also cuts at U+2028 and others, which may stand in a value
    return _named([parse_json(line) for line in lines], ("entity", "key"))


def _issues(text: str) -> dict[str, _Values]:
    listed = parse_json(text) if text.strip() else []
    return _named(listed if isinstance(listed, list) else [listed], ("code", "entity", "place"))


def _named(listed: Sequence[JsonValue], parts: Sequence[str]) -> dict[str, _Values]:
    """Each by what a person calls it; those of one name are numbered."""
    found: dict[str, _Values] = {}
    times: Counter[str] = Counter()
    for one in listed:
        values = one if isinstance(one, dict) else {"": one}
        name = " ".join(str(values.get(part)) for part in parts)
        times[name] += 1
        found[name if times[name] == 1 else f"{name} ({times[name]})"] = values
    return found


def _compare(what: str, expected: Mapping[str, _Values], got: Mapping[str, _Values]) -> Iterator[Difference]:
    for place in dict.fromkeys((*expected, *got)):
        if place not in got:
            yield Difference(what, place, "", _shown(expected[place]), None)
        elif place not in expected:
            yield Difference(what, place, "", None, _shown(got[place]))
        else:
            old, new = expected[place], got[place]
            for field in dict.fromkeys((*old, *new)):
                if old.get(field) != new.get(field):
                    yield Difference(what, place, field, _value(old.get(field)), _value(new.get(field)))


def _value(value: JsonValue) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(values: _Values) -> str:
    if "says" in values:
        return str(values["says"])
    return ", ".join(f"{name}={_value(value)}" for name, value in values.items() if name not in {"entity", "key"})
