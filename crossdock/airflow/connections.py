"""Connections inside a task: Airflow's own first, then the environment."""

from collections.abc import Mapping

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from crossdock.home import environment_connection

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
}


def airflow_connection(name: str) -> Mapping[str, str]:
    """The connection `name` as texts: from Airflow (form, secrets backend, AIRFLOW_CONN_…), else CROSSDOCK_CONN_….

    Raises:
        ConfigError (XD-CFG-020): Neither knows it.
    """
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return environment_connection(name)
    return connection_values(connection)


def connection_values(connection: Connection) -> Mapping[str, str]:
    """The filled fields of an Airflow connection; what stands under "extra" wins over the form's own fields.

    `user` and `url` are added for databases, since that is how our connectors call them.
    """
    form = {
        "host": connection.host,
        "port": connection.port,
        "schema": connection.schema,
        "login": connection.login,
        "user": connection.login,
        "password": connection.password,
    }
    values = {key: str(value) for key, value in form.items() if value not in (None, "")}
    driver = _DRIVERS.get(connection.conn_type or "")
    if driver and connection.host:
        port = f":{connection.port}" if connection.port else ""
        values["url"] = f"{driver}://{connection.host}{port}/{connection.schema or ''}"
    extra = {str(key): str(value) for key, value in connection.extra_dejson.items() if value not in (None, "")}
    return values | extra
