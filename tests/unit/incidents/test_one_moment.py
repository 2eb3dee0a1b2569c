"""An evaluation sees one moment of the store, whatever is committed while it asks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event

from tests.integration.hub import LEANEST, Hub, order_row

pytestmark = pytest.mark.store
MOST_STATEMENTS = 60
QUERY = """
    SELECT source || ' ' || key AS subject, ARRAY[source] AS sources, order_number, ordered
    FROM facts.purchase_order_line WHERE ordered < 400"""


@contextmanager
def before_statement(hub: Hub, number: int, happens: Callable[[], object]) -> Iterator[list[str]]:
    """Lets something happen before the n-th statement; gives the statements that came before it."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)
        if len(said) == number:
            happens()

    event.listen(hub.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(hub.engine, "before_cursor_execute", listen)


def test_a_first_load_committed_just_before_the_question_alerts_nobody(hub: Hub) -> None:
    """Its rows are written as visible to everyone, snapshots that are older included."""
    hub.mapping("own/orders", LEANEST)
    hub.rule("few", query=QUERY, clock=True)
    hub.evaluate()
    hub.put("a.csv", [order_row("PO-1", quantity="100")])
    with before_statement(hub, 1000, hub.sync) as said:
        hub.evaluate()
    asking = next(number for number, one in enumerate(said, 1) if "ordered < 400" in one)

    with before_statement(hub, asking, hub.sync):
        hub.evaluate()
    hub.evaluate()

    assert hub.column("SELECT is_baseline FROM crossdock.incident") == [True]
    assert hub.column("SELECT sentence ->> 'zh' FROM crossdock.alert WHERE kind <> 'summary'") == []


def test_a_first_load_committed_between_two_statements_alerts_nobody(hub: Hub) -> None:
    hub.mapping("own/orders", LEANEST)
    hub.rule("few", query=QUERY, clock=True)
    hub.load(order_row("PO-1"))
    hub.evaluate()
    for number in range(1, MOST_STATEMENTS, 2):
        source = f"s{number}"
        hub.stream("own/orders", source=source, files=f"{source}/*.csv")
        hub.put(f"{source}/a.csv", [order_row(f"PO-{number}", quantity="100")])

        with before_statement(hub, number, partial(hub.sync, source=source)) as said:
            hub.evaluate()
        if len(said) < number:
            break
        hub.evaluate()
        assert hub.column("SELECT is_baseline FROM crossdock.incident WHERE subject LIKE :one", one=f"{source} %") == [
            True
        ], number
        assert hub.column("SELECT sentence ->> 'zh' FROM crossdock.alert WHERE kind <> 'summary'") == []
    else:
        pytest.fail("no evaluation came through untouched")
    assert number > 10
