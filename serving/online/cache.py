"""Answers that were given a moment ago."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

MAX_ANSWERS = 10_000
MAX_AGE_S = 30  # ages of events and availability of items move on with the clock


class AnswerCache:
    """A bounded dict whose entries grow old; the longest unused goes first.

    Args:
        max_answers: how many are kept.
        max_age_s: seconds that one is good for.
    """

    def __init__(self, max_answers: int = MAX_ANSWERS, max_age_s: float = MAX_AGE_S):
        self._max_answers = max_answers
        self._max_age_s = max_age_s
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable):
        """The answer, None if there is none or it is too old."""
        with self._lock:
            if key not in self._answers:
                return None
            born, answer = self._answers[key]
            if time.monotonic() - born > self._max_age_s:
                del self._answers[key]
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: Hashable, answer) -> None:
        """Keeps an answer, and lets another go if there are too many."""
        with self._lock:
            self._answers[key] = (time.monotonic(), answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._max_answers:
                self._answers.popitem(last=False)

    def drop(self, is_gone: Callable[[Any], bool]) -> None:
        """Removes every answer whose key is gone."""
        with self._lock:
            for key in [key for key in self._answers if is_gone(key)]:
                del self._answers[key]
