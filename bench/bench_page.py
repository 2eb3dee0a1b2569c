"""docs/performance.md from the results of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
MOST_MEGABYTES, MOST_GROWTH = 450, 1.15
"""Of memory: bound for a million rows, and what ten times the rows may take of that."""
TARGETS = {
    "first_load_vs_copy": ("首次载入 · first load", "COPY", "≤ 1.6"),
    "resync_1pct_vs_copy": ("再次同步，1% 有变 · re-sync, 1 % changed", "COPY", "≤ 0.8"),
    "resync_0pct_vs_copy": ("再次同步，没有变化 · re-sync, none changed", "COPY", "≤ 0.6"),
    "first_load_vs_dlt": ("首次载入 · first load", "dlt", "≤ 0.33"),
    "resync_1pct_vs_dlt": ("再次同步，1% 有变 · re-sync, 1 % changed", "dlt", "≤ 0.125"),
    "xlsx_vs_calamine": (".xlsx 100,000 × 11，读出 · reading", "calamine", "—"),
    "wide_first_load_vs_copy": ("整张订单行 · the whole order line", "COPY", "—"),
    "documents_first_load_vs_copy": ("单头和行 · headers and lines", "COPY", "—"),
    "gbk_first_load_vs_copy": ("GBK 文件 · a GBK file", "COPY (UTF-8)", "—"),
}


def write_page(results: Mapping[str, object]) -> None:
    """Writes the table of the newest run, whether its targets are met or not."""
    rows = []
    for name, (label, against, target) in TARGETS.items():
        if name in results:
            value = cast("Mapping[str, float]", results[name])
            bound = float(target.removeprefix("≤ ")) if target != "—" else None
            met = "" if bound is None else "✓" if value["median"] <= bound else f"✗ {value['median'] - bound:+.2f}"
            rows.append(
                f"| {label} | {against} | {value['min']} | **{value['median']}** | {value['max']} | {target} | {met} |"
            )
    large = {name: cast("Mapping[str, float]", results.get(f"{name}_10000000", {})) for name in TARGETS}
    ratios = "、".join(
        f"{TARGETS[name][0]} {value['median']} × {TARGETS[name][1]}" for name, value in large.items() if value
    )
    beyond = f"10,000,000 行，一轮 · one round of so many: {ratios}\n\n" if ratios else ""
    memory = cast("Mapping[str, Mapping[str, object]]", results["peak_memory_mb"])
    peaks = "、".join(f"{int(count):,} 行 rows: {one['mb']} MB（{one['date']}）" for count, one in memory.items())
    megabytes = {count: int(str(one["mb"])) for count, one in memory.items()}
    growth = megabytes.get("10000000", 0) / megabytes["1000000"] if "1000000" in megabytes else 0.0
    bounds = f"1,000,000 行 rows ≤ {MOST_MEGABYTES} MB {_mark(is_met=megabytes.get('1000000', 0) <= MOST_MEGABYTES)}"
    if growth:
        bounds += f"；10,000,000 行比 1,000,000 行多 · more for ten times the rows: {growth - 1:.0%}，≤ 15% {_mark(is_met=growth <= MOST_GROWTH)}"
    table = "\n".join(rows)
    bare = cast("Mapping[str, float]", results.get("bare_copy_seconds", {}))
    base = f"COPY 本身 · the COPY itself: {bare['min']}–{bare['max']} s\n\n" if bare else ""
    if other := cast("Mapping[str, object]", results.get("another_machine", {})):
        first, few, none = (other[name] for name in list(TARGETS)[:3])
        base += (
            f"比值随机器变：COPY 用 {other['bare_copy_seconds']} s 的机器上是 {first}、{few}、{none}（{other['date']}）。"
            f" · The ratios depend on the machine: where the COPY took {other['bare_copy_seconds']} s they were {first}, {few} and {none}.\n\n"
        )
    small = cast("Mapping[str, object]", results.get("small_batch", {}))
    told = (
        f"100 行对 {small['stored']:,} 行 · 100 rows against so many: {small['seconds']} s，"
        f"{small['blocks']} 块 blocks（{small['date']}）。目标 · target: ≤ 1 s, ≤ 1,000 blocks.\n\n"
        if small
        else ""
    )
    PAGE.write_text(
        f"""# 性能 · Performance

由 `make bench` 生成，请勿手改。 · Made by `make bench`; do not edit.

我们的时间除以对方的时间，同一次运行、轮流测，{results.get("rows", 0):,} 行 11 列，{results.get("rounds", 0)} 轮，{results.get("cores", 0)} 核，{results.get("date", "")}。
我们的一边包括落地、检查、问题、变更和记账；COPY 是同样的字节进同样 11 列、同样类型、同样主键的表；dlt 用 `upsert` 合并同一个文件。
每一轮先按行数和校验和核对再计时。

Our time divided by theirs, in one run and in turns. Ours includes landing, checks, issues, changes and accounts; COPY is the same bytes into
the same 11 columns of the same types with the same primary key; dlt merges the same file with `upsert`. Count and checksum are compared before a round counts.

| 测什么 · measure | 对比 · against | 最小 · min | 中位 · median | 最大 · max | 目标 · target | 达到 · met |
|---|---|---|---|---|---|---|
{table}

{base}{told}{beyond}峰值内存（我们的进程，不含 PostgreSQL） · peak memory of our process, without PostgreSQL: {peaks}
目标 · target: {bounds}
""",
        encoding="utf-8",
    )


def _mark(*, is_met: bool) -> str:
    return "✓" if is_met else "✗"
