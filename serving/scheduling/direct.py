"""Every request by itself, as soon as the machine is free for it."""

import threading

from serving.scheduling.deadline import deadline_exceeded
from serving.scheduling.scheduler import Scheduler, overloaded


class DirectScheduler(Scheduler):
    """Runs a few calls at a time; others wait, and too many are refused.

    Args:
        max_running: calls at a time.
        max_waiting: calls beyond these that may wait for their turn.
    """

    def __init__(self, max_running: int, max_waiting: int):
        self._turn = threading.Semaphore(max_running)
        self._places = threading.Semaphore(max_running + max_waiting)
        self._max_waiting = max_waiting

    def run(self, servable, signature_name, inputs, outputs, deadline):
        if not self._places.acquire(blocking=False):
            raise overloaded(self._max_waiting)
        try:
            return self._run(servable, signature_name, inputs, outputs, deadline)
        finally:
            self._places.release()

    def _run(self, servable, signature_name, inputs, outputs, deadline):
        if not self._turn.acquire(timeout=deadline.remaining_s()):
            raise deadline_exceeded()
        try:
            deadline.check()
            return servable.run(signature_name, inputs, outputs)
        finally:
            self._turn.release()

    def close(self):
        """Nothing runs in the background."""
