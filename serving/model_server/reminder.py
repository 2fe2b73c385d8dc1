"""A log line on what goes on being wrong, without one line a second."""

import logging
import time

AGAIN_S = 300


class Reminder:
    """Says what is wrong at once, and while it stays so now and then.

    Args:
        logger: where.
        clock: seconds that only grow.
    """

    def __init__(self, logger: logging.Logger, clock=time.monotonic):
        self._logger, self._clock = logger, clock
        self._words, self._said_at = "", 0.0

    def say(self, words: str) -> None:
        """Says it if it is new, or long ago; `""` when all is well."""
        now = self._clock()
        is_new = words != self._words
        if words and (is_new or now - self._said_at >= AGAIN_S):
            self._logger.warning(words)
            self._said_at = now
        self._words = words
