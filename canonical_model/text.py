"""Text forms that more than one layer must agree on."""

import json
import unicodedata

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


def parse_json(text: str | bytes) -> JsonValue:
    """The JSON document with every number as the text that was received, so 1.10 stays "1.10".

    Raises:
        json.JSONDecodeError: `text` is not JSON.
    """
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)  # type: ignore[no-any-return]  # noqa: TID251  # this is the replacement


def half_width(text: str) -> str:
    """`text` with full-width letters, digits and signs as their plain forms (NFKC), trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def clip(text: str, length: int = 80) -> str:
    """`text`, at most `length` characters, the cut marked with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"
