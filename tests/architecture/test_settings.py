"""What two connectors set alike is named alike, and a number says its unit."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
from pydantic import Field
from pydantic.fields import FieldInfo

from connectors.base import ConnectorConfig, load_connector

ONE_NAME = {
    "timeout_seconds": r"time_?out|max(imum)?_wait|wait_seconds",
    "minimum_age_seconds": r"(^|_)age|settle|stable|quiet|grace",
    "batch_rows": r"(batch|page|chunk|fetch|block)_?(rows|size|lines|records|count|length)|rows_per",
    "key": r"^(primary_?)?keys?$|key_(columns|fields)|^id_(columns|fields)",
    "watermark": r"watermark|cursor_(column|field)|replication_key|modified_(column|field)",
    "overlap_seconds": r"overlap.*(second|minute|time)|look_?back",
    "path": r"^(path|folder|directory|root)$",
    "files": r"^(files|patterns?|globs?|masks?)$",
}
"""The name of a setting -> what other names for the same thing look like."""
UNITS = ("_seconds", "_rows", "_count", "_bytes")

Setting = tuple[str, str, FieldInfo]


def settings() -> Iterator[Setting]:
    """(model, name, field) of every setting of every connector."""
    for point in entry_points(group="crossdock.connectors"):
        connector = load_connector(point.name)
        for model in (connector.config_model, connector.stream_model):
            yield from ((model.__name__, name, field) for name, field in model.model_fields.items())


def misnamed(found: list[Setting]) -> list[str]:
    """Settings that have another name for one of `ONE_NAME`, or are numbers without a unit."""
    wrong = []
    for model, name, field in found:
        wrong += [
            f"{model}.{name}: is it {right}?"
            for right, other in ONE_NAME.items()
            if name != right and name not in ONE_NAME and re.search(other, name)
        ]
        if field.annotation in (int, float) and not name.endswith(UNITS):
            wrong.append(f"{model}.{name}: in which unit?")
    return wrong


def differing(found: list[Setting]) -> list[str]:
    """Names that are of one type in one connector and of another in the next."""
    kinds: dict[str, set[str]] = {}
    for _, name, field in found:
        kinds.setdefault(name, set()).add(str(field.annotation))
    return sorted(name for name, types in kinds.items() if len(types) > 1)


def test_settings_that_mean_the_same_have_one_name_and_one_type_in_all_connectors() -> None:
    found = list(settings())
    assert len({model for model, _, _ in found}) >= 4
    assert misnamed(found) == []
    assert differing(found) == []


class Odd(ConnectorConfig):
    """Settings as they should not be."""

    timeout: int = Field(default=1, description="Seconds.")
    page_size: int = Field(default=1, description="Rows.")
    key: str = Field(default="", description="Key.")


@pytest.mark.parametrize("name", ["timeout", "page_size"])
def test_another_name_for_a_known_setting_is_found(name: str) -> None:
    wrong = misnamed([("Odd", name, Odd.model_fields[name])])
    assert [line.split(": ")[1][:5] for line in wrong] == ["is it", "in wh"]


def test_another_type_under_a_known_name_is_found() -> None:
    assert differing([*settings(), ("Odd", "key", Odd.model_fields["key"])]) == ["key"]
