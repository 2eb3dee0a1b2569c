"""Opening an .xls or .xlsb in a process of its own first: one can make the Rust reader ask for all memory and abort."""

import subprocess
import sys
from pathlib import Path

import python_calamine

_MEMORY_BYTES, _SECONDS = 3 << 30, 60
_CODE = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY_BYTES}, {_MEMORY_BYTES}))
sys.path.insert(0, sys.argv[2])
import python_calamine
try:
    with python_calamine.CalamineWorkbook.from_path(sys.argv[1]) as book:
        for name in book.sheet_names:
            book.get_sheet_by_name(name)
except python_calamine.CalamineError:
    pass
"""


def survives(path: Path) -> bool:
    """Whether reading the workbook ends, in good time and without asking for all memory; also where it is refused."""
    packages = Path(python_calamine.__file__).parent.parent
    command = [sys.executable, "-c", _CODE, str(path), str(packages)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
