"""Errors that end a run, grouped by who acts next. Bad rows are not errors but issues (`issues.py`).

CrossdockError
├── ConfigError          operator: a setting or source file is wrong
│   └── MappingError     mapping author: a mapping file is wrong
├── AuthError            partner or IT: refused credentials; never retried
├── TransientError       nobody: try again later
├── TooManyIssuesError   operator: a run would touch too much; nothing is stored until somebody decides
├── StoreError           operator: the store refused; nothing was committed
└── NotifyError          operator: a message could not be sent; recorded, never fails a run
"""

from typing import ClassVar

from canonical_model.language import Language, Text


class CrossdockError(Exception):
    """A run or command cannot go on; says what, where and what to do.

    Args:
        what: What is wrong, with the value, in both languages.
        where: The file, line, source or address concerned; empty when the sentence says it.
        hint: What to do next, in both languages.
        code: Unique code of this very problem, "XD-CFG-003"; the class's own when not given.
    """

    code: ClassVar[str] = "XD-RUN-000"
    exit_code: ClassVar[int] = 1
    is_retryable: ClassVar[bool] = False

    def __init__(self, what: Text, *, where: str = "", hint: Text | None = None, code: str | None = None) -> None:
        self.what = what
        self.where = where
        self.hint = hint or Text("", "")
        self.problem_code = code or self.code
        super().__init__(self.render(Language.EN))

    def render(self, language: Language) -> str:
        """The one sentence a person reads: `[code] what (where) hint`."""
        where = (f"（{self.where}）" if language is Language.ZH else f" ({self.where})") if self.where else ""
        hint = self.hint.get(language)
        gap = "" if language is Language.ZH else " "
        return f"[{self.problem_code}] {self.what.get(language)}{where}{gap + hint if hint else ''}"


class ConfigError(CrossdockError):
    """A setting, source file or command line is wrong; nothing was read."""

    code = "XD-CFG-001"
    exit_code = 2


class MappingError(ConfigError):
    """A mapping file is wrong or does not fit what was read."""

    code = "XD-MAP-001"


class AuthError(CrossdockError):
    """A system refused our credentials; never retried, since accounts lock."""

    code = "XD-AUT-001"


class TransientError(CrossdockError):
    """A system is unreachable or busy for the moment; a later try may succeed."""

    code = "XD-TMP-001"
    is_retryable = True


class TooManyIssuesError(CrossdockError):
    """A run would touch more than its guard allows, or holds too many bad records: nothing is stored, a person decides."""

    code = "XD-GRD-001"
    exit_code = 3


class StoreError(CrossdockError):
    """The store refused or is gone; the transaction was rolled back and the cursor has not moved."""

    code = "XD-STO-001"


class NotifyError(CrossdockError):
    """A message could not be sent; it is recorded and never fails a run."""

    code = "XD-NTF-001"
    exit_code = 0
