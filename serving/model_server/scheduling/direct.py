"""Every request by itself, as soon as the machine is free for it."""

import threading
import time

from serving.model_server.metrics import ServerMetrics
from serving.model_server.scheduling.deadline import deadline_exceeded
from serving.model_server.scheduling.scheduler import Scheduler, overloaded
from tfrec.protocol import tracing


class DirectScheduler(Scheduler):
    """Runs a few calls at a time; others wait, and too many are refused.

    Args:
        max_running: calls at a time.
        max_waiting: calls beyond these that may wait for their turn.
        metrics: where to count.
    """

    def __init__(self, max_running: int, max_waiting: int, metrics: ServerMetrics):
        self._turn = threading.Semaphore(max_running)
        self._max_running, self._max_waiting = max_running, max_waiting
        self._metrics = metrics
        self._lock = threading.Lock()
        self._num_calls = 0

    @property
    def num_waiting(self):
        return max(0, self._num_calls - self._max_running)

    def run(self, servable, signature_name, inputs, outputs, deadline):
        with self._lock:
            if self._num_calls >= self._max_running + self._max_waiting:
                raise overloaded(self._max_waiting)
            self._num_calls += 1
        try:
            return self._run(servable, signature_name, inputs, outputs, deadline)
        finally:
            with self._lock:
                self._num_calls -= 1

    def _run(self, servable, signature_name, inputs, outputs, deadline):
        born, span = time.monotonic(), tracing.current()
        if not self._turn.acquire(timeout=deadline.remaining_s()):
            raise deadline_exceeded()
        try:
            deadline.check()
            started = time.monotonic()
            answer = servable.run(signature_name, inputs, outputs)
            ended = time.monotonic()
            self._metrics.observe_stage(signature_name, "queue", started - born)
            self._metrics.observe_stage(signature_name, "compute", ended - started)
            tracing.record(span, born, started, ended)
            return answer
        finally:
            self._turn.release()

    def close(self):
        """Nothing runs in the background."""
