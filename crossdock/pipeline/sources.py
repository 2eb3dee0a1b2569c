"""A configured source as a running connector."""

from collections.abc import Mapping
from typing import cast

from canonical_model.text import JsonValue
from connectors.base import Connector, load_connector
from crossdock.home import Home, check_model


def open_source(home: Home, name: str) -> Connector:
    """The connector of the source `name`, with its checked settings and its secrets.

    Raises:
        ConfigError: The source, its connector, a setting or its connection is wrong.
    """
    source = home.source(name)
    connector = load_connector(source.connector)
    config = dict(source.config)
    if "path" in connector.config_model.model_fields and "path" in config:
        config["path"] = str(home.path / str(config["path"]))
    secrets: Mapping[str, str] = home.connect(source.connection) if source.connection else {}
    streams = {stream: cast(Mapping[str, JsonValue], spec.config) for stream, spec in source.streams.items()}
    return connector(check_model(config, connector.config_model, f"sources/{name}.yaml config"), streams, secrets)
