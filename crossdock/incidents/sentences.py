"""Sentences of incidents: the business difference in words, from a rule's template and the facts it found."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from jinja2 import Template, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text

Facts = Mapping[str, object]


def show_quantity(value: Decimal | int | None) -> str:
    """A quantity without idle zeros: 300.000000 → "300"."""
    if value is None:
        return "—"
    plain = f"{Decimal(value):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def show_day(value: date | None) -> str:
    """A day as people here write it: "3/5"."""
    return "—" if value is None else f"{value.month}/{value.day}"


@cache
def _environment(language: Language) -> SandboxedEnvironment:
    def shift(before: date | None, after: date | None) -> str:
        days = (after - before).days if before and after else 0
        if language is Language.ZH:
            return f"{'晚' if days > 0 else '早'}{abs(days)}天" if days else "未变"
        return (
            f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'earlier'}"
            if days
            else "same"
        )

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False
    )  # messages are not HTML; pages escape
    environment.filters |= {"quantity": show_quantity, "day": show_day, "shift": shift}
    return environment


class SentenceTemplate:
    """A rule's sentence in both languages.

    Args:
        text: The templates.
        where: The rule's file, for errors.

    Raises:
        ConfigError (XD-CFG-061): A template does not parse.
    """

    def __init__(self, text: Text, where: str) -> None:
        self._where = where
        try:
            self._templates: dict[Language, Template] = {
                language: _environment(language).from_string(text.get(language)) for language in Language
            }
        except TemplateSyntaxError as error:
            raise self._error(error.message or "", "") from error

    def _error(self, zh: str, en: str) -> ConfigError:
        return ConfigError(
            Text(f"规则的句子写得不对：{zh}。", f"The rule's sentence is wrong: {en or zh}."),
            where=self._where,
            code="XD-CFG-061",
        )

    def render(self, facts: Facts) -> Text:
        """The sentence for one row of facts.

        Raises:
            ConfigError (XD-CFG-061): It names a column that the query does not give.
        """
        try:
            zh, en = (self._templates[language].render(facts).strip() for language in Language)
        except (UndefinedError, SecurityError, TypeError, ValueError) as error:
            raise self._error(str(error), str(error)) from error
        return Text(zh, en)


def storable(facts: Facts) -> dict[str, object]:
    """Facts as JSON keeps them: numbers and dates as text."""
    return {
        name: show_quantity(value)
        if isinstance(value, Decimal)
        else value.isoformat()
        if isinstance(value, date | datetime)
        else value
        for name, value in facts.items()
    }
