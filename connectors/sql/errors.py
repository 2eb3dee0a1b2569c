"""What database drivers say, as our errors, grouped by who acts; no secret in any of them."""

from collections.abc import Iterable

import pyodbc
import sqlalchemy.exc

from canonical_model.errors import AuthError, ConfigError, CrossdockError, TransientError
from canonical_model.language import Text
from canonical_model.text import clip

CAUGHT = (sqlalchemy.exc.SQLAlchemyError, pyodbc.Error, OSError)
"""Everything that a read may raise on account of the database."""

_AUTH = ("28", "42501", "0LP01")
_UNKNOWN = ("42P01", "42703", "42S02", "42S22", "42P10", "3F000", "42601", "42000", "42883", "IM002", "IM003", "01000")
_UNKNOWN_WORDS = (
    "no such table",
    "no such column",
    "syntax error",
    "can't load plugin",
    "no module named",
    "data source name not found",
)
_AUTH_WORDS = (
    "password authentication failed",
    "access denied",
    "login failed",
    "permission denied",
    "no password supplied",
)


def translate_errors(error: BaseException, secrets: Iterable[str]) -> CrossdockError:
    """Our error for one of a driver.

    Args:
        error: What the driver or SQLAlchemy raised.
        secrets: Values that must not show.
    """
    original = getattr(error, "orig", None) or error
    state = _state_of(original)
    said = " ".join(str(original).split())
    for secret in sorted((one for one in secrets if one), key=len, reverse=True):
        said = said.replace(secret, "***")
    lower, said = said.lower(), clip(said, 300)
    if state.startswith(_AUTH) or any(word in lower for word in _AUTH_WORDS):
        return AuthError(
            Text(f"数据库拒绝了登录或权限：{said}", f"The database refused the login or the permission: {said}"),
            hint=Text("请核对连接的用户名、密码和权限。", "Check the user, password and grants of the connection."),
        )
    is_setting = isinstance(error, sqlalchemy.exc.ArgumentError | sqlalchemy.exc.NoSuchModuleError)
    if is_setting or state.startswith(_UNKNOWN) or any(word in lower for word in _UNKNOWN_WORDS):
        return ConfigError(
            Text(f"数据库不认识设置里的内容：{said}", f"The database does not know what the settings name: {said}"),
            hint=Text(
                "请核对 table、query、key、watermark 与连接地址。",
                "Check table, query, key, watermark and the address.",
            ),
            code="XD-CFG-030",
        )
    return TransientError(
        Text(f"数据库暂时读不了：{said}", f"The database cannot be read at present: {said}"),
        hint=Text("稍后会自动再试。", "It is tried again later."),
    )


def _state_of(error: object) -> str:
    """The SQLSTATE where the driver gives one."""
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state)
    arguments = getattr(error, "args", ())
    return str(arguments[0]) if isinstance(error, pyodbc.Error) and arguments else ""
