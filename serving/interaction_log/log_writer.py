"""Brings records from an outbox into a log, now and then, in a thread of its own."""

import logging
import threading
import time

from serving.interaction_log.sink import LogError, LogSink
from serving.user_states.outbox import Outbox
from serving.user_states.store import StoreError

logger = logging.getLogger(__name__)

MOST = 20_000  # records of a batch
LOOK_S = 5  # between two looks at how many wait
AGAIN_S = 10  # after a log or store that did not answer
INTERVAL_S = 600.0


class LogWriter:
    """Writes when so many records wait that they fill a batch, and after an interval.

    What cannot be written waits in the outbox, however long that takes.

    Args:
        outbox: where records wait.
        sink: the log.
        interval_s: longest that a record waits for a log that answers.

    Attributes:
        problem: why nothing can be written now, `""` if all is well.
    """

    def __init__(self, outbox: Outbox, sink: LogSink, interval_s: float = INTERVAL_S):
        self._outbox, self._sink, self._interval_s = outbox, sink, interval_s
        self.problem = ""
        self._stopped, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins, with what waits from before."""
        self._thread.start()

    def wake(self) -> None:
        """Writes soon: somebody is to be forgotten."""
        self._woken.set()

    def close(self) -> None:
        """Writes what waits, if it can be written now, and ends."""
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._sink.close()

    def write_waiting(self) -> int:
        """Writes all that waits; how many records that were.

        Raises:
            LogError: the log does not take them.
            StoreError: the outbox does not answer.
        """
        count = 0
        while batch := self._outbox.take(MOST):
            self._sink.write(batch)
            self._outbox.done(batch)
            count += len(batch.records)
        self._sink.tidy(time.time())
        return count

    def _run(self):
        is_over, due = False, time.monotonic()
        while not is_over:
            is_over = self._stopped.is_set()  # what came until now is still written
            is_woken = self._woken.is_set()
            self._woken.clear()
            wait_s = min(LOOK_S, self._interval_s)
            if is_over or is_woken or time.monotonic() >= due or self._is_full():
                due = time.monotonic() + self._interval_s
                if not self._try():
                    wait_s, due = AGAIN_S, 0
            if not is_over:
                self._woken.wait(wait_s)

    def _is_full(self):
        try:
            return self._outbox.waiting() >= MOST
        except StoreError:
            return True  # and the attempt says what is wrong

    def _try(self):
        """Whether it could be written; a problem is told once."""
        try:
            self.write_waiting()
        except Exception as error:  # whatever it was, it is tried again
            is_foreseen = isinstance(error, LogError | StoreError)
            if not self.problem:
                words = "%s Records wait in the store."
                logger.warning(words, error, exc_info=not is_foreseen)
            self.problem = str(error) if is_foreseen else repr(error)
            return False
        if self.problem:
            logger.warning("The log accepts records again.")
        self.problem = ""
        return True
