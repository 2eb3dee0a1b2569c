"""YAML documents, read so that no line of them is lost."""

from collections.abc import Hashable
from typing import Any

import yaml

from canonical_model.language import Text

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's safe loader: the one in C where it was built, which takes a tenth of the time."""


class DoubleKeyError(Exception):
    """A key stands twice in one mapping.

    Attributes:
        what: The sentence that says so, with both lines.
        line: Line of the second.
    """

    def __init__(self, key: str, first: int, line: int) -> None:
        super().__init__(key)
        self.what = Text(
            f"“{key}”写了两遍（第 {first} 行和第 {line} 行）。", f"“{key}” stands twice (lines {first} and {line})."
        )
        self.line = line


MERGE = Text("请合并成一处。", "Merge them into one.")
"""What to do about a key that stands twice."""


class StrictLoader(SafeLoader):  # type: ignore[misc]  # chosen at run time
    """Refuses a key that stands twice; YAML itself would take the last one, without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        """What a mapping holds; `DoubleKeyError` where a key stands twice."""
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise DoubleKeyError(str(key.value), seen[key.value], line)
            seen[key.value] = line
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]  # the loader in C has no types
