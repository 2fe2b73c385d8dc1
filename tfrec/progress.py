"""How far long work is, as lines of the log: on a screen and in a file alike."""

import logging
import time

logger = logging.getLogger(__name__)

EVERY_S = 10.0  # between two lines about the same work


class Progress:
    """Says what is done, and every ten seconds how far it is.

    Args:
        what: str, a present participle: "Encoding texts".
        total: int, how many there are to do; None where nobody knows.
        unit: str, what is counted, where nobody knows how many there are.
        clock: function that gives seconds.

    Attributes:
        done: how many are.

    Example:
        >>> seconds = iter([0, 4, 12])
        >>> progress = Progress("Encoding texts", 15_000, lambda: next(seconds))
        >>> progress.advance(1600)
        >>> progress.advance(1600)  # says "Encoding texts: 3,200 of 15,000."
    """

    def __init__(self, what, total=None, clock=time.monotonic, unit=""):
        self._what, self._total, self._clock = what, total, clock
        self._of = f" {unit}" if total is None else f" of {total:,}"
        self.done, self._said_at = 0, clock()
        logger.info("%s%s.", what, "" if total is None else f": {total:,}")

    def advance(self, count=1, more=""):
        """Notes that so many more are done; `more` ends the line, if there is one."""
        self.done += count
        now = self._clock()
        if now - self._said_at >= EVERY_S and self.done != self._total:
            self._said_at = now
            logger.info("%s: %s%s%s.", self._what, f"{self.done:,}", self._of, more)


def tracked(items, what):
    """Yields the items of a sequence, saying how far the loop over them is.

    Args:
        items: sequence.
        what: str, as in `Progress`.
    """
    progress = Progress(what, len(items))
    for item in items:
        yield item
        progress.advance()
