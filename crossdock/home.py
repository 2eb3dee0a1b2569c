"""A deployment's folder: its settings, sources and rules, read and checked."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from canonical_model.codes import code_list
from canonical_model.disk import translate_disk_errors
from canonical_model.documents import MERGE, DoubleKeyError, StrictLoader
from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text, choose_language
from canonical_model.text import JsonValue, parse_json
from canonical_model.validation import WrongValueError, faults

ConnectionLookup = Callable[[str], Mapping[str, str]]

_Model = TypeVar("_Model", bound=BaseModel)


ID = "^[a-z][a-z0-9_]*$"
"""What the name of a source or store may be: it is part of keys and of names in the store."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WrongValueError(
            f"没有时区“{value}”，请写 IANA 名称，如 Asia/Shanghai",
            f"there is no time zone “{value}”; write an IANA name such as Asia/Shanghai",
        ) from error
    return value


def _currency(value: str) -> str:
    if value and value not in code_list("currency").entries:
        raise WrongValueError(
            f"“{value}”不是币种，请写 ISO 4217 代码，如 CNY", f"“{value}” is no currency; write an ISO 4217 code"
        )
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
DateOrderSetting = Literal["", "dmy", "mdy", "ymd"]


class Person(_Part):
    """A member of staff."""

    name: str = Field(description="Name shown to others.")
    wecom: str = Field(description="WeCom userid.")
    also: list[str] = Field(default=[], description="Other ways in which sources write this person (code, name).")
    language: Language | None = Field(default=None, description="zh or en; else the deployment's.")


class Group(_Part):
    """A WeCom group that a robot writes to."""

    name: str = Field(description="Name shown to others.")
    connection: str = Field(description="Connection with the robot's key.")


class Role(_Part):
    """Who stands for a role: a fixed person, the person that a field names, or a group."""

    person: str | None = Field(default=None, description="A person of `people:`.")
    person_of: str | None = Field(default=None, description="Column of the rule's row that names the person.")
    group: str | None = Field(default=None, description="A group of `groups:`; also the last resort after a person.")


class WeCom(_Part):
    """How WeCom is reached."""

    connection: str = Field(
        default="wecom_default", description="Connection with corp_id, agent_id, secret, token, aes_key."
    )
    base_url: str = Field(
        default="https://qyapi.weixin.qq.com", description="API address; another one for a proxy or test."
    )
    proxy: str | None = Field(default=None, description="Outbound proxy, since WeCom demands fixed addresses.")


class Retention(_Part):
    """How long what was landed and what happened are kept; canonical records are kept for ever."""

    landing_days: int | None = Field(
        default=None, ge=1, description="Days that landed files are kept; replay reaches back no further."
    )
    history_months: int | None = Field(
        default=None, ge=1, description="Months that runs, issues and field-level changes are kept."
    )


class Settings(_Part):
    """`crossdock.yaml`."""

    company: str = Field(default="", description="Name of the company, shown on pages.")
    language: Language | None = Field(
        default=None, description="zh or en; else by LANG, Chinese where it says nothing."
    )
    timezone: Zone = Field(default="Asia/Shanghai", description="IANA zone of naive times and of dates shown.")
    store_name: str = Field(default="crossdock", pattern=ID, description="Name of the store in Airflow assets.")
    public_url: str = Field(default="http://127.0.0.1:8600", description="Address at which staff reach our pages.")
    landing: str = Field(default="", description="fsspec URL of the landing zone; else .crossdock/landing.")
    retention: Retention = Retention()
    upload_megabytes: int = Field(default=20, ge=1, le=500, description="Largest file that the upload page takes.")
    wecom: WeCom = WeCom()
    people: dict[str, Person] = {}
    groups: dict[str, Group] = {}
    roles: dict[str, Role] = {}

    @model_validator(mode="after")
    def _roles_name_whom_there_is(self) -> "Settings":
        for name, role in self.roles.items():
            for named, known in ((role.person, self.people), (role.group, self.groups)):
                if named is not None and named not in known:
                    listed = ", ".join(known) or "-"
                    raise WrongValueError(
                        f"roles.{name} 里的“{named}”没有定义，有：{listed}",
                        f"“{named}” in roles.{name} is not defined; there are {listed}",
                    )
        return self


CRON = (
    r"^\s*(@(hourly|daily|weekly|monthly|quarterly|yearly|annually|midnight)"
    r"|[0-9*/,A-Za-z#?-]+(\s+[0-9*/,A-Za-z#?-]+){4})\s*$"
)
PERCENT = r"^(100|[1-9]?[0-9])(\.[0-9]+)?%$"
Percent = Annotated[str, StringConstraints(pattern=PERCENT)]


class Guard(_Part):
    """How much of what is stored one run may touch before it parks itself and asks."""

    deleted: Percent | None = Field(default=None, description="Share of the stored records that may go, e.g. 10%.")
    changed: Percent | None = Field(default=None, description="Share of the stored records that may change.")
    issues: Percent | None = Field(default=None, description="Share of the records read that may be held.")
    rows: int = Field(default=20, ge=0, description="Smaller counts than this are never asked about.")


class Drift(StrEnum):
    """What happens when a stream's columns are others than last time."""

    EVOLVE = "evolve"
    FREEZE = "freeze"
    PARK = "park"


QuestionName = Literal[
    "above_the_table",
    "currency_said_above",
    "unit_said_apart",
    "price_of_many",
    "unit_left",
    "currency_left",
    "price_base_left",
    "sheet_of_a_place",
    "title_of_a_place",
    "sheets_of_periods",
    "sheet_of_all_places",
    "sheets_of_copies",
    "returns",
    "not_in_force",
    "line_called_off",
    "written_once",
    "list_apart",
    "total_among",
    "total_left",
    "total_of_lots",
    "without_quantity",
    "blank_column",
    "without_item",
    "without_price",
    "without_day",
    "revised",
    "in_parts",
    "running_numbers",
    "called_off",
    "unusable_stock",
    "codes_as_decimals",
    "several_numbers",
    "number_with_more",
    "groups_among_items",
    "others_among_parties",
    "day_far_off",
]
"""What may be asked about a table before it goes in, see `crossdock.pipeline.questions`."""


class StreamFile(_Part):
    """One stream of a source."""

    config: dict[str, object] = Field(default={}, description="The connector's settings for this stream.")
    mapping: str | list[str] = Field(description="Mapping, or several of which the header chooses one.")
    schedule: Annotated[str, StringConstraints(strip_whitespace=True, pattern=CRON)] | None = Field(
        default=None, description="Cron line; None = only by hand."
    )
    complete: bool | Literal["document"] = Field(
        default=False,
        description="true: each file (or each read of a database) holds all there is, so what is missing was deleted; "
        "document: each document in it is whole. The lines of nested JSON documents always are.",
    )
    scope: list[str] = Field(
        default=[],
        description="Fields or parts of the path for whose values a complete read speaks, e.g. [partner]; else for all.",
    )
    guard: Guard = Guard()
    accepted: list[QuestionName] = Field(
        default=[],
        description="Questions about its files that are answered for good: what they ask about goes in as it is.",
    )
    drift: Drift = Field(
        default=Drift.EVOLVE,
        description="When columns differ from last time: evolve takes what fits and says what came and went; freeze "
        "leaves new columns unread and parks a file that lacks one; park asks about any difference.",
    )
    date_order: DateOrderSetting = Field(default="", description="dmy, mdy or ymd; else the source's.")
    currency: Currency = Field(default="", description="Currency of amounts that state none, such as CNY.")

    @property
    def mappings(self) -> list[str]:
        """The mapping names."""
        return [self.mapping] if isinstance(self.mapping, str) else self.mapping


class SourceFile(_Part):
    """`sources/<name>.yaml`."""

    source: str = Field(pattern=ID, description="Its id, part of every key.")
    connector: str = Field(description="Connector name.")
    title: str = Field(default="", description="What people call it.")
    timezone: Zone | None = Field(default=None, description="IANA zone of naive times; else the deployment's.")
    date_order: DateOrderSetting = Field(
        default="",
        description="Order of 03/04/2026 where its column does not show it, and of 26/3/1; else the mapping's.",
    )
    connection: str | None = Field(default=None, description="Airflow connection id or CROSSDOCK_CONN_<ID>.")
    config: dict[str, object] = Field(default={}, description="The connector's settings.")
    streams: dict[str, StreamFile] = Field(min_length=1)


def environment_connection(name: str) -> Mapping[str, str]:
    """The connection `name` from CROSSDOCK_CONN_<NAME>, a JSON object of texts.

    Raises:
        ConfigError (XD-CFG-020): It is not set or no JSON object; the value itself is never shown.
    """
    variable = f"CROSSDOCK_CONN_{name.upper()}"
    hint = Text(
        f'请设置环境变量 {variable}，内容是 JSON，例如 {{"url": "…"}}。',
        f'Set the environment variable {variable} to a JSON object such as {{"url": "…"}}.',
    )
    text = os.environ.get(variable)
    if text is None:
        raise ConfigError(
            Text(f"没有连接“{name}”。", f"There is no connection “{name}”."), hint=hint, code="XD-CFG-020"
        )
    try:
        parsed = parse_json(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        what = Text(f"{variable} 不是 JSON 对象。", f"{variable} is not a JSON object.")
        raise ConfigError(what, hint=hint, code="XD-CFG-020") from None
    return {str(key): str(value) for key, value in parsed.items()}


@dataclass(frozen=True)
class Home:
    """A deployment's folder.

    Attributes:
        path: The folder.
        connect: Gives a connection's values by its id; Airflow passes its own.
    """

    path: Path
    connect: ConnectionLookup = environment_connection

    @classmethod
    def find(cls, path: Path | None = None, connect: ConnectionLookup = environment_connection) -> "Home":
        """The home at `path`, else at CROSSDOCK_HOME, else the current folder.

        Raises:
            ConfigError (XD-CFG-002): There is no crossdock.yaml.
        """
        folder = (path or Path(os.environ.get("CROSSDOCK_HOME", "."))).resolve()
        if not (folder / "crossdock.yaml").is_file():
            raise ConfigError(
                Text(
                    "这里不是 Crossdock 的目录：没有 crossdock.yaml。",
                    "This is no Crossdock folder: there is no crossdock.yaml.",
                ),
                where=str(folder),
                hint=Text(
                    "先运行 crossdock init，或设置 CROSSDOCK_HOME。", "Run crossdock init first, or set CROSSDOCK_HOME."
                ),
                code="XD-CFG-002",
            )
        return cls(folder, connect)

    @property
    def state(self) -> Path:
        """Where the embedded store and the local landing zone lie."""
        return self.path / ".crossdock"

    @property
    def landing(self) -> str:
        """URL (for fsspec) or path of the landing zone."""
        return self.settings.landing or str(self.state / "landing")

    @cached_property
    def settings(self) -> Settings:
        """The checked content of crossdock.yaml."""
        return _load(self.path / "crossdock.yaml", Settings)

    @property
    def language(self) -> Language:
        """The language of the deployment."""
        return choose_language(self.settings.language)

    @property
    def mappings(self) -> Path | None:
        """Folder of the deployment's own mappings, None where there is none."""
        folder = self.path / "mappings"
        return folder if folder.is_dir() else None

    @cached_property
    @translate_disk_errors()
    def sources(self) -> Mapping[str, SourceFile]:
        """Source id -> its checked file.

        Raises:
            ConfigError: A file is wrong, or its name differs from the id that it says.
        """
        return {path.stem: read_source(path) for path in self.source_files}

    @property
    def source_files(self) -> list[Path]:
        """The files of all sources, right or wrong."""
        return sorted(path for path in (self.path / "sources").glob("*.yaml") if not path.name.startswith("."))

    def alone(self, path: Path) -> "Home":
        """The deployment with the one source of the file `path`, whatever the other files say.

        Raises:
            ConfigError: The file is wrong.
        """
        return self.with_source(read_source(path))

    def with_source(self, source: SourceFile) -> "Home":
        """The deployment as if `source` were its only source."""
        home = Home(self.path, self.connect)
        home.__dict__["sources"] = {source.source: source}  # where cached_property keeps it
        return home

    def source(self, name: str) -> SourceFile:
        """The source called `name`.

        Raises:
            ConfigError (XD-CFG-003): There is none.
        """
        if name not in self.sources:
            listed = ", ".join(self.sources)
            raise ConfigError(
                Text(f"没有数据源“{name}”。", f"There is no source “{name}”."),
                where="sources/",
                hint=Text(f"现有：{listed or '（无）'}。", f"There are: {listed or '(none)'}."),
                code="XD-CFG-003",
            )
        return self.sources[name]

    def stream(self, source: str, stream: str) -> StreamFile:
        """The stream of a source.

        Raises:
            ConfigError (XD-CFG-003): There is none.
        """
        streams = self.source(source).streams
        if stream not in streams:
            raise ConfigError(
                Text(f"数据源 {source} 没有数据流“{stream}”。", f"The source {source} has no stream “{stream}”."),
                where=f"sources/{source}.yaml",
                hint=Text(f"现有：{', '.join(streams)}。", f"There are: {', '.join(streams)}."),
                code="XD-CFG-003",
            )
        return streams[stream]

    def timezone(self, source: str) -> str:
        """IANA zone that naive times of the source take."""
        return self.source(source).timezone or self.settings.timezone

    def currency(self, source: str, stream: str) -> str:
        """The currency of the stream's amounts that state none; empty where nobody says."""
        return self.stream(source, stream).currency

    def date_order(self, source: str, stream: str) -> str:
        """How the stream writes dates that could be either; empty where neither it nor its source says."""
        return self.stream(source, stream).date_order or self.source(source).date_order


def read_source(path: Path) -> SourceFile:
    """The checked source file.

    Raises:
        ConfigError: It is wrong, or its name differs from the id that it says.
    """
    source = _load(path, SourceFile)
    if source.source != path.stem:
        raise ConfigError(
            Text(
                f"source: {source.source} 应与文件名一致。",
                f"source: {source.source} must equal the file's name.",
            ),
            where=f"sources/{path.name}",
        )
    return source


@translate_disk_errors()
def load_yaml(path: Path) -> JsonValue:
    """The YAML document at `path`.

    Raises:
        ConfigError (XD-CFG-004): It cannot be read, is no UTF-8, is not YAML, or has a key twice; names the line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=StrictLoader)  # type: ignore[no-any-return]  # noqa: S506  # untyped, but a safe loader
    except DoubleKeyError as error:
        raise ConfigError(error.what, where=f"{_shown(path)}:{error.line}", hint=MERGE, code="XD-CFG-004") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            Text("不是合法的 YAML。", "It is not valid YAML."),
            where=_shown(path) + (f":{mark.line + 1}" if mark else ""),
            hint=Text(
                "看这一行和上一行：多半是缩进不齐、用了制表符、少引号，或值里有冒号。",
                "Look at this line and the one before: indentation, a tab, a missing quote, or a colon inside a value.",
            ),
            code="XD-CFG-004",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            Text("文件不是 UTF-8 编码。", "The file is not encoded in UTF-8."),
            where=_shown(path),
            hint=Text("请在编辑器里另存为 UTF-8。", "Save it as UTF-8 in your editor."),
            code="XD-CFG-004",
        ) from error
    except OSError as error:
        raise ConfigError(
            Text(f"文件读不了：{error.strerror}。", f"The file cannot be read: {error.strerror}."),
            where=_shown(path),
            code="XD-CFG-004",
        ) from error


def _shown(path: Path) -> str:
    """The path as people see it in the deployment: crossdock.yaml, sources/erp.yaml."""
    return path.name if path.name == "crossdock.yaml" else f"{path.parent.name}/{path.name}"


def _load(path: Path, model: type[_Model]) -> _Model:
    return check_model(load_yaml(path) or {}, model, _shown(path))


_PATTERNS = {
    ID: Text(
        "只能用小写字母、数字和下划线，以字母开头",
        "only lower-case letters, digits and underscores, beginning with a letter",
    ),
    PERCENT: Text("应是百分数，如 '20%'", "a percentage is wanted, such as '20%'"),
    CRON: Text(
        "应是 cron 的五段：分 时 日 月 星期，如 '*/10 * * * *'（每 10 分钟）、'15 7 * * 1-6'（周一到周六 7:15）",
        "the five fields of cron are wanted: minute hour day month weekday, such as '*/10 * * * *' or '15 7 * * 1-6'",
    ),
}


def check_model(raw: object, model: type[_Model], where: str) -> _Model:
    """`raw` as `model`.

    Raises:
        ConfigError (XD-CFG-005): It does not fit; names the key and what is expected.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        key, said = faults(error, model, _PATTERNS)[0]
        if not key:
            raise ConfigError(
                Text(f"内容不对：{said.zh}。", f"The content is wrong: {said.en}."), where=where, code="XD-CFG-005"
            ) from error
        raise ConfigError(
            Text(f"设置“{key}”不对：{said.zh}。", f"The setting “{key}” is wrong: {said.en}."),
            where=where,
            code="XD-CFG-005",
        ) from error
