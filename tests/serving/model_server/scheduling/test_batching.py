"""Tests of the scheduler that computes requests together."""

import threading
import time
import weakref
from concurrent import futures

import numpy as np
import pytest

from serving.model_server.metrics import ServerMetrics
from serving.model_server.scheduling.batching import BatchingScheduler
from serving.model_server.scheduling.deadline import Deadline
from serving.model_server.scheduling.parameters import (
    BatchingParameters,
    read_parameters,
)
from tfrec.errors import ConfigError
from tfrec.protocol.signature import Signature, TensorSpec
from tfrec.protocol.status import RequestError, invalid

NO_END = Deadline()
WAIT_S = 20
FLOATS = TensorSpec("float32", (-1,))


class Doubling:
    """Doubles numbers, when released; refuses negative ones; remembers batches."""

    def __init__(self):
        self.batches, self.entered, self.released = [], threading.Event(), None
        self.released = threading.Event()
        self.released.set()

    def check(self, signature_name, inputs, outputs=()):
        return Signature({"x": FLOATS}, {"y": FLOATS}, {}), len(inputs["x"])

    def compute(self, signature_name, inputs, outputs, batch_size):
        assert len(inputs["x"]) == batch_size
        self.batches.append(inputs["x"].tolist())
        self.entered.set()
        assert self.released.wait(WAIT_S)
        if (inputs["x"] < 0).any():
            raise invalid("Negative.")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def model():
    model = Doubling()
    yield model
    model.released.set()


@pytest.fixture
def callers():
    with futures.ThreadPoolExecutor(40) as pool:
        yield pool


@pytest.fixture
def make():
    """Makes schedulers of one thread, and closes them."""
    made = []

    def make(max_waiting=100, **parameters):
        parameters = BatchingParameters(num_batch_threads=1, **parameters)
        made.append(BatchingScheduler(parameters, max_waiting, ServerMetrics()))
        return made[-1]

    yield make
    for scheduler in made:
        scheduler.close()


def ask(scheduler, model, *numbers, deadline=NO_END):
    inputs = {"x": np.array(numbers, "float32")}
    return scheduler.run(model, "", inputs, (), deadline)["y"].tolist()


def wait_until(is_true):
    end = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.002)


def block(scheduler, model, callers):
    """Keeps the only thread busy, so that what comes now waits together."""
    model.released.clear()
    blocked = callers.submit(ask, scheduler, model, 0)
    assert model.entered.wait(WAIT_S)
    return blocked


def enqueue(scheduler, model, callers, *requests, **wishes):
    """Requests that wait, in this order."""
    submitted = []
    for request in requests:
        before = scheduler._num_waiting
        submitted.append(callers.submit(ask, scheduler, model, *request, **wishes))
        wait_until(lambda before=before: scheduler._num_waiting == before + 1)
    return submitted


def test_what_waits_is_computed_together(make, model, callers):
    scheduler = make(max_batch_size=4)
    blocked = block(scheduler, model, callers)
    waiting = enqueue(scheduler, model, callers, [1], [2, 3], [4], [5])
    model.released.set()
    assert [each.result() for each in waiting] == [[2], [4, 6], [8], [10]]
    assert blocked.result() == [0]
    assert model.batches == [[0], [1, 2, 3, 4], [5]]


def test_a_wrong_request_harms_no_other(make, model, callers):
    scheduler = make()
    block(scheduler, model, callers)
    good, bad = enqueue(scheduler, model, callers, [1], [-1])
    model.released.set()
    assert good.result() == [2]
    with pytest.raises(RequestError, match=r"Negative\."):
        bad.result()
    assert model.batches == [[0], [1, -1], [1], [-1]]


def test_unexpected_failures_reach_who_waits(make, model, callers):
    scheduler = make()
    block(scheduler, model, callers)
    waiting = enqueue(scheduler, model, callers, [1], [2])
    model.compute = None  # not callable
    model.released.set()
    for each in waiting:
        with pytest.raises(TypeError):
            each.result()
    with pytest.raises(TypeError):
        ask(scheduler, model, 3)


def test_large_requests_go_by_themselves(make, model, callers):
    scheduler = make(max_batch_size=2, max_enqueued_batches=9)
    block(scheduler, model, callers)
    small, large = enqueue(scheduler, model, callers, [1], [2, 3, 4])
    model.released.set()
    assert (small.result(), large.result()) == ([2], [4, 6, 8])
    assert model.batches == [[0], [1], [2, 3, 4]]


@pytest.mark.parametrize(
    "limits", [{"max_batch_size": 2, "max_enqueued_batches": 1}, {"max_waiting": 2}]
)
def test_too_much_is_refused(make, model, callers, limits):
    scheduler = make(**limits)
    block(scheduler, model, callers)
    waiting = enqueue(scheduler, model, callers, [1], [2])
    with pytest.raises(RequestError, match="RESOURCE_EXHAUSTED: .* 2 requests wait"):
        ask(scheduler, model, 3)
    model.released.set()
    assert [each.result() for each in waiting] == [[2], [4]]
    assert ask(scheduler, model, 3) == [6]


def test_what_nobody_wants_is_not_computed(make, model, callers):
    scheduler = make()
    block(scheduler, model, callers)
    gone = threading.Event()
    (cancelled,) = enqueue(
        scheduler, model, callers, [1], deadline=Deadline(is_cancelled=gone.is_set)
    )
    with pytest.raises(RequestError, match="DEADLINE_EXCEEDED"):
        ask(scheduler, model, 2, deadline=Deadline.after(0.01))
    (wanted,) = enqueue(scheduler, model, callers, [3])
    gone.set()
    model.released.set()
    assert wanted.result() == [6]
    with pytest.raises(RequestError, match="CANCELLED"):
        cancelled.result()
    assert model.batches == [[0], [3]]


def test_a_timeout_waits_for_company(make, model, callers):
    """The thread is idle all the time; only a full batch ends the wait."""
    scheduler = make(max_batch_size=3, batch_timeout_micros=int(WAIT_S * 1e6))
    waiting = enqueue(scheduler, model, callers, [1], [2])
    last = callers.submit(ask, scheduler, model, 3)
    assert [each.result() for each in [*waiting, last]] == [[2], [4], [6]]
    assert model.batches == [[1, 2, 3]]


def test_a_timeout_ends(make, model):
    scheduler = make(batch_timeout_micros=1000)
    assert ask(scheduler, model, 1) == [2]


def test_versions_are_not_mixed_and_not_kept(make, model, callers):
    scheduler, other = make(), Doubling()
    block(scheduler, model, callers)
    first, second = (
        enqueue(scheduler, each, callers, [number])[0]
        for number, each in enumerate((model, other), start=1)
    )
    model.released.set()
    assert (first.result(), second.result()) == ([2], [4])
    assert other.batches == [[2]]
    reference = weakref.ref(other)
    del other, first, second
    wait_until(lambda: reference() is None)


def test_closing_finishes_what_waits(make, model, callers):
    scheduler = make(batch_timeout_micros=int(WAIT_S * 1e6))
    (waiting,) = enqueue(scheduler, model, callers, [1])
    scheduler.close()
    assert waiting.result() == [2]


def test_many_callers_get_their_own(servable, callers):
    """Through the real model: each its own number of items."""
    scheduler = BatchingScheduler(
        BatchingParameters(max_batch_size=8), 100, ServerMetrics()
    )

    def recommend(number):
        inputs = {
            "user_text": np.array(["x" * number], object),
            "k": np.array([1 + number % 7], "int32"),
        }
        answer = scheduler.run(servable, "recommend", inputs, ["item_ids"], NO_END)
        alone = servable.run("recommend", inputs, ["item_ids"])
        assert list(answer) == ["item_ids"]
        return answer["item_ids"].tolist() == alone["item_ids"].tolist()

    assert all(callers.map(recommend, range(60)))
    scheduler.close()


def test_parameters_in_tf_servings_format(tmp_path):
    path = tmp_path / "batching.config"
    path.write_text(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 500 }"
        'thread_pool_name { value: "pool" } allowed_batch_sizes: 32'
    )
    read = read_parameters(path)
    assert (read.max_batch_size, read.batch_timeout_micros) == (32, 500)
    assert read.max_enqueued_batches == BatchingParameters().max_enqueued_batches


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_batch_size: 3", "cannot be read"),
        ("max_batch_size { value: 0 }", "`max_batch_size` must be at least 1"),
        ("batch_timeout_micros { value: -1 }", "must be at least 0. Received: -1"),
    ],
)
def test_wrong_parameters(tmp_path, text, words):
    path = tmp_path / "batching.config"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_parameters(path)
