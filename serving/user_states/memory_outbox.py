"""Records that wait in this process: lost when it ends, as its states are."""

import collections
import threading
import uuid

from serving.user_states.outbox import Batch, Outbox


class MemoryOutbox(Outbox):
    """A deque; what one of the process' threads has taken is nobody else's."""

    def __init__(self):
        self._name = uuid.uuid4().hex
        self._records: collections.deque[bytes] = collections.deque()
        self._taken: Batch | None = None
        self._num_taken = 0
        self._lock = threading.Lock()

    def add(self, records):
        with self._lock:
            self._records.extend(records)

    def take(self, most):
        with self._lock:
            if self._taken is None and self._records:
                size = min(most, len(self._records))
                records = [self._records.popleft() for _ in range(size)]
                self._num_taken += 1
                self._taken = Batch(f"{self._name}-{self._num_taken}", records)
            return self._taken

    def done(self, batch):
        with self._lock:
            if self._taken and self._taken.name == batch.name:
                self._taken = None

    def waiting(self):
        with self._lock:
            taken = self._taken.records if self._taken else ()
            return len(self._records) + len(taken)
