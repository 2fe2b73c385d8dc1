"""Tests of the scheduler that runs every request by itself."""

import threading
import time
from concurrent import futures

import pytest

from serving.model_server.metrics import ServerMetrics
from serving.model_server.scheduling.deadline import Deadline
from serving.model_server.scheduling.direct import DirectScheduler
from tests.serving.slow_servable import SlowServable
from tfrec.protocol.status import RequestError

NO_END = Deadline()


@pytest.fixture
def slow():
    servable = SlowServable()
    yield servable
    servable.released.set()


@pytest.fixture
def callers():
    with futures.ThreadPoolExecutor(4) as pool:
        yield pool


def test_as_many_run_and_wait_as_may(slow, callers):
    scheduler = DirectScheduler(max_running=1, max_waiting=1, metrics=ServerMetrics())
    running = callers.submit(scheduler.run, slow, "", {}, (), NO_END)
    assert slow.entered.wait(20)
    slow.entered.clear()
    waiting = callers.submit(scheduler.run, slow, "", {}, (), NO_END)
    refused = wait_for_refusal(scheduler, slow)
    assert refused.code.name == "RESOURCE_EXHAUSTED"
    assert not slow.entered.is_set()  # one at a time
    slow.released.set()
    assert running.result()["done"] == waiting.result()["done"] == 1.0
    assert scheduler.run(slow, "", {}, (), NO_END)["done"] == 1.0


def wait_for_refusal(scheduler, slow):
    """The second caller may not have come in yet: then this call waits in vain."""
    for _ in range(100):
        with pytest.raises(RequestError) as caught:
            scheduler.run(slow, "", {}, (), Deadline.after(0.05))
        if caught.value.code.name != "DEADLINE_EXCEEDED":
            return caught.value
    raise AssertionError("Nothing was refused.")


def test_what_waited_too_long_is_not_computed(slow, callers):
    scheduler = DirectScheduler(max_running=1, max_waiting=9, metrics=ServerMetrics())
    running = callers.submit(scheduler.run, slow, "", {}, (), NO_END)
    assert slow.entered.wait(20)
    slow.entered.clear()
    with pytest.raises(RequestError, match="DEADLINE_EXCEEDED"):
        scheduler.run(slow, "", {}, (), Deadline.after(0.01))
    gone = threading.Event()
    cancelled = callers.submit(
        scheduler.run, slow, "", {}, (), Deadline(is_cancelled=gone.is_set)
    )
    gone.set()
    slow.released.set()
    with pytest.raises(RequestError, match="CANCELLED"):
        cancelled.result()
    running.result()
    assert not slow.entered.is_set()


def test_deadlines():
    assert Deadline().remaining_s() is None
    assert Deadline.after(None).remaining_s() is None
    assert Deadline.after(9.2e9).remaining_s() is None  # gRPC's infinity
    assert 59 < Deadline.after(60).remaining_s() <= 60
    passed = Deadline(at=time.monotonic())
    assert passed.remaining_s() == 0
    with pytest.raises(RequestError, match="DEADLINE_EXCEEDED"):
        passed.check()
