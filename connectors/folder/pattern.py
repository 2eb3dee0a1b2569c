"""Path patterns that name their parts: inbox/{partner}/*.xlsx."""

import re
from collections.abc import Mapping

from canonical_model.validation import WrongValueError

_TOKEN = re.compile(r"\{(?P<name>[^{}]*)\}|(?P<deep>\*\*/)|(?P<any>\*)|(?P<one>\?)|(?P<text>[^{*?]+|.)", re.DOTALL)


class PathPattern:
    """A pattern for paths below a folder: * within a name, **/ any depth, {name} a part that is kept.

    Args:
        pattern: The pattern as written in the source file.

    Raises:
        ValueError: A part has no usable name, or a name twice.
    """

    def __init__(self, pattern: str) -> None:
        if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", pattern)):
            raise WrongValueError(
                f"{pattern}：花括号要成对，如 {{partner}}/*.xlsx",
                f"{pattern}: braces stand in pairs, as in {{partner}}/*.xlsx",
            )
        self.names: list[str] = []
        written = "".join(map(self._translate, _TOKEN.finditer(pattern)))
        if len(set(self.names)) != len(self.names):
            raise WrongValueError(f"{pattern}：花括号里的名称重复", f"{pattern}: a name in braces stands twice")
        self._regex = re.compile(written)

    def match(self, path: str) -> Mapping[str, str] | None:
        """The named parts of `path`; None when it does not match as a whole."""
        found = self._regex.fullmatch(path)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))

    def _translate(self, token: re.Match[str]) -> str:
        if token["name"] is not None:
            if not token["name"].isidentifier():
                raise WrongValueError(
                    f"{token[0]}：花括号里只能写字母、数字和下划线", f"{{{token['name']}}}: letters, digits and _ only"
                )
            self.names.append(token["name"])
            return "([^/]+)"
        if token["deep"]:
            return "(?:[^/]+/)*"
        if token["any"]:
            return "[^/]*"
        return "[^/]" if token["one"] else re.escape(token["text"])
