"""Answers that were given in this period of time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

MAX_ANSWERS = 10_000


class AnswerCache:
    """A bounded dict whose entries hold for one period; the longest unused goes first.

    A period of lists is a second. The model knows time in whole seconds: the ages of
    events, and which items are on offer. So within a second the same question has the
    same answer, and after it maybe not: an item whose time is over must not come back.

    Args:
        max_answers: how many are kept.
    """

    def __init__(self, max_answers: int = MAX_ANSWERS):
        self._max_answers = max_answers
        self._answers: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, period: int):
        """The answer that was given in this period, None if there is none."""
        with self._lock:
            born, answer = self._answers.get(key, (None, None))
            if born != period:
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: Hashable, period: int, answer) -> None:
        """Keeps an answer, and lets another go if there are too many."""
        with self._lock:
            self._answers[key] = (period, answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._max_answers:
                self._answers.popitem(last=False)

    def drop(self, is_gone: Callable[[Any], bool]) -> None:
        """Removes every answer whose key is gone."""
        with self._lock:
            for key in [key for key in self._answers if is_gone(key)]:
                del self._answers[key]
