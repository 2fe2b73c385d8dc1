"""So many requests a second, for each client."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CLIENTS = 10_000  # remembered; then the one that asked longest ago is forgotten


class RateLimit:
    """A bucket per client that fills steadily.

    Args:
        per_s: requests a second, or what else they cost.
        clock: gives seconds.
        size: what a full bucket holds; None for one second's worth.

    Example:
        >>> limit = RateLimit(1, clock=lambda: 0.0)
        >>> limit.allows("me"), limit.allows("me"), limit.allows("you")
        (True, False, True)
    """

    def __init__(
        self,
        per_s: float,
        clock: Callable[[], float] = time.monotonic,
        size: float | None = None,
    ):
        self._per_s = per_s
        self._size = size or max(1.0, per_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str, cost: float = 1) -> bool:
        """Whether this client may ask now; if so, it did, and has paid for it."""
        now = self._clock()
        with self._lock:
            content, since = self._buckets.pop(client, (self._size, now))
            content = min(self._size, content + (now - since) * self._per_s)
            is_allowed = content >= cost
            self._buckets[client] = (content - cost * is_allowed, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return is_allowed
