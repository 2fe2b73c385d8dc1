"""Which items people were shown lately."""

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence

MAX_PEOPLE = 10_000  # the longest unused goes first
MAX_SHOWN = 1000  # items of one person, the last ones


class Showings:
    """Remembers what lists showed; safe for many threads.

    They are kept in this process alone: another gateway, and this one after a restart,
    begins without them.

    Args:
        most: how many people are kept.
    """

    def __init__(self, most: int = MAX_PEOPLE):
        self._most = most
        self._shown: OrderedDict[str, deque[tuple[str, int]]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, user_id: str, item_ids: Sequence[str], now: int) -> None:
        """Keeps a list that somebody was shown at a time, UTC seconds."""
        with self._lock:
            own = self._shown.setdefault(user_id, deque(maxlen=MAX_SHOWN))
            own.extend((item_id, now) for item_id in item_ids)
            self._shown.move_to_end(user_id)
            if len(self._shown) > self._most:
                self._shown.popitem(last=False)

    def counts(
        self, user_id: str, since: float, chosen_at: Mapping[str, int]
    ) -> dict[str, int]:
        """How often items were shown without being chosen.

        Args:
            user_id: who.
            since: UTC seconds; showings of before do not count.
            chosen_at: item id -> UTC seconds of the last event with it.
        """
        found: dict[str, int] = {}
        with self._lock:
            own = [*self._shown.get(user_id, ())]
        for item_id, time in own:
            if time >= since and time >= chosen_at.get(item_id, 0):
                found[item_id] = found.get(item_id, 0) + 1
        return found

    def forget(self, user_id: str) -> None:
        """Drops what a person was shown."""
        with self._lock:
            self._shown.pop(user_id, None)
