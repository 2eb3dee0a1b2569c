"""Rules: YAML files with a query over the views of `facts`, a sentence and the roles to be told."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Literal

import sqlglot
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.home import Home, check_model, load_yaml
from crossdock.incidents.sentences import SentenceTemplate
from crossdock.store import views

TIMEOUT_SECONDS = 30
_REFUSED_FUNCTIONS = (
    "set_config",
    "pg_",
    "lo_",
    "dblink",
    "query_to_xml",
    "database_to_xml",
    "current_setting",
    "copy",
)


class Bilingual(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str


class RuleFile(BaseModel):
    """One rule file. Shape and meaning: docs/guide/rules.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(pattern="^[a-z][a-z0-9_]*$", description="Its id, like its file's name.")
    enabled: bool = Field(default=True, description="false silences a shipped rule of the same name.")
    title: Bilingual = Field(description="First line of the card.")
    severity: Literal["info", "warning", "critical"] = "warning"
    watches: list[str] = Field(default=[], description="Entities whose change asks the rule anew.")
    clock: bool = Field(default=False, description="Also asked at every evaluation, since time alone can make it true.")
    notify: list[str] = Field(min_length=1, description="Roles of crossdock.yaml to be told.")
    query: str = Field(
        description="SELECT over facts.*; one row per subject, with a column `subject`, and `sources` where it can."
    )
    sentence: Bilingual = Field(description="Jinja2 template over the row's columns.")

    @model_validator(mode="after")
    def _is_asked_sometime(self) -> "RuleFile":
        if not (self.watches or self.clock):
            raise ValueError("watches 是空的，也没有 clock: true / neither watches nor clock: true")
        return self


@dataclass(frozen=True, slots=True)
class Rule:
    """A checked rule, ready to be asked."""

    spec: RuleFile
    sentence: SentenceTemplate
    fingerprint: str

    @property
    def name(self) -> str:
        """Its id."""
        return self.spec.rule

    @property
    def title(self) -> Text:
        """First line of the card."""
        return Text(self.spec.title.zh, self.spec.title.en)


def load_rules(home: Home) -> Sequence[Rule]:
    """The rules in force: those of the deployment, and the shipped ones that it does not replace or switch off.

    Raises:
        ConfigError: A rule is wrong; names the file and what is expected.
    """
    shipped = {path.stem: path for path in sorted(Path(str(files("crossdock.incidents"))).glob("rules/*.yaml"))}
    own = {path.stem: path for path in sorted((home.path / "rules").glob("*.yaml"))}
    rules = [_load(path) for path in {**shipped, **own}.values()]
    return [rule for rule in rules if rule.spec.enabled]


def _load(path: Path) -> Rule:
    where = f"rules/{path.name}"
    spec = check_model(load_yaml(path), RuleFile, where)
    if spec.rule != path.stem:
        raise ConfigError(
            Text(f"rule: {spec.rule} 应与文件名一致。", f"rule: {spec.rule} must equal the file's name."),
            where=where,
            code="XD-CFG-060",
        )
    _check_query(spec.query, where)
    sentence = SentenceTemplate(Text(spec.sentence.zh, spec.sentence.en), where)
    return Rule(spec, sentence, hashlib.sha256(spec.model_dump_json().encode()).hexdigest())


def _check_query(query: str, where: str) -> None:
    """One SELECT over our views. The database's own role enforces the same; here the author gets a sentence."""

    def refuse(zh: str, en: str) -> ConfigError:
        hint = Text(
            f"可用的视图：facts.{'、facts.'.join(views.names())}。", f"Views: facts.{', facts.'.join(views.names())}."
        )
        return ConfigError(Text(zh, en), where=where, hint=hint, code="XD-CFG-060")

    try:
        statements = sqlglot.parse(query, dialect="postgres")
    except SqlglotError as error:
        said = str(error).splitlines()[0]
        raise refuse(f"规则的 query 不是合法的 SQL：{said}", f"The rule's query is not valid SQL: {said}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise refuse("规则的 query 必须是一条 SELECT。", "The rule's query must be one SELECT.")
    tree = statements[0]
    if tree.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock, exp.Command):
        raise refuse("规则只能读取。", "A rule can only read.")
    inner = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not ((table.db == "facts" and table.name in views.names()) or (not table.db and table.name in inner)):
            raise refuse(f"规则不能读取 {table.sql()}。", f"A rule cannot read {table.sql()}.")
    for call in tree.find_all(exp.Func):
        name = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        if name.startswith(_REFUSED_FUNCTIONS):
            raise refuse(f"规则不能调用 {name}()。", f"A rule cannot call {name}().")


def ask(connection: Connection, rule: Rule, now: datetime, timezone: str) -> Mapping[str, Mapping[str, object]]:
    """Subject -> facts for everything that the rule finds true at `now`.

    The query runs as a role that can read the views and nothing else, with a time-out, in the caller's transaction.

    Raises:
        ConfigError (XD-CFG-062): It fails, takes too long, or gives no column `subject`.
    """
    where = f"rules/{rule.name}.yaml"
    connection.execute(text("SELECT set_config('crossdock.now', :now, true)"), {"now": now.isoformat()})
    connection.execute(text("SELECT set_config('crossdock.timezone', :zone, true)"), {"zone": timezone})
    try:
        with connection.begin_nested():
            connection.execute(text(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'"))
            connection.execute(text(f"SET LOCAL ROLE {views.RULES_ROLE}"))
            # without parameters, so that a % of the rule means itself
            options = {"no_parameters": True}
            rows = connection.exec_driver_sql(rule.spec.query, execution_options=options).mappings().all()
            connection.execute(text("RESET ROLE"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        said = str(error.orig).strip().splitlines()[0]
        raise ConfigError(
            Text(f"规则查询失败：{said}", f"The rule's query failed: {said}"), where=where, code="XD-CFG-062"
        ) from error
    if rows and "subject" not in rows[0]:
        raise ConfigError(
            Text("规则的查询没有 subject 列。", "The rule's query gives no column subject."),
            where=where,
            code="XD-CFG-062",
        )
    found = {str(row["subject"]): dict(row) for row in rows}
    if len(found) < len(rows):
        twice = next(name for name, count in Counter(str(row["subject"]) for row in rows).items() if count > 1)
        raise ConfigError(
            Text(
                f"规则的查询对同一个 subject “{twice}” 给出多行。",
                f"The rule's query gives the subject “{twice}” more than once.",
            ),
            where=where,
            hint=Text("让 subject 唯一，例如 source || ' ' || key。", "Make it unique, such as source || ' ' || key."),
            code="XD-CFG-062",
        )
    return found
