"""The command line: each command asks the layers below and words their answer for the person at the terminal."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit code.

    Args:
        arguments: What stands behind `crossdock`; the process's own when None.
    """
    from crossdock.cli._app import app

    app(arguments, prog_name="crossdock")


__all__ = ["main"]
