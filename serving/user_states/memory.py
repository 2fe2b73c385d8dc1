"""States in this process, for tests and first steps: gone when it ends."""

import threading

from serving.user_states.state_codec import decode_state
from serving.user_states.store import UserStates


class MemoryStates(UserStates):
    """A dict of the bytes that the other stores keep."""

    def __init__(self):
        self._states = {}
        self._lock = threading.Lock()

    def get(self, user_id):
        return decode_state(self._states.get(user_id))

    def _change(self, make):
        with self._lock:
            changed = make(lambda ids: [self._states.get(i) for i in ids])
            self._states |= changed.after
        return changed

    def forget(self, user_id):
        with self._lock:
            return self._states.pop(user_id, None) is not None

    def check(self):
        pass

    def close(self):
        pass
