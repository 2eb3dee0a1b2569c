"""Landing and applying in one call."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from canonical_model.clock import Clock, utc_now
from crossdock.home import Home
from crossdock.pipeline.apply import apply
from crossdock.pipeline.land import land
from crossdock.pipeline.progress import Tell, tell_nobody
from crossdock.pipeline.report import RunReport
from mappings.database import warm_up


def sync(
    home: Home,
    engine: Engine,
    source: str,
    stream: str,
    *,
    kind: str = "sync",
    clock: Clock = utc_now,
    tell: Tell = tell_nobody,
) -> RunReport:
    """Lands what is new in a stream and applies it; `tell` is told how far it is.

    Raises:
        CrossdockError: The run failed; its record says why, and a later run goes on where this one was.
    """
    with ThreadPoolExecutor(1) as beside:
        beside.submit(warm_up)
        run_id = land(home, engine, source, stream, kind=kind, clock=clock, tell=tell)
    return apply(home, engine, run_id, clock=clock, tell=tell)
