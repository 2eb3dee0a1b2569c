"""WeCom's frequency limits, counted over sliding windows of the simulator's clock."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

MEMBER_LIMITS = ((timedelta(minutes=1), 30), (timedelta(hours=1), 1000))  # one app to one member; more is dropped
ROBOT_LIMITS = ((timedelta(minutes=1), 20),)  # one robot; more is refused
ROBOT_BLOCK = timedelta(seconds=60)


class RateLimiter:
    """Counts what was let through, per key.

    Args:
        limits: (window, most in it), any number of them.
    """

    def __init__(self, limits: tuple[tuple[timedelta, int], ...]) -> None:
        self._limits = limits
        self._longest = max(window for window, _ in limits)
        self._passed: defaultdict[object, deque[datetime]] = defaultdict(deque)

    def allows(self, key: object, now: datetime) -> bool:
        """Counts one more for `key`, unless a window is full."""
        passed = self._passed[key]
        while passed and now - passed[0] >= self._longest:
            passed.popleft()
        if any(sum(now - moment < window for moment in passed) >= most for window, most in self._limits):
            return False
        passed.append(now)
        return True
