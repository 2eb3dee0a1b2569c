"""Chinese and English side by side, and which of the two a reader gets."""

import os
from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """A language that Crossdock speaks."""

    ZH = "zh"
    EN = "en"


class Text(NamedTuple):
    """One sentence or label in both languages."""

    zh: str
    en: str

    def get(self, language: Language) -> str:
        """The text in `language`."""
        return self.zh if language is Language.ZH else self.en

    def format(self, **values: object) -> "Text":
        """Both languages with `{name}` places filled from `values`."""
        return Text(self.zh.format(**values), self.en.format(**values))


def choose_language(setting: str | None = None, environment: dict[str, str] | None = None) -> Language:
    """The language for a reader: their setting, else English where LANG begins with en, else Chinese.

    Args:
        setting: `language:` of the recipient or of `crossdock.yaml`; None or empty when not set.
        environment: The process environment; `os.environ` when None.
    """
    if setting:
        return Language(setting)
    lang = (os.environ if environment is None else environment).get("LANG", "")
    return Language.EN if lang.lower().startswith("en") else Language.ZH
