"""A configured source as a running connector."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from canonical_model.errors import ConfigError
from canonical_model.text import JsonValue
from connectors.base import Connector, load_connector
from crossdock.home import Home, check_model


def open_source(home: Home, name: str) -> Connector:
    """The connector of the source `name`, with its checked settings and its secrets.

    Raises:
        ConfigError: The source, its connector, a setting or its connection is wrong.
    """
    source, place = home.source(name), f"sources/{name}.yaml"
    with _placed(place):
        connector = load_connector(source.connector)
    config = dict(source.config)
    if "path" in connector.config_model.model_fields and "path" in config:
        config["path"] = str(home.path / str(config["path"]))
    secrets: Mapping[str, str] = home.connect(source.connection) if source.connection else {}
    streams = {stream: cast(Mapping[str, JsonValue], spec.config) for stream, spec in source.streams.items()}
    checked = check_model(config, connector.config_model, f"{place} config")
    with _placed(place):
        return connector(checked, streams, secrets)


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """Says where a setting is wrong, which a connector does not know."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.what, where=error.where or place, hint=error.hint, code=error.problem_code) from error
