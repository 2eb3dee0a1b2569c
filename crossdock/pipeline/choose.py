"""Which mapping a landed batch takes, by the header that it carries."""

from collections.abc import Sequence
from dataclasses import dataclass

from canonical_model.errors import CrossdockError
from canonical_model.language import Language, Text
from crossdock.home import Home
from crossdock.store.database import AnyRow
from mappings.plan import MappingDoesNotFitError, Plan, make_plan
from mappings.spec import MappingFile, find_mapping


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What decides the mapping of a batch: its columns, and which of them came from the path pattern."""

    columns: tuple[str, ...]
    parts: tuple[str, ...]
    is_json: bool


def header_of(row: AnyRow) -> HeaderFacts:
    """The header of a row of `crossdock.batch`."""
    return HeaderFacts(tuple(row.columns), tuple(row.parts), row.is_json)


class MappingChooser:
    """Chooses among the mappings of one stream and keeps what it compiled.

    Args:
        home: The deployment.
        source: Source id.
        stream: Stream name.

    Raises:
        MappingError: A mapping is missing or wrong.
    """

    def __init__(self, home: Home, source: str, stream: str) -> None:
        self._timezone = home.timezone(source)
        self._date_order = home.date_order(source, stream)
        self._currency = home.currency(source, stream)
        self._stream = stream
        self.specs: Sequence[MappingFile] = [
            find_mapping(name, home.mappings) for name in home.stream(source, stream).mappings
        ]
        self._plans: dict[HeaderFacts, Plan | Text] = {}

    def choose(self, header: HeaderFacts) -> Plan | Text:
        """The plan for the header, or why there is none, in words for the person who sent the file.

        Raises:
            MappingError: An expression of a mapping is wrong.
        """
        if header not in self._plans:
            self._plans[header] = self._choose(header)
        return self._plans[header]

    def _choose(self, header: HeaderFacts) -> Plan | Text:
        plans: list[Plan] = []
        refusals: list[CrossdockError] = []
        for spec in self.specs:
            try:
                plans.append(
                    make_plan(
                        spec,
                        header=header.columns,
                        is_json=header.is_json,
                        timezone=self._timezone,
                        date_order=self._date_order,
                        currency=self._currency,
                        stream=self._stream,
                        key_parts=tuple(part for part in header.parts if part == "partner"),
                    )
                )
            except MappingDoesNotFitError as error:
                refusals.append(error)
        if len(plans) == 1:
            return plans[0]
        if not plans and len(refusals) == 1:
            return Text(refusals[0].render(Language.ZH), refusals[0].render(Language.EN))
        names = ", ".join(spec.mapping for spec in self.specs)
        listed = "、".join(header.columns)
        if not plans:
            return Text(
                f"没有一个映射适合这张表：{names} 都缺少必需的列。表头是：{listed}。请核对表头，或在映射的 columns: 里加上叫法。",
                f"No mapping fits this sheet: {names} all lack required columns. Its header is: {listed}. "
                "Check the header, or add the names under columns: in a mapping.",
            )
        both = ", ".join(plan.spec.mapping for plan in plans)
        return Text(
            f"有多个映射都适合这张表：{both}。请在数据源里只留一个，或让它们要求不同的列。",
            f"More than one mapping fits this sheet: {both}. Keep one in the source, or let them require different columns.",
        )
