"""States in this process, for tests and first steps: gone when it ends."""

import collections
import heapq
import threading

from serving.user_states.counts import ALL_ITEMS, Levels, merge
from serving.user_states.memory_outbox import MemoryOutbox
from serving.user_states.state_codec import decode_state
from serving.user_states.store import MAX_SHOWN, UserStates


class MemoryStates(UserStates):
    """Dicts of the bytes and levels that the other stores keep."""

    def __init__(self):
        self._states = {}
        self._levels: dict[str, dict[str, Levels]] = {}  # kind -> item id
        self._shown: dict[str, collections.deque[tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self.outbox = MemoryOutbox()

    def get(self, user_id):
        return decode_state(self._states.get(user_id))

    def _change(self, make):
        with self._lock:
            changed = make(lambda ids: [self._states.get(i) for i in ids])
            self._states |= changed.after
            for (kind, item_id), levels in changed.counted.items():
                merge(self._levels.setdefault(kind, {}), {item_id: levels})
            self.outbox.add(changed.records)
        return changed

    def forget(self, user_id):
        with self._lock:
            self.outbox.add(self._erasures(user_id))
            self._shown.pop(user_id, None)
            return self._states.pop(user_id, None) is not None

    def note_shown(self, user_id, item_ids, now):
        with self._lock:
            own = self._shown.setdefault(user_id, collections.deque(maxlen=MAX_SHOWN))
            own.extend((item_id, now) for item_id in item_ids)

    def shown(self, user_id):
        with self._lock:
            return [*self._shown.get(user_id, ())]

    def counted_kinds(self):
        with self._lock:
            return list(self._levels)

    def most_counted(self, kinds, half_life, limit):
        best = set()
        with self._lock:
            for items in map(self._of_kind, kinds):
                level = {i: getattr(each, half_life) for i, each in items.items()}
                level.pop(ALL_ITEMS, None)
                best.update(heapq.nlargest(limit, level, key=level.__getitem__))
        return best

    def levels(self, kinds, item_ids):
        found: dict[str, Levels] = {}
        with self._lock:
            for items in map(self._of_kind, kinds):
                merge(found, {i: items[i] for i in item_ids if i in items})
        return found

    def _of_kind(self, kind):
        return self._levels.get(kind, {})

    def check(self):
        pass

    def close(self):
        pass
