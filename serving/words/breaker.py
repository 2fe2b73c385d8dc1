"""A model that fails again and again is left alone for a while."""

import threading
import time
from collections.abc import Callable

MOST_FAILURES = 3  # one after another
REST_S = 30.0


class Breaker:
    """Says whether a call is worth its time; safe for many threads.

    After three failures in a row it says no for thirty seconds. Then it lets one call
    try: if that succeeds all may again, otherwise it says no for as long again.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._num_failures = 0
        self._closed_until = 0.0

    def allows(self) -> bool:
        """Whether to call now; who is allowed must `note` what became of it."""
        with self._lock:
            if self._num_failures < MOST_FAILURES:
                return True
            if self._clock() < self._closed_until:
                return False
            self._closed_until = self._clock() + REST_S  # others wait for this one
            return True

    def note(self, is_success: bool) -> None:
        """Counts a call that has ended."""
        with self._lock:
            self._num_failures = 0 if is_success else self._num_failures + 1
            if self._num_failures >= MOST_FAILURES:
                self._closed_until = self._clock() + REST_S
