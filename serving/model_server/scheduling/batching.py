"""Requests that come at the same time are computed together."""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from serving.model_server.metrics import ServerMetrics
from serving.model_server.scheduling.deadline import Deadline, deadline_exceeded
from serving.model_server.scheduling.merging import (
    MergeError,
    can_merge,
    merge,
    merge_key,
    split,
)
from serving.model_server.scheduling.parameters import BatchingParameters
from serving.model_server.scheduling.scheduler import Scheduler, overloaded
from tfrec.export.servable import Servable
from tfrec.protocol import tracing
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError


class _Answer:
    """What a task's thread waits for.

    A lock, which takes a tenth of what the condition of a `Future` does.
    """

    def __init__(self):
        self._result: Any = None
        self._error: Exception | None = None
        self._waits = threading.Lock()
        self._waits.acquire()

    def set_result(self, result):
        self._result = result
        self._waits.release()

    def set_exception(self, error):
        self._error = error
        self._waits.release()

    def result(self, timeout_s):
        """The result, once it is there.

        Raises:
            Exception: that of `set_exception`, or `TimeoutError`.
        """
        if not self._waits.acquire(timeout=-1 if timeout_s is None else timeout_s):
            raise TimeoutError
        if self._error:
            raise self._error
        return self._result


@dataclass
class _Task:
    """One request that waits for its answer."""

    servable: Servable
    signature_name: str
    signature: Signature
    inputs: dict
    outputs: tuple[str, ...]
    size: int  # rows
    deadline: Deadline
    born: float = field(default_factory=time.monotonic)
    span: Any = field(default_factory=tracing.current)
    answer: _Answer = field(default_factory=_Answer)

    @property
    def key(self):
        """What tasks of one batch have in common."""
        own = () if can_merge(self.signature) else id(self)
        shapes = merge_key(self.signature, self.inputs)
        return (self.servable, self.signature_name, self.outputs, shapes, own)

    def compute(self, inputs, size):
        """Answers its own inputs or those of a whole batch, checked already."""
        outputs = self.outputs or self.signature.outputs
        return self.servable.compute(self.signature_name, inputs, outputs, size)

    def is_wanted(self):
        """Whether somebody still waits; who does not is told why."""
        try:
            self.deadline.check()
        except RequestError as error:
            self.answer.set_exception(error)
            return False
        return True


class BatchingScheduler(Scheduler):
    """Threads that take what waits, batch by batch, the oldest first.

    A batch holds requests to one signature of one version. Its answer is cut into
    those of the requests; if it fails, each is computed by itself, so that a wrong
    request harms no other.

    Args:
        parameters: sizes and times.
        max_waiting: requests that may wait, whatever their size.
        metrics: where to count.
    """

    def __init__(
        self,
        parameters: BatchingParameters,
        max_waiting: int,
        metrics: ServerMetrics,
    ):
        self._metrics = metrics
        self._max_batch_size = parameters.max_batch_size
        self._max_waiting = max_waiting
        self._max_rows = parameters.max_enqueued_batches * parameters.max_batch_size
        self._timeout_s = parameters.batch_timeout_micros * 1e-6
        self._changed = threading.Condition()  # guards all below
        self._queues: dict[tuple, deque[_Task]] = {}
        self._num_waiting = self._num_rows = 0
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{number}", daemon=True)
            for number in range(parameters.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def num_waiting(self):
        return self._num_waiting

    def run(self, servable, signature_name, inputs, outputs, deadline):
        signature, size = servable.check(signature_name, inputs, outputs)
        task = _Task(
            servable,
            signature_name,
            signature,
            inputs,
            tuple(outputs),
            size,
            deadline,
        )
        self._add(task)
        try:
            return task.answer.result(deadline.remaining_s())
        except TimeoutError:
            raise deadline_exceeded() from None

    def close(self):
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _add(self, task):
        with self._changed:
            is_full = self._num_rows and self._num_rows + task.size > self._max_rows
            if is_full or self._num_waiting >= self._max_waiting:
                raise overloaded(self._num_waiting)
            self._queues.setdefault(task.key, deque()).append(task)
            self._num_waiting += 1
            self._num_rows += task.size
            self._changed.notify()

    def _work(self):
        while batch := self._take():
            self._answer(batch)
            batch = None  # an idle thread must not keep an old version alive

    def _take(self):
        """The next batch; empty when there is none and will be none."""
        with self._changed:
            while not self._is_closed or self._queues:
                key, wait_s = self._ripest()
                if key and wait_s <= 0:
                    return self._pop(key)
                self._changed.wait(wait_s)
        return []

    def _ripest(self):
        """Key of the queue to take next and the seconds until then."""
        now = time.monotonic()
        best, best_wait_s, best_born = None, None, math.inf
        for key, queue in self._queues.items():
            rows = sum(task.size for task in queue)
            is_full = rows >= self._max_batch_size or self._is_closed
            ripe_at = queue[0].born + (0 if is_full else self._timeout_s)
            if ripe_at < best_born:
                best, best_wait_s, best_born = key, ripe_at - now, ripe_at
        return best, best_wait_s

    def _pop(self, key):
        queue, rows = self._queues[key], 0
        batch: list[_Task] = []
        while queue and (not batch or rows + queue[0].size <= self._max_batch_size):
            task = queue.popleft()
            batch.append(task)
            rows += task.size
        if not queue:
            del self._queues[key]
        self._num_waiting -= len(batch)
        self._num_rows -= rows
        return batch

    def _answer(self, batch):
        wanted = [task for task in batch if task.is_wanted()]
        if not wanted:
            return
        started = time.monotonic()
        try:
            _run(wanted)
        except Exception as error:  # whoever waits must hear of it
            for task in wanted:
                task.answer.set_exception(error)
            return
        self._observe(wanted, started)

    def _observe(self, tasks, started):
        ended = time.monotonic()
        self._metrics.batch_rows.observe(sum(task.size for task in tasks))
        for task in tasks:
            name = task.signature_name
            self._metrics.observe_stage(name, "queue", started - task.born)
            self._metrics.observe_stage(name, "compute", ended - started)
            tracing.record(task.span, task.born, started, ended)


def _run(tasks):
    try:
        answers = _run_together(tasks) if len(tasks) > 1 else None
    except (RequestError, MergeError):
        answers = None
    if answers is None:
        for task in tasks:
            _run_alone(task)
        return
    for task, answer in zip(tasks, answers, strict=True):
        task.answer.set_result(answer)


def _run_together(tasks):
    first = tasks[0]
    requests, sizes = [task.inputs for task in tasks], [task.size for task in tasks]
    inputs = merge(first.signature, requests, sizes)
    answer = first.compute(inputs, sum(sizes))
    return split(first.signature, answer, requests, sizes)


def _run_alone(task):
    try:
        task.answer.set_result(task.compute(task.inputs, task.size))
    except Exception as error:  # it belongs to whoever waits
        task.answer.set_exception(error)
