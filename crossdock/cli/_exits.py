"""Exit codes, so that a script can tell what happened without reading."""

from collections.abc import Iterable
from enum import IntEnum

from canonical_model.language import Text


class ExitCode(IntEnum):
    """What a command ends with."""

    FINE = 0
    FAILED = 1
    MISUSED = 2
    NEEDS_PERSON = 3
    NOT_AS_EXPECTED = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.FINE: Text("正常", "all is well"),
    ExitCode.FAILED: Text(
        "失败：账号被拒、连不上、存储出错或程序故障",
        "failed: credentials refused, unreachable, store or program error",
    ),
    ExitCode.MISUSED: Text(
        "写得不对：命令、设置、数据源、映射或规则", "wrong: command, setting, source, mapping or rule"
    ),
    ExitCode.NEEDS_PERSON: Text(
        "做完了，但要人处理：整份文件搁置、没有一行能入库，或消息送不出去",
        "done, but a person must act: a file is parked whole, no row is good, or a message cannot be sent",
    ),
    ExitCode.NOT_AS_EXPECTED: Text(
        "与预期不符：账不平，或演示没有按剧本走",
        "not as expected: an account does not add up, or the demo left its story",
    ),
    ExitCode.INTERRUPTED: Text("被 Ctrl-C 打断", "ended by Ctrl-C"),
}


def worst(codes: Iterable[int]) -> int:
    """The one code for several results: a failure before a mistake before what waits for a person."""
    given = {code for code in codes if code}
    return min(given, default=ExitCode.FINE)


def summary() -> str:
    """All codes in both languages, one line each."""
    lines = [f"  {code.value:>3}  {text.zh} · {text.en}" for code, text in MEANINGS.items()]
    return "\n".join(("退出码 · Exit codes:", *lines))
