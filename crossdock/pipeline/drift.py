"""Whether the columns of a file are those of last time, which a person decides where the stream's policy says so."""

from sqlalchemy import select

from canonical_model.language import Text
from crossdock.home import Drift
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow


def columns_to_read(work: Work, row: AnyRow, mapping: str) -> tuple[str, ...] | Text:
    """The columns of a landed batch that the stream's policy lets be read, or why the batch parks.

    The yardstick is the last batch that went in with the same mapping and the same partner; the first sets it. Of a
    batch that went in itself nothing is asked again: what was left out of it then stays out.
    """
    columns = tuple(row.columns)
    policy = work.settings.drift
    if policy is Drift.EVOLVE or row.is_json or row.is_approved:
        return columns
    batch = tables.batch
    query = select(batch.c.columns).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.mapping == mapping,
        tables.has_gone_in(),
        batch.c.rows_read > 0,
        batch.c.parts == row.parts,
        batch.c.id < row.id,
    )
    before = work.connection.scalar(query.order_by(batch.c.id.desc()).limit(1))
    if before is None:
        return columns
    if row.status == "applied":
        left_out = () if policy is Drift.PARK else set(row.unread) - set(before)
        return tuple(name for name in columns if name not in left_out)
    came = [name for name in columns if name not in before]
    went = [name for name in before if name not in columns]
    if went or (came and policy is Drift.PARK):
        return _question(came, went, work.run_id)
    return tuple(name for name in columns if name in before)


def _question(came: list[str], went: list[str], run: int) -> Text:
    zh = [f"多了 {'、'.join(came)}"] * bool(came) + [f"少了 {'、'.join(went)}"] * bool(went)
    en = [f"{', '.join(came)} came"] * bool(came) + [f"{', '.join(went)} went"] * bool(went)
    return Text(
        f"列和上次不同：{'，'.join(zh)}。请核对文件；"
        f"要按新的列读：crossdock run approve {run}；文件有误：crossdock run discard {run}。",
        f"The columns are not those of last time: {', '.join(en)}. Check the file; to read it as it is: "
        f"crossdock run approve {run}; if the file is wrong: crossdock run discard {run}.",
    )
