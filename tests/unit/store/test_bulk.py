"""While rows are copied threads of the program take quick turns, and as before once nobody copies any more."""

import sys

from crossdock.store.bulk import _QuickTurns


def test_turns_are_as_usual_once_the_last_one_has_copied() -> None:
    turns, usual = _QuickTurns(), sys.getswitchinterval()
    with turns:
        with turns:
            pass
        assert sys.getswitchinterval() < usual, "another one still copies"
    assert sys.getswitchinterval() == usual
