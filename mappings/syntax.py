"""The syntax of right-hand sides: a dialect of SQL expressions without any built-in function, and its limits."""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import Dialect, exp, parser, tokens
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from canonical_model.language import Text

MAX_LENGTH = 2000
"""Most characters of one expression."""
MAX_BRACKETS = 8
"""Most brackets within brackets; the parser's time doubles with every further one around a type's name."""
MAX_DEPTH = 50
"""Most levels of one expression: a sum of so many parts, brackets within brackets."""
MAX_WEIGHT = 20_000
"""Most work that one expression asks for: functions read their argument several times, so nesting multiplies."""

_READINGS = 4
"""How often functions of ours, divisions and cases read what stands in them, at most."""

TOO_MUCH = (
    Text("表达式太长或嵌套太深。", "The expression is too long or nested too deeply."),
    Text("请把它拆开，或在来源系统里先算好。", "Split it, or compute it in the source system."),
)
"""What is wrong and what to do."""

_QUOTES = Text(
    "列名里有空格、括号或符号时请加双引号，例如 '\"重量(kg)\"'。",
    "Put a column name with blanks, brackets or signs in double quotes, such as '\"重量(kg)\"'.",
)


class _Mapping(Dialect):
    """Expressions only: no built-in function, so that `date(x)` is ours and never a CAST."""

    class Tokenizer(tokens.Tokenizer):
        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ['"']
        QUOTES: ClassVar[list[str | tuple[str, str]]] = ["'"]

    class Parser(parser.Parser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}


class ExpressionError(ValueError):
    """An expression that is none.

    Attributes:
        what: What is wrong with it.
        hint: What to do.
    """

    def __init__(self, what: Text, hint: Text | None = None) -> None:
        super().__init__(what.en)
        self.what, self.hint = what, hint


def wrong_count(name: str, count: int) -> ExpressionError:
    """The error that a function is called with another number of arguments than `count`."""
    return ExpressionError(Text(f"{name}() 需要 {count} 个参数。", f"{name}() takes {count} arguments."))


def parse(text: str, name: str) -> exp.Expr:
    """The syntax tree of one expression.

    Args:
        text: As its author wrote it.
        name: The field that it is for.

    Raises:
        ExpressionError: It does not parse, or asks for too much.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(*TOO_MUCH)
    if "\x00" in text:
        raise ExpressionError(Text(f"{name} 里有空字符。", f"{name} contains a NUL character."))
    try:
        if _brackets(_Mapping().tokenize(text)) > MAX_BRACKETS:
            raise ExpressionError(*TOO_MUCH)
        parsed = _Mapping().parse(text)
    except SqlglotError as error:
        what = Text(f"{name} 的表达式看不懂。", f"The expression of {name} does not parse.")
        raise ExpressionError(what, _QUOTES) from error
    except RecursionError as error:
        raise ExpressionError(*TOO_MUCH) from error
    if len(parsed) != 1 or parsed[0] is None:
        raise ExpressionError(Text(f"{name} 必须是一个表达式。", f"{name} must be one expression."), _QUOTES)
    if _depth(parsed[0]) > MAX_DEPTH or _weight(parsed[0]) > MAX_WEIGHT:
        raise ExpressionError(*TOO_MUCH)
    return parsed[0]


def _brackets(listed: list[Token]) -> int:
    deepest = depth = 0
    for token in listed:
        if token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE):
            depth += 1
        elif token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE):
            depth -= 1
        deepest = max(deepest, depth)
    return deepest


def _depth(root: exp.Expr) -> int:
    deepest, stack = 0, [(root, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    return deepest


def _weight(node: exp.Expr) -> int:
    inner = 1 + sum(_weight(child) for child in node.iter_expressions())
    return inner * _READINGS if isinstance(node, exp.Anonymous | exp.Div | exp.Case) else inner
