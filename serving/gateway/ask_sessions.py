"""What people asked for last, for sentences that refine it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from serving.sentences.parsed_request import ParsedRequest

MAX_SESSIONS = 10_000
MAX_IDS = (
    500_000  # shown in all sessions and parts of their requests, of 64 letters, say
)
KEPT_S = 1800  # since the last sentence
_Key = tuple[str, str]  # user id and session


@dataclass(frozen=True)
class LastRequest:
    """A request without refinements, and the ids that answered it, best first."""

    request: ParsedRequest
    shown: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many ids and parts are kept for it."""
        return len(self.shown) + sum(1 for _ in self.request.parts()) + 1


class AskSessions:
    """Keeps the last request of each session in memory; safe for many threads.

    Args:
        most: how many are kept; the longest unused goes first.
        most_ids: how many ids and parts are, of all sessions together.
        kept_s: seconds that one is kept after its last use.
        clock: in seconds.
    """

    def __init__(
        self,
        most: int = MAX_SESSIONS,
        most_ids: int = MAX_IDS,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._most, self._most_ids = most, most_ids
        self._kept_s, self._clock = kept_s, clock
        self._num_ids = 0
        self._kept: OrderedDict[_Key, tuple[float, LastRequest]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, user_id: str, session: str) -> LastRequest | None:
        """The last request, None if there was none or its time is over."""
        with self._lock:
            born, last = self._kept.get((user_id, session), (0.0, None))
            is_kept = last is not None and self._clock() - born < self._kept_s
            return last if is_kept else None

    def put(self, user_id: str, session: str, last: LastRequest) -> None:
        """Keeps a request in place of the one before; lets go of what is too old."""
        now = self._clock()
        with self._lock:
            self._drop((user_id, session))
            self._kept[user_id, session] = (now, last)
            self._num_ids += last.size
            while self._kept and self._is_over(now):
                self._drop(next(iter(self._kept)))

    def forget(self, user_id: str) -> None:
        """Drops the sessions of a user."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == user_id]:
                self._drop(key)

    def _drop(self, key):
        if key in self._kept:
            _, last = self._kept.pop(key)
            self._num_ids -= last.size

    def _is_over(self, now):
        """Whether the longest unused is one too many, or too old."""
        oldest, _ = next(iter(self._kept.values()))
        are_many = len(self._kept) > self._most or self._num_ids > self._most_ids
        return are_many or now - oldest >= self._kept_s
