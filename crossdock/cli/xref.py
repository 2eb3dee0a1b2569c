"""`crossdock xref`: which codes of different sources mean one thing, and where their numbers differ."""

import getpass
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import moment

if TYPE_CHECKING:
    from crossdock.pipeline.xref import Decision, Reference
    from crossdock.pipeline.xref.conflicts import Side

group = typer.Typer(
    help="编码对照：同一物料、往来方、地点在各处的编码 · codes of one item, party or location in different systems"
    "\n\n例 · examples:  crossdock xref propose    crossdock xref list    crossdock xref confirm 1a2b3c4d5e6f",
    no_args_is_help=True,
)

EntityOption = Annotated[
    str | None,
    typer.Option("--entity", metavar="对象", help="item、party 或 location · item, party or location"),
]
MethodOption = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="方法",
        help="该方法提出的全部，一码多解的除外 · all that this method proposed, but for ambiguous codes",
    ),
]
IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[编号]…", help="xref list 里的编号 · ids as in xref list", show_default=False),
]
WhoOption = Annotated[
    str | None,
    typer.Option("--as", metavar="姓名", help="谁决定的；默认当前用户 · who decides; else you", show_default=False),
]
_ENTITIES = ("item", "party", "location")
_STATES = ("proposed", "confirmed", "rejected", "superseded")
_METHODS = ("strong_key", "prior_pair", "doc_pair", "fuzzy")


def list_(
    *,
    state: Annotated[
        str, typer.Option("--state", metavar="状态", help="proposed、confirmed、rejected、superseded 或 all · or all")
    ] = "proposed",
    entity: EntityOption = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="数据源", help="只看这个数据源的编码 · of this source only")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几条 · at most")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出编码对照，依据最强的在前 · list cross-references, the best evidence first.

    例 · example:  crossdock xref list --entity item --state confirmed
    """
    with session(home, as_json) as one:
        _check(state, (*_STATES, "all"), "--state")
        _check(entity, _ENTITIES, "--entity")
        with one.store() as engine:
            from crossdock.pipeline.xref import listed

            found = listed(engine, state=None if state == "all" else state, entity=entity, system=system)
        one.screen.document |= {"total": len(found), "references": found[:limit]}
        if not found:
            one.screen.say(Text("没有这样的编码对照。", "There is no such cross-reference."), style="green")
            one.screen.say(
                Text("crossdock xref propose 寻找新的。", "crossdock xref propose looks for new ones."), indent=2
            )
        _show(one, found[:limit])
        if len(found) > limit:
            more = len(found) - limit
            one.screen.say(
                Text(f"……还有 {more:,} 条（--limit 显示更多）", f"… and {more:,} more (--limit shows more)"),
                style="dim",
            )


def propose(*, entity: EntityOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """在已入库的数据里寻找同一对象的不同编码 · look through what is stored for codes that mean one thing.

    依据：条码、位置码、信用代码；单据上成对的编码；别处已确认的配对；名称和规格。只提出，不生效 ·
    evidence: bar codes and registered numbers, codes paired on documents, pairs confirmed elsewhere, names and
    specifications. It only proposes.

    例 · example:  crossdock xref propose --entity item
    """
    with session(home, as_json) as one:
        _check(entity, _ENTITIES, "--entity")
        with one.store() as engine:
            from crossdock.pipeline import xref

            found = xref.propose(engine, (entity,) if entity else _ENTITIES)
        total = sum(found.made.values())
        one.screen.document |= {
            "proposed": total,
            "by_method": dict(
                Counter({m: sum(n for (_, k), n in found.made.items() if k == m) for _, m in found.made})
            ),
            "blocked": found.blocked,
        }
        style = "green" if total else "dim"
        one.screen.say(Text(f"新提出 {total:,} 条编码对照。", f"{total:,} new proposals."), style=style)
        rows = [(_entity(name), _method(method), number) for (name, method), number in sorted(found.made.items())]
        one.screen.rows((Text("对象", "entity"), Text("依据", "evidence"), Text("条数", "number")), rows)
        for blocked in found.blocked:
            left, right = blocked.codes
            one.screen.warn(
                Text(
                    f"未提出：{left.system} {left.raw} 与 {right.system} {right.raw} 依据{_method(blocked.method).zh}像是同一个，"
                    f"但{blocked.key.upper()}不同（{blocked.values[0]}、{blocked.values[1]}）。",
                    f"Not proposed: {left.system} {left.raw} and {right.system} {right.raw} seem one by "
                    f"{_method(blocked.method).en}, but their {blocked.key.upper()}s differ "
                    f"({blocked.values[0]}, {blocked.values[1]}).",
                )
            )
        if total:
            one.screen.say(
                Text(
                    "crossdock xref list 查看，confirm 或 reject 决定。",
                    "See crossdock xref list; confirm or reject decides.",
                ),
                indent=2,
            )


def confirm(
    ids: IdsArgument = None,
    *,
    method: MethodOption = None,
    actor: WhoOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """确认是同一个；已入库的单据立刻一并归到它名下 · they are one thing; what is stored takes the identity at once.

    例 · examples:  crossdock xref confirm 1a2b3c4d5e6f 7a8b9c0d1e2f    crossdock xref confirm --method strong_key
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline import xref

        done = xref.confirm(engine, _chosen(engine, ids, method), actor or getpass.getuser())
        _tell(one, done)
        one.screen.say(
            Text(
                f"✓ 确认 {len(done.decided)} 条；{done.resolved:,} 处引用已归到统一标识。",
                f"✓ {len(done.decided)} confirmed; {done.resolved:,} references of stored records resolved.",
            ),
            style="green",
        )


def reject(
    ids: IdsArgument = None,
    *,
    method: MethodOption = None,
    actor: WhoOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """否决：不是同一个，以后不再提出这一对 · they are not one thing; the pair is never proposed again.

    例 · example:  crossdock xref reject 1a2b3c4d5e6f --as 李伟
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline import xref

        done = xref.reject(engine, _chosen(engine, ids, method), actor or getpass.getuser())
        _tell(one, done)
        one.screen.say(Text(f"✓ 否决 {len(done.decided)} 条。", f"✓ {len(done.decided)} rejected."), style="green")


def conflicts(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几条 · at most")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """两处说法不同的数量、日期、价格：对方的和我们的，都保留着 · their number against ours; both are kept.

    例 · example:  crossdock xref conflicts --limit 20
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline import xref

        found = xref.find_conflicts(engine, limit=limit)
        one.screen.document |= {"conflicts": found}
        if not found:
            one.screen.say(Text("各处的数字一致。", "All sources agree."), style="green")
        one.screen.rows(
            (Text("对象", "subject"), Text("字段", "field"), Text("我方", "ours"), Text("对方", "theirs")),
            [
                (
                    conflict.subject,
                    _field(conflict.ours.entity, conflict.field),
                    _side(one, conflict.ours),
                    _side(one, conflict.theirs),
                )
                for conflict in found
            ],
            indent=0,
        )


def _side(one: Session, side: "Side") -> Text:
    at = moment(side.changed_at, one.zone)
    return Text(f"{side.value}（{side.source}，{at}）", f"{side.value} ({side.source}, {at})")


def _check(given: str | None, allowed: tuple[str, ...], option: str) -> None:
    if given is not None and given not in allowed:
        raise ConfigError(
            Text(f"{option} 没有“{given}”。", f"{option} has no “{given}”."),
            hint=Text(f"可用：{'、'.join(allowed)}。", f"One of: {', '.join(allowed)}."),
            code="XD-XRF-004",
        )


def _chosen(engine: object, ids: list[str] | None, method: str | None) -> list[str]:
    """The ids given, or those of a method's proposals but for codes that it proposes as several things."""
    _check(method, _METHODS, "--method")
    if bool(ids) == (method is not None):
        raise ConfigError(
            Text("请给出编号，或用 --method 指明一种依据（二者选一）。", "Give ids, or a --method (one of the two)."),
            hint=Text("crossdock xref list 列出编号。", "crossdock xref list shows the ids."),
            code="XD-XRF-005",
        )
    if ids:
        return ids
    from crossdock.pipeline.xref import listed

    waiting = [one for one in listed(engine) if one.method == method]  # type: ignore[arg-type]  # the store
    rivals = Counter((one.entity, one.system, one.code) for one in waiting)
    return [one.id for one in waiting if rivals[one.entity, one.system, one.code] == 1]


def _tell(one: Session, done: "Decision") -> None:
    one.screen.document |= {"decided": done.decided, "resolved": done.resolved, "superseded": done.superseded}
    _show(one, done.decided)


def _show(one: Session, found: "list[Reference] | tuple[Reference, ...]") -> None:
    one.screen.rows(
        (
            Text("编号", "id"),
            Text("对象", "entity"),
            Text("编码", "code"),
            Text("等同于", "same as"),
            Text("依据", "evidence"),
            Text("把握", "score"),
            Text("状态", "state"),
        ),
        [
            (
                ref.id,
                _entity(ref.entity),
                f"{ref.system} {ref.code}",
                ref.same_as or ref.golden_id,
                _evidence(ref),
                str(ref.score.normalize()) if ref.score is not None else "",
                _code("xref_state", ref.state),
            )
            for ref in found
        ],
        indent=0,
    )


def _evidence(ref: "Reference") -> Text:
    method = _method(ref.method or "manual")
    told = ref.evidence if isinstance(ref.evidence, dict) else {}
    parts = "; ".join(f"{name} {value}" for name, value in told.items() if not isinstance(value, dict))
    return Text(f"{method.zh}：{parts}", f"{method.en}: {parts}") if parts else method


def _code(name: str, code: str) -> Text:
    from canonical_model.codes import code_list

    return code_list(name).entries.get(code, Text(code, code))


def _method(code: str) -> Text:
    return _code("xref_method", code)


def _entity(name: str) -> Text:
    return _code("xref_entity", name)


def _field(entity: str, name: str) -> Text:
    from canonical_model.entities import SPECS

    return SPECS[entity].fields[name].label
