"""So many requests a second, for each client."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CLIENTS = 10_000  # remembered; then the one that asked longest ago is forgotten


class RateLimit:
    """A bucket per client that fills steadily, and holds one second's worth.

    Args:
        per_s: requests a second.
        clock: gives seconds.

    Example:
        >>> limit = RateLimit(1, clock=lambda: 0.0)
        >>> limit.allows("me"), limit.allows("me"), limit.allows("you")
        (True, False, True)
    """

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic):
        self._per_s = per_s
        self._size = max(1.0, per_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Whether this client may ask now; if so, it did."""
        now = self._clock()
        with self._lock:
            content, since = self._buckets.pop(client, (self._size, now))
            content = min(self._size, content + (now - since) * self._per_s)
            is_allowed = content >= 1
            self._buckets[client] = (content - is_allowed, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return is_allowed
